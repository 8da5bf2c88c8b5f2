"""What all DICOM results of a run share: the maker, the study they belong to, their times."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from pydicom import Dataset, config
from pydicom.valuerep import DA, DT, TM

from calciscope.errors import OutputError
from calciscope.readers.elements import MALFORMED, quiet
from calciscope.readers.spect_study import SpectStudy
from calciscope.readers.study import CtStudy
from calciscope.writers.dicom.identifiers import stable_uid
from calciscope.writers.dicom.source import adopt_identity

MANUFACTURER = "Calciscope"

_FAULTS = tuple(kind for kind in MALFORMED if kind is not OSError)


class NamedModel(Protocol):
    """What a result says of the model that made it."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class ResultSeries:
    """What tells one series of results of a run from another.

    Attributes:
        name: part of its UIDs.
        description: LO, at most 64 characters (PS3.5 6.2).
        offset: added to the number of the source series, out of the scanner's way.
    """

    name: str
    description: str
    offset: int


def common_arguments(
    series: ResultSeries,
    source: Dataset,
    identity: tuple[str, ...],
    model: NamedModel | None,
    version: str,
    created: datetime,
    instance: int | None = None,
) -> dict[str, Any]:
    """Keyword arguments that highdicom takes for every kind of object.

    Equipment is General and Enhanced General (PS3.3 C.7.5.1, C.7.5.2).

    Args:
        series: that the object is in.
        source: first header of what was analyzed.
        identity: what its UIDs follow from.
        model: what made it; None for a rule.
        version: of the program.
        created: date and time of the content.
        instance: its number; None where it is alone in its series.
    """
    place = () if instance is None else (str(instance),)
    return {
        "series_instance_uid": stable_uid(f"{series.name} series", *identity),
        "series_number": series.offset + max(int(source.get("SeriesNumber") or 0), 0),
        "series_description": series.description,
        "sop_instance_uid": stable_uid(f"{series.name} instance", *place, *identity),
        "instance_number": instance or 1,
        "content_date": created.date(),
        "content_time": created.time(),
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MANUFACTURER,
        "software_versions": version,
        "device_serial_number": model.sha256[:16] if model else "none",
    }


def run_identity(
    source: Dataset, model: NamedModel | None, content_key: str = ""
) -> tuple[str, ...]:
    """What every UID of a run follows from: the source series, its state, and the model."""
    identity = (str(source.SeriesInstanceUID), model.sha256 if model else "")
    return (*identity, content_key) if content_key else identity


def settle(result: Dataset, source: Dataset, created: datetime) -> None:
    """Give a result its patient and study, and replace what highdicom takes from the clock."""
    adopt_identity(result, source)
    result.InstanceCreationDate = DA(created.date())
    result.InstanceCreationTime = TM(created.time())
    for maker in result.get("ContributingEquipmentSequence", ()):
        maker.ContributionDateTime = DT(created)


@contextmanager
def making(path: Path, study: CtStudy | SpectStudy) -> Iterator[None]:
    """Make an object of a study read from DICOM: its faults are no news, but none goes unnamed.

    Raises:
        OutputError: the study has no DICOM instances, or its headers are too faulty to refer to;
            none of their values is quoted.
    """
    if not study.instances:
        raise OutputError(f"{study.source} is not DICOM, so {path.name} cannot refer to it")
    try:
        with quiet(), config.disable_value_validation():
            yield
    except _FAULTS as error:
        raise OutputError(
            f"{path.name} cannot refer to {study.source}, as its headers break the DICOM standard "
            f"({type(error).__name__}); export the original series"
        ) from error


def save(result: Dataset, path: Path) -> None:
    """Write an object to a file, making the folders above it."""
    stream = BytesIO()
    result.save_as(stream)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not by pydicom: it would hide that a disk is full behind words of its own.
    path.write_bytes(stream.getbuffer())
