"""Small CT slices, and a store to put them into."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian
from tests.service.conftest import HandClock

from calciscope.service.data_folder import DataFolder
from calciscope.service.intake.store import InstanceStore
from calciscope.service.journal.journal import Journal


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class TellingMeter:
    """Remembers what it was told."""

    instances: int = 0
    duplicates: int = 0
    codes: list[str] = field(default_factory=list)

    def stage(self, name: str, seconds: float) -> None:
        pass

    def received(self, way: str, instances: int, duplicates: int) -> None:
        self.instances += instances
        self.duplicates += duplicates

    def sent(self, destination: str, seconds: float) -> None:
        pass

    def failed(self, where: str, code: str) -> None:
        self.codes.append(code)


@dataclass
class HandGate:
    """Open until it is closed by hand."""

    closed: str = ""


def ct_slice(
    number: int = 1,
    study: str = "1.2.3",
    series: str = "1.2.3.1",
    syntax: UID = ExplicitVRLittleEndian,
    side: int = 8,
    **elements: object,
) -> bytes:
    """A CT slice as a file; slices are 5 mm apart."""
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = f"{series}.{number}"
    dataset.SeriesInstanceUID, dataset.StudyInstanceUID = series, study
    dataset.Modality, dataset.SeriesDescription = "CT", "Legs"
    dataset.PatientName, dataset.PatientID = "Doe^Jane", "4711"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.ImagePositionPatient = [0, 0, 5 * number]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [1, 1]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = side
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.PixelData = np.full((side, side), number, "<u2").tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


@dataclass
class House:
    """A data folder with its journal and store, as one start of the service has it."""

    data: DataFolder
    journal: Journal
    store: InstanceStore
    meter: TellingMeter
    gate: HandGate

    def stored_files(self) -> list[Path]:
        """What lies in the store."""
        return sorted(path for path in self.data.instances.rglob("*") if path.is_file())

    def known_files(self) -> set[str]:
        """What the journal knows of."""
        return self.journal.removal.known_files()


@pytest.fixture
def start(tmp_path: Path, clock: HandClock) -> Iterator[Callable[[], House]]:
    """Starts a service anew on the same data folder."""
    opened: list[Journal] = []

    def begin() -> House:
        data = DataFolder(tmp_path / "data")
        data.make()
        journal = Journal(data.journal, clock)
        opened.append(journal)
        meter, gate = TellingMeter(), HandGate()
        store = InstanceStore(data, journal, frozenset({"InstitutionName"}), meter, gate)
        store.clear_incoming()
        return House(data, journal, store, meter, gate)

    yield begin
    for journal in opened:
        journal.close()


@pytest.fixture
def house(start: Callable[[], House]) -> House:
    return start()
