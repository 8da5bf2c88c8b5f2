"""Faults of the source, and of the disk, told as what they are."""

import errno
import os
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from calciscope.errors import OutputError
from calciscope.writers.dicom.equipment import making, save

STUDY: Any = SimpleNamespace(source=Path("study"), instances=(Dataset(),))
PATH = Path("a.dcm")


def result() -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, "1.2.3"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.preamble = bytes(128)
    return dataset


def test_a_file_is_written(tmp_path: Path) -> None:
    save(result(), tmp_path / "a.dcm")
    assert dcmread(tmp_path / "a.dcm").SOPInstanceUID == "1.2.3"


def test_a_full_disk_keeps_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left") as refusal, making(PATH, STUDY):
        save(result(), tmp_path / "a.dcm")
    assert refusal.value.errno == errno.ENOSPC


@pytest.mark.parametrize("kind", [ValueError, KeyError, TypeError, AttributeError])
def test_a_fault_of_a_header_is_told_without_its_value(kind: type[Exception]) -> None:
    wanted = (
        rf"a\.dcm cannot refer to study, as its headers break the DICOM standard"
        rf" \({kind.__name__}\); export"
    )
    with pytest.raises(OutputError, match=wanted) as refusal, making(PATH, STUDY):
        raise kind("Smith^John")
    assert "Smith" not in str(refusal.value)


def test_our_own_refusals_and_interrupts_pass() -> None:
    with pytest.raises(OutputError, match=r"^ours$"), making(PATH, STUDY):
        raise OutputError("ours")
    with pytest.raises(KeyboardInterrupt), making(PATH, STUDY):
        raise KeyboardInterrupt


def test_warnings_about_headers_are_kept_quiet() -> None:
    with warnings.catch_warnings(), making(PATH, STUDY):
        warnings.warn("Invalid value for VR PN: 'Smith^John'", stacklevel=1)
