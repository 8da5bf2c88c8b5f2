"""Who is told what the service does: meters for figures, and a gate that stops the intake."""

from typing import Protocol


class Meter(Protocol):
    """Figures for monitoring; names are short and few, never anything of a patient."""

    def stage(self, name: str, seconds: float) -> None:
        """A stage of the work took so long."""

    def received(self, way: str, instances: int, duplicates: int) -> None:
        """Instances came in."""

    def sent(self, destination: str, seconds: float) -> None:
        """The results of a job went out."""

    def failed(self, where: str, code: str) -> None:
        """Something failed; `code` is one of a fixed set."""


class SilentMeter:
    """Tells nobody."""

    def stage(self, name: str, seconds: float) -> None:
        """Tell nobody."""

    def received(self, way: str, instances: int, duplicates: int) -> None:
        """Tell nobody."""

    def sent(self, destination: str, seconds: float) -> None:
        """Tell nobody."""

    def failed(self, where: str, code: str) -> None:
        """Tell nobody."""


class Gate(Protocol):
    """Whether anything may be taken in."""

    @property
    def closed(self) -> str:
        """Why nothing is taken in, in one sentence; empty when all is well."""


class OpenGate:
    """Always open."""

    @property
    def closed(self) -> str:
        """Nothing speaks against it."""
        return ""
