"""How many small files a minute a watched folder takes in, and whether memory stays flat.

    python benchmarks/service_intake.py [FILES] [ROUNDS] [FOLDER]

Each round drops FILES slices of about 1.4 kB, 200 to a study, and lets the intake take them all.
"""

import struct
import sys
import tempfile
import time
from pathlib import Path

import psutil
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from calciscope.service.clock import SystemClock
from calciscope.service.data_folder import DataFolder
from calciscope.service.intake.folders import FolderIntake
from calciscope.service.intake.store import InstanceStore
from calciscope.service.journal.journal import Journal
from calciscope.service.observers import OpenGate, SilentMeter
from calciscope.service.settings.ways_in import WatchedFolder

STUDY = 200


def template(path: Path) -> bytes:
    """A slice whose UIDs end in digits that are replaced."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality = CTImageStorage, "CT"
    dataset.StudyInstanceUID = "1.2.3.1111111"
    dataset.SeriesInstanceUID = "1.2.4.1111111"
    dataset.SOPInstanceUID = "1.2.5.2222222"
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.ImagePositionPatient, dataset.PixelSpacing = [0, 0, 0], [1, 1]
    dataset.Rows = dataset.Columns = 16
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.PixelData = struct.pack("<256H", *range(256))
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(path, dataset, enforce_file_format=True)
    content = path.read_bytes()
    path.unlink()
    return content


def main(files: int = 10_000, rounds: int = 5, folder: str | None = None) -> None:
    """Print a line for each round."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        root, process = Path(place), psutil.Process()
        inbox, data = root / "inbox", DataFolder(root / "data")
        inbox.mkdir()
        data.make()
        journal = Journal(data.journal)
        store = InstanceStore(data, journal, frozenset(), SilentMeter(), OpenGate())
        settings = WatchedFolder(path=inbox, stable_seconds=0.01)
        intake = FolderIntake(settings, 0, store, journal, SystemClock(), OpenGate(), SilentMeter())
        content = template(root / "template")
        print("round  files  seconds  files/min  cpu_s  rss_MiB  fds")
        for turn in range(rounds):
            for number in range(turn * files, (turn + 1) * files):
                study, instance = b"%07d" % (number // STUDY + 1), b"%07d" % (number + 1)
                changed = content.replace(b"1111111", study).replace(b"2222222", instance)
                (inbox / f"{number}.dcm").write_bytes(changed)
            intake.tick()
            time.sleep(0.05)
            begun, cpu = time.perf_counter(), sum(process.cpu_times()[:2])
            while intake.tick() or any(inbox.iterdir()):
                pass
            seconds = time.perf_counter() - begun
            used = sum(process.cpu_times()[:2]) - cpu
            rss = process.memory_info().rss / 2**20
            rate = 60 * files / seconds
            print(f"{turn + 1:5d} {files:6d} {seconds:8.1f} {rate:10.0f} {used:6.1f} {rss:8.1f}"
                  f" {process.num_fds():4d}", flush=True)  # fmt: skip
        journal.close()


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*map(int, given[:2]), *given[2:])  # type: ignore[arg-type]
