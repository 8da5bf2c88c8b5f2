from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from calciscope.errors import UnreadableFileError
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.headers import read_headers


def found(path: Path) -> FoundFile:
    return FoundFile(path, path.name)


def save(path: Path, sop_class: str, **elements: object) -> FoundFile:
    dataset = Dataset()
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = "1.2.3"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    return found(path)


def test_a_ct_image_becomes_one_slice(ct_folder: Path) -> None:
    (header,) = read_headers([found(ct_folder / "000002.dcm")])
    assert (header.modality, header.series_number, header.series_description) == ("CT", 3, "CT")
    (each,) = header.slices
    assert each.position == (-30.0, 12.5, 102.5)
    assert each.orientation == (1, 0, 0, 0, 1, 0)
    assert each.pixel_spacing == (0.7, 0.8)
    assert (each.rows, each.columns) == (12, 16)
    assert (each.slope, each.intercept, each.rescale_type) == (1.0, -1024.0, "HU")
    assert each.image_type == ("ORIGINAL", "PRIMARY", "AXIAL")
    assert (each.kernel, each.thickness, each.instance_number) == ("STANDARD", 2.5, 2)


def test_other_objects_become_headers_without_slices(tmp_path: Path) -> None:
    report = save(
        tmp_path / "sr",
        "1.2.840.10008.5.1.4.1.1.88.11",
        Modality="SR",
        StudyInstanceUID="1.2",
        SeriesInstanceUID="1.2.1",
    )
    (header,) = read_headers([report])
    assert header.modality == "SR"
    assert header.slices == ()


def test_what_belongs_to_no_series_is_passed_over(tmp_path: Path) -> None:
    directory = save(tmp_path / "DICOMDIR", MediaStorageDirectoryStorage)
    palette = save(tmp_path / "palette", "1.2.840.10008.5.1.4.39.1")
    assert read_headers([directory, palette]) == []


@pytest.mark.parametrize("length", [140, 400, 600, 900])
def test_a_header_that_ends_early_is_named(ct_folder: Path, length: int) -> None:
    path = ct_folder / "000003.dcm"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UnreadableFileError, match=r"^000003\.dcm is truncated or corrupt; copy"):
        read_headers([found(path)])


def test_a_ct_without_series_is_corrupt(ct_folder: Path, edit: Callable[..., None]) -> None:
    edit(ct_folder / "000003.dcm", SeriesInstanceUID=None)
    with pytest.raises(UnreadableFileError, match=r"^000003\.dcm"):
        read_headers([found(ct_folder / "000003.dcm")])
