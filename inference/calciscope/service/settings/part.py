"""What all parts of the settings share."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=366 * 86_400)]
AeTitle = Annotated[
    str, Field(min_length=1, max_length=16, pattern=r"^[!-\[\]-~]([ -\[\]-~]*[!-\[\]-~])?$")
]
"""Printable, without backslash and without spaces around it (PS3.5 6.2)."""


class Part(BaseModel):
    """Base of all parts: unknown keys are refused, and nothing changes after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Tls(Part):
    """Transport security of DICOM associations; all files in PEM.

    Attributes:
        certificate, key: of this side; the key must be readable by its owner alone.
        authorities: certificates that the other side must be signed by.
    """

    certificate: Path
    key: Path
    authorities: Path
