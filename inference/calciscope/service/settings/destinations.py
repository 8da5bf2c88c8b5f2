"""Settings of where results go."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from calciscope.service.settings.part import AeTitle, Part, Seconds, Tls
from calciscope.service.settings.work import Backoff

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]

ObjectKind = Literal["segmentation", "lesions", "measurements", "report", "pictures"]
"""DICOM results: SEG by compartment, SEG by lesion, SR, encapsulated PDF, secondary captures."""

WarningRule = Literal["accept", "retry", "fail"]

EVERY_OBJECT: tuple[ObjectKind, ...] = (
    "segmentation",
    "lesions",
    "measurements",
    "report",
    "pictures",
)


class AnyDestination(Part):
    """What all destinations share.

    Attributes:
        name: that rules use; unique.
        attempts: that failed, after which a delivery waits for `calciscope jobs retry`; while the
            destination as a whole is away, none is counted.
        backoff: between attempts.
        timeout_seconds: without an answer.
    """

    name: Name
    attempts: Annotated[int, Field(ge=1)] = 50
    backoff: Backoff = Backoff()
    timeout_seconds: Seconds = 60.0


class FolderDestination(AnyDestination):
    """A folder; each study's results appear in it whole, under a name of their own.

    Attributes:
        path: of the folder.
    """

    kind: Literal["folder"]
    path: Path


class Commitment(Part):
    """Storage commitment (PS3.4 J): delivered only once the archive says that it keeps the objects.

    Attributes:
        wait_seconds: for its answer on the same association.
        address, port: on which this side listens for an answer that comes later; port 0 for none.
    """

    wait_seconds: Seconds = 30.0
    address: str = "0.0.0.0"
    port: Annotated[int, Field(ge=0, le=65535)] = 0


class DimseDestination(AnyDestination):
    """An archive that takes C-STORE (PS3.4 B).

    Attributes:
        host, port, ae_title: of the archive.
        calling: AE title of this side.
        tls: None for plain connections.
        check_host: whether the archive's certificate must name `host`.
        objects: which DICOM results are sent.
        warnings: what a status of the warning class (B000H, B006H, B007H) counts as.
        commitment: None asks for none.
    """

    kind: Literal["dimse"]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    ae_title: AeTitle
    calling: AeTitle = "CALCISCOPE"
    tls: Tls | None = None
    check_host: bool = True
    objects: Annotated[tuple[ObjectKind, ...], Field(min_length=1)] = EVERY_OBJECT
    warnings: WarningRule = "accept"
    commitment: Commitment | None = None


class DicomwebDestination(AnyDestination):
    """An archive that takes STOW-RS (PS3.18 10.5).

    Attributes:
        url: base URL of its DICOMweb services, such as http://host:8042/dicom-web.
        user: of HTTP basic authentication, with the password in a file.
        password_file, token_file: secrets, readable by their owner alone; a token is a bearer's.
        authorities: certificates that an https server must be signed by; None takes the system's.
        objects: which DICOM results are sent.
        warnings: what a stored instance with a warning (PS3.18 10.5.3) counts as.
    """

    kind: Literal["dicomweb"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    user: str | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    authorities: Path | None = None
    objects: Annotated[tuple[ObjectKind, ...], Field(min_length=1)] = EVERY_OBJECT
    warnings: WarningRule = "accept"

    @model_validator(mode="after")
    def _one_login(self) -> "DicomwebDestination":
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file go together; give both or neither")
        if self.user is not None and self.token_file is not None:
            raise ValueError("give a user with password_file, or a token_file, not both")
        return self


Destination = Annotated[
    FolderDestination | DimseDestination | DicomwebDestination, Field(discriminator="kind")
]
