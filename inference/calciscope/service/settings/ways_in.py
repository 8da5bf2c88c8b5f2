"""Settings of where studies come from, and of when one is whole."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from calciscope.service.settings.part import AeTitle, Part, Seconds, Tls


def _ip_address(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError as error:
        raise ValueError(f"{address!r} is no IP address; write it as in 192.0.2.7") from error


class WatchedFolder(Part):
    """A folder whose DICOM files are taken in.

    Attributes:
        path: of the folder; subfolders are looked through too.
        take: move takes files away once they are safe, a .zip once all that it holds
            is; copy leaves them and remembers them.
        scan_seconds: between two scans; the scan is the truth, file events only make it quicker.
        stable_seconds: for which size and time of a file must not have changed.
        events: whether file events are listened to; network shares send none.
    """

    path: Path
    take: Literal["move", "copy"] = "move"
    scan_seconds: Seconds = 10.0
    stable_seconds: Seconds = 5.0
    events: bool = True


class Peer(Part):
    """Who may open an association.

    Attributes:
        ae_title: calling AE title, 1 to 16 characters.
        address: IP address it must come from; None takes any.
    """

    ae_title: AeTitle
    address: Annotated[str, AfterValidator(_ip_address)] | None = None


class Receiver(Part):
    """The built-in C-STORE SCP (PS3.4 B).

    Attributes:
        address, port: to listen on.
        ae_title: of this service; associations that call another are rejected.
        peers: who may send; everyone else is rejected.
        tls: None for plain connections.
        associations: most at once.
        idle_seconds: after which a silent association is aborted.
        instance_mib: largest instance; larger ones are refused with status A700H.
    """

    address: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 11112
    ae_title: AeTitle = "CALCISCOPE"
    peers: Annotated[tuple[Peer, ...], Field(min_length=1)]
    tls: Tls | None = None
    associations: Annotated[int, Field(ge=1)] = 8
    idle_seconds: Seconds = 60.0
    instance_mib: Annotated[int, Field(ge=1)] = 2048


class Intake(Part):
    """Where studies come from.

    Attributes:
        folders: watched folders.
        receiver: built-in C-STORE SCP; None listens on nothing.
        study_instances: most instances of one study; a larger one is refused.
    """

    folders: tuple[WatchedFolder, ...] = ()
    receiver: Receiver | None = None
    study_instances: Annotated[int, Field(ge=1)] = 20_000

    @model_validator(mode="after")
    def _has_a_way_in(self) -> "Intake":
        if not self.folders and self.receiver is None:
            raise ValueError("there is no way in; name a folder or a receiver")
        return self


class Completeness(Part):
    """When a study is taken to be whole.

    Attributes:
        quiet_seconds: without a new instance, where the number to expect is not known.
        counted_seconds: the same once the expected number has arrived.
        limit_seconds: after which a study with gaps or missing instances is decided on.
        at_limit: what becomes of it then; process analyzes what is there.
    """

    quiet_seconds: Seconds = 60.0
    counted_seconds: Seconds = 2.0
    limit_seconds: Seconds = 5400.0
    at_limit: Literal["process", "refuse"] = "refuse"

    @model_validator(mode="after")
    def _ordered(self) -> "Completeness":
        if not self.counted_seconds <= self.quiet_seconds <= self.limit_seconds:
            raise ValueError("order them: counted_seconds <= quiet_seconds <= limit_seconds")
        return self
