"""What leaves the readers can be referred to, whatever the source wrote."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import DataElement, Dataset, dcmread

from calciscope.errors import UnreadableFileError
from calciscope.readers import read_ct

Edit = Callable[..., None]


def first(folder: Path, edit: Edit, **changes: object) -> Dataset:
    """The first header after the same changes in all files."""
    for path in folder.iterdir():
        edit(path, **changes)
    return read_ct(folder).instances[0]


def test_sound_headers_stay_as_they_are(ct_folder: Path) -> None:
    sources = [dcmread(path, stop_before_pixels=True) for path in sorted(ct_folder.iterdir())]
    study = read_ct(ct_folder)
    assert [i.to_json_dict() for i in study.instances] == [s.to_json_dict() for s in sources]
    assert study.warnings == ()


@pytest.mark.parametrize("thickness", [None, "", DataElement("SliceThickness", "LO", "thin")])
def test_the_spacing_stands_in_for_the_thickness(
    ct_folder: Path, edit: Edit, thickness: object
) -> None:
    header = first(ct_folder, edit, SliceThickness=thickness)
    assert (header["SliceThickness"].VR, float(header.SliceThickness)) == ("DS", 2.5)
    assert read_ct(ct_folder).acquisition.slice_thickness_mm is None  # which is not known


def test_numbers_in_another_representation(ct_folder: Path, edit: Edit) -> None:
    header = first(
        ct_folder,
        edit,
        PixelSpacing=DataElement("PixelSpacing", "LO", ["0.7", "0.8"]),
        SeriesNumber=DataElement("SeriesNumber", "LO", ["3", "4"]),
        InstanceNumber=DataElement("InstanceNumber", "LO", "first"),
        AcquisitionNumber=DataElement("AcquisitionNumber", "US", 7),
    )
    assert (header["PixelSpacing"].VR, list(header.PixelSpacing)) == ("DS", [0.7, 0.8])
    assert (header["SeriesNumber"].VR, header.SeriesNumber) == ("IS", 3)
    assert (header["AcquisitionNumber"].VR, header.AcquisitionNumber) == ("IS", 7)
    assert "InstanceNumber" not in header


def test_a_size_that_is_no_number_is_refused(ct_folder: Path, edit: Edit) -> None:
    with pytest.raises(UnreadableFileError, match=r"000001\.dcm is truncated or corrupt"):
        first(ct_folder, edit, Rows=DataElement("Rows", "LO", "12"))


def test_a_frame_of_reference_for_all(ct_folder: Path, edit: Edit) -> None:
    paths = sorted(ct_folder.iterdir())
    edit(paths[3], FrameOfReferenceUID="1.2.3")
    study = read_ct(ct_folder)
    assert len({i.FrameOfReferenceUID for i in study.instances}) == 1
    assert study.warnings == (
        "series 3 ('CT') names several frames of reference; the first was used",
    )
    for path in paths:
        edit(path, FrameOfReferenceUID=DataElement("FrameOfReferenceUID", "LO", "none"))
    assert not any("FrameOfReferenceUID" in i for i in read_ct(ct_folder).instances)


@pytest.mark.filterwarnings("ignore")  # pydicom's, as the test writes what it should not
def test_an_unknown_character_set_becomes_latin_1(ct_folder: Path, edit: Edit) -> None:
    header = first(ct_folder, edit, SpecificCharacterSet="ISO_IR 4711")
    assert header.SpecificCharacterSet == "ISO_IR 100"


def test_an_unknown_compression_with_loss_is_forgotten(ct_folder: Path, edit: Edit) -> None:
    lossy = DataElement("LossyImageCompression", "US", [1, 2])
    header = first(ct_folder, edit, LossyImageCompression=lossy, LossyImageCompressionRatio="9")
    assert "LossyImageCompression" not in header
    assert "LossyImageCompressionRatio" not in header


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID"])
@pytest.mark.parametrize("uid", [None, "", "1.2.x", "1." + "2" * 63])
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_referred_to_is_refused(
    ct_folder: Path, keyword: str, uid: str | None
) -> None:
    for path in ct_folder.iterdir():
        dataset = dcmread(path)
        del dataset[keyword]
        if uid is not None:
            setattr(dataset, keyword, uid)
        dataset.save_as(path)
    with pytest.raises(UnreadableFileError, match=rf"dcm has no valid {keyword}; export the orig"):
        read_ct(ct_folder)
