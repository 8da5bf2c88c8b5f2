"""Settings of what is kept, told and shown."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from calciscope.service.settings.part import Part


class Webhook(Part):
    """A notification by HTTP POST of JSON.

    Attributes:
        url: http or https.
        events: states that are told.
        secret_file: holds the key of the HMAC-SHA256 in the header X-Calciscope-Signature.
        include_study: whether UIDs go along; never a name or a Patient ID.
    """

    url: Annotated[str, Field(pattern=r"^https?://")]
    events: tuple[Literal["done", "refused", "failed", "delivered"], ...] = ("failed", "delivered")
    secret_file: Path | None = None
    include_study: bool = False


class Retention(Part):
    """How long things are kept after a study is delivered, refused or failed.

    Attributes:
        inputs_days: copies of received instances, also after they came again.
        results_days: result folders.
        records_days: journal entries, also after the study came again; after them it counts as new.
    """

    inputs_days: Annotated[float, Field(ge=0)] = 3.0
    results_days: Annotated[float, Field(ge=0)] = 30.0
    records_days: Annotated[float, Field(gt=0)] = 365.0


class Disk(Part):
    """Free space of the data folder.

    Attributes:
        stop_gib: below it nothing is taken in.
        resume_gib: above it intake goes on.
    """

    stop_gib: Annotated[float, Field(ge=0)] = 5.0
    resume_gib: Annotated[float, Field(ge=0)] = 10.0

    @model_validator(mode="after")
    def _ordered(self) -> "Disk":
        if self.resume_gib < self.stop_gib:
            raise ValueError("resume_gib must not be below stop_gib")
        return self


class StatusPage(Part):
    """The page for people, with metrics and health beside it.

    Attributes:
        address, port: to listen on; anything but loopback needs a token or a proxy.
        token_file: holds the token that people log in with.
        proxy_header: header in which a reverse proxy names the user it has let in.
        proxies: addresses from which that header is believed.
        hosts: names by which browsers reach the page; a page on loopback answers to localhost and
            these alone, so that no web site elsewhere can pose as it (DNS rebinding).
        show_patient: whether Patient Name and ID are shown.
    """

    address: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8765
    token_file: Path | None = None
    proxy_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    hosts: tuple[str, ...] = ()
    show_patient: bool = False

    @model_validator(mode="after")
    def _guarded(self) -> "StatusPage":
        loopback = self.address in ("127.0.0.1", "::1", "localhost")
        if not loopback and self.token_file is None and self.proxy_header is None:
            raise ValueError(
                f"{self.address} is open to others; give token_file or proxy_header, or 127.0.0.1"
            )
        return self


class Logging(Part):
    """Logs in lines of JSON, without patient identifiers.

    Attributes:
        level: debug, info, warning or error.
        salt_file: holds the site's salt of the hashes by which studies can be correlated; made in
            the data folder where none is named.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    salt_file: Path | None = None
