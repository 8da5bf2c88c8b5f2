"""Headers of arriving files: what is noted of good ones, and how bad ones are refused."""

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)
from tests.service.intake.conftest import ct_slice

from calciscope.readers.elements import quiet
from calciscope.service.intake.header import ATTRIBUTES, Header, RefusedInstanceError, read_header

PIXEL_DATA = b"\xe0\x7f\x10\x00OW"


def read(content: bytes, keywords: frozenset[str] = ATTRIBUTES) -> Header:
    with quiet():
        return read_header(BytesIO(content), len(content), keywords)


def refusal(content: bytes) -> str:
    with pytest.raises(RefusedInstanceError) as caught:
        read(content)
    return caught.value.code


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, None]
)
def test_what_is_noted_in_any_encoding(syntax: object) -> None:
    chosen = {} if syntax is None else {"syntax": syntax}
    found = read(ct_slice(3, NumberOfStudyRelatedInstances="40", StudyDescription="CT", **chosen))
    assert (found.study_uid, found.series_uid, found.sop_uid) == ("1.2.3", "1.2.3.1", "1.2.3.1.3")
    assert found.attributes["Modality"] == "CT"
    assert found.attributes["ImageType"] == r"ORIGINAL\PRIMARY\AXIAL"
    assert (found.expected_in_study, found.expected_in_series) == (40, None)
    assert (found.patient_name, found.patient_id, found.description) == ("Doe^Jane", "4711", "CT")
    assert found.place is not None
    assert found.place.offset_mm == 15.0


def test_keyword_of_a_rule_is_noted_besides() -> None:
    content = ct_slice(InstitutionName="Clinic")
    assert "InstitutionName" not in read(content).attributes
    noted = read(content, ATTRIBUTES | {"InstitutionName"}).attributes
    assert noted["InstitutionName"] == "Clinic"


def test_slices_of_one_stack_share_its_text_and_a_localizer_has_no_place() -> None:
    first, second = read(ct_slice(1)).place, read(ct_slice(2)).place
    tilted = read(ct_slice(1, ImageOrientationPatient=[0, 1, 0, 0, 0, -1])).place
    assert first is not None and second is not None and tilted is not None
    assert first.stack == second.stack != tilted.stack
    assert read(ct_slice(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])).place is None


def test_every_cut_is_noticed() -> None:
    content = ct_slice()
    for length in range(0, len(content) - 1, 7):
        assert refusal(content[:length]) in {"not_dicom", "bad_header", "truncated"}, length


def test_cut_within_compressed_pixels_is_noticed() -> None:
    place = ct_slice().index(PIXEL_DATA)
    items = b"\xfe\xff\x00\xe0" + struct.pack("<L", 0)
    items += b"\xfe\xff\x00\xe0" + struct.pack("<L", 100) + bytes(100)
    compressed = ct_slice()[:place] + b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + items
    assert read(compressed + b"\xfe\xff\xdd\xe0" + bytes(4)).sop_uid == "1.2.3.1.1"
    assert refusal(compressed) == "truncated"
    assert refusal(compressed[:-10]) == "truncated"


def test_claimed_length_beyond_the_file() -> None:
    content = bytearray(ct_slice())
    place = content.index(PIXEL_DATA) + 8
    content[place : place + 4] = struct.pack("<L", 0xFFFFFFF0)
    assert refusal(bytes(content)) == "truncated"


@pytest.mark.parametrize(
    "uid", ["../../etc/passwd", "1.2/../3", "1.2\\..\\3", "1" * 65, "a.b", "1.2\x003", "..", "."]
)
def test_uid_that_is_a_path_or_nonsense(uid: str) -> None:
    content = ct_slice()
    place = content.index(b"\x08\x00\x18\x00UI")
    length = struct.unpack("<H", content[place + 6 : place + 8])[0]
    value = uid.encode() + b"\0" * (len(uid) % 2)
    hostile = content[: place + 6] + struct.pack("<H", len(value)) + value
    assert refusal(hostile + content[place + 8 + length :]) == "bad_uid"


def test_private_nonsense_and_huge_text_are_passed_over_or_cut() -> None:
    private = b"".join(
        struct.pack("<HH", 0x0009, 0x1000 + n) + b"UN\0\0" + struct.pack("<L", 50) + b"\xff" * 50
        for n in range(100)
    )
    content = ct_slice(SeriesDescription="x" * 64)
    place = content.index(b"\x10\x00\x10\x00PN")
    assert read(content[:place] + private + content[place:]).patient_id == "4711"
    assert len(read(ct_slice(PatientName="y^" * 5 + "z" * 3)).patient_name) <= 256


def test_too_many_elements() -> None:
    one = struct.pack("<HH", 0x0009, 0x1001) + b"UN\0\0" + struct.pack("<L", 0)
    content = ct_slice()
    place = content.index(b"\x10\x00\x10\x00PN")
    assert refusal(content[:place] + one * 20_000 + content[place:]) == "bad_header"


def test_sequences_within_sequences_without_end() -> None:
    nested = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    content = ct_slice()
    place = content.index(b"\x10\x00\x10\x00PN")
    assert refusal(content[:place] + nested * 5_000 + content[place:]) == "bad_header"


def test_deflated_bomb_is_expanded_within_bounds() -> None:
    bomb = ct_slice(syntax=DeflatedExplicitVRLittleEndian, side=4096)
    assert len(bomb) < 1 << 20
    assert read(bomb).sop_uid == "1.2.3.1.1"


def test_directory_is_no_instance() -> None:
    assert refusal(ct_slice(SOPClassUID=MediaStorageDirectoryStorage)) == "dicomdir"


@pytest.mark.parametrize("count", ["0", "-5", "99999999999", "many"])
def test_senseless_number_to_expect_is_none(count: str) -> None:
    content = ct_slice(NumberOfStudyRelatedInstances="77")
    value = count.encode() + b" " * (len(count) % 2)
    place = content.index(b"\x20\x00\x08\x12IS")
    changed = content[: place + 6] + struct.pack("<H", len(value)) + value + content[place + 10 :]
    assert read(changed).expected_in_study is None


@given(st.binary(max_size=2000))
def test_noise_behind_a_preamble_is_refused_in_words_of_ours(noise: bytes) -> None:
    assert refusal(bytes(128) + b"DICM" + noise) in {"bad_header", "bad_uid", "truncated"}


@given(st.data())
def test_altered_bytes_never_raise_anything_else(data: st.DataObject) -> None:
    content = bytearray(ct_slice())
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(132, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(content))
    except RefusedInstanceError as error:
        assert error.code in {"not_dicom", "bad_header", "bad_uid", "truncated", "dicomdir"}
