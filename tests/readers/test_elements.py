import warnings

import pytest
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from calciscope.readers.elements import (
    integer,
    item,
    items,
    number,
    numbers,
    printable,
    quiet,
    settle,
    text,
    texts,
)


def raw(keyword: str, vr: str, value: bytes) -> Dataset:
    """A data set as read from a file: its element is not yet converted."""
    dataset = Dataset()
    tag = Tag(keyword)
    dataset._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
    return dataset


def test_numbers() -> None:
    dataset = raw("ImagePositionPatient", "DS", b"1.5\\-2\\3e1 ")
    assert numbers(dataset, "ImagePositionPatient", 3) == (1.5, -2.0, 30.0)
    assert numbers(dataset, "ImagePositionPatient", 2) is None
    assert number(dataset, "ImagePositionPatient") == 1.5
    assert integer(raw("SeriesNumber", "IS", b"12"), "SeriesNumber") == 12


@pytest.mark.parametrize("value", [b"", b" ", b"abc", b"1\\x\\3", b"nan\\0\\0", b"1\\\\3"])
def test_malformed_numbers_are_none(value: bytes) -> None:
    with quiet():
        assert numbers(raw("ImagePositionPatient", "DS", value), "ImagePositionPatient", 3) is None
    assert number(Dataset(), "KVP") is None
    assert integer(Dataset(), "Rows") is None


def test_texts() -> None:
    dataset = raw("ImageType", "CS", b"ORIGINAL\\PRIMARY \\AXIAL")
    assert texts(dataset, "ImageType") == ("ORIGINAL", "PRIMARY", "AXIAL")
    assert text(dataset, "ImageType") == "ORIGINAL"
    assert text(raw("SeriesDescription", "LO", b" legs  "), "SeriesDescription") == "legs"
    assert text(Dataset(), "SeriesDescription") == ""
    assert texts(Dataset(), "ImageType") == ()


def test_item() -> None:
    dataset = Dataset()
    assert len(item(dataset, "CTExposureSequence")) == 0
    inner = Dataset()
    inner.ExposureInmAs = 3.0
    dataset.CTExposureSequence = [inner]
    assert item(dataset, "CTExposureSequence").ExposureInmAs == 3.0


def test_settled_elements_warn_no_more() -> None:
    too_long = b"longer than sixteen characters"
    dataset = raw("StudyID", "SH", too_long)
    with quiet():
        settle(dataset)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dataset.StudyID == too_long.decode()


def test_elements_that_cannot_be_settled_are_removed() -> None:
    dataset = raw("Rows", "US", b"\1\2\3")
    dataset.StudyID = "1"
    with quiet():
        settle(dataset)
    assert "Rows" not in dataset
    assert dataset.StudyID == "1"


@pytest.mark.parametrize("vr", ["LO", "UN", "DS", "FL", "SQ"])
def test_items_of_what_is_no_sequence(vr: str) -> None:
    dataset = Dataset()
    dataset[0x52009230] = RawDataElement(Tag(0x52009230), vr, 2, b"1 ", 0, False, True)
    assert list(items(dataset, "PerFrameFunctionalGroupsSequence")) == []
    assert item(dataset, "PerFrameFunctionalGroupsSequence") == Dataset()


def test_text_is_fit_for_one_line() -> None:
    dataset = Dataset()
    dataset.SeriesDescription = "legs\n\x1b[2J\u2028soft"
    assert text(dataset, "SeriesDescription") == "legs??[2J?soft"
    assert printable("M\udcfcller ä") == "M?ller ä"


def test_a_sequence_that_breaks_off_is_removed() -> None:
    dataset = Dataset()
    dataset[0x00081140] = RawDataElement(Tag(0x00081140), "SQ", 2, b"1 ", 0, False, True)
    with quiet():
        settle(dataset)
    assert 0x00081140 not in dataset


@pytest.mark.parametrize("value", ["1e308", "-1e13", "nan", "inf", "1e400"])
def test_numbers_larger_than_anything_measured_are_none(value: str) -> None:
    dataset = Dataset()
    dataset[0x00201041] = RawDataElement(
        Tag(0x00201041), "DS", len(value), value.encode(), 0, False, True
    )
    with quiet():
        assert number(dataset, "SliceLocation") is None
