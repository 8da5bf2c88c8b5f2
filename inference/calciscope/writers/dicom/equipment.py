"""What all DICOM results of a run share: the maker, the study they belong to, their times."""

from datetime import datetime
from typing import Any

from pydicom import Dataset
from pydicom.valuerep import DA, DT, TM

from calciscope.models.manifest import ModelManifest
from calciscope.readers.study import CtStudy
from calciscope.writers.dicom.source import adopt_identity

MANUFACTURER = "Calciscope"
NOTE = "research use, not a diagnosis"


def series_number(source: Dataset, offset: int) -> int:
    """A number for a series of results: that of the source, moved out of the scanner's way."""
    return offset + max(int(source.get("SeriesNumber") or 0), 0)


def equipment(model: ModelManifest | None, version: str) -> dict[str, Any]:
    """General and Enhanced General Equipment (PS3.3 C.7.5.1, C.7.5.2) as keyword arguments."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MANUFACTURER,
        "software_versions": version,
        "device_serial_number": model.sha256[:16] if model else "none",
    }


def run_identity(study: CtStudy, model: ModelManifest | None) -> tuple[str, ...]:
    """What every UID of a run follows from: the source series and the model."""
    return str(study.instances[0].SeriesInstanceUID), model.sha256 if model else ""


def settle(result: Dataset, source: Dataset, created: datetime) -> None:
    """Give a result its patient and study, and replace what highdicom takes from the clock."""
    adopt_identity(result, source)
    result.InstanceCreationDate = DA(created.date())
    result.InstanceCreationTime = TM(created.time())
    for maker in result.get("ContributingEquipmentSequence", ()):
        maker.ContributionDateTime = DT(created)
