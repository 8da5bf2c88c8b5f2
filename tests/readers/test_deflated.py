"""Deflated DICOM that expands without end."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from calciscope.errors import UnreadableFileError
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.volume import Volume


@pytest.fixture
def deflated(tmp_path: Path, ct_volume: Volume) -> list[Path]:
    return write_ct_series(
        ct_volume, tmp_path, uid_seed="d", transfer_syntax=DeflatedExplicitVRLittleEndian
    )


def test_a_plain_deflated_series_is_read(deflated: list[Path], ct_volume: Volume) -> None:
    np.testing.assert_array_equal(read_ct(deflated[0].parent).volume.array, ct_volume.array)


def test_a_bomb_is_refused_before_it_is_expanded_whole(
    deflated: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = deflated[2].read_bytes()
    start = 144 + int.from_bytes(whole[140:144], "little")
    inside = zlib.decompress(whole[start:], -zlib.MAX_WBITS)
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    # Padding (FFFC,FFFC) of 20 MB behind the pixels.
    padding = b"\xfc\xff\xfc\xffOB\0\0" + (20_000_000).to_bytes(4, "little") + bytes(20_000_000)
    packed = deflate.compress(inside + padding) + deflate.flush()
    deflated[2].write_bytes(whole[:start] + packed)
    assert len(packed) < 30_000
    assert read_ct(deflated[2].parent).volume.shape == (16, 12, 6)  # less than a gigabyte
    monkeypatch.setattr("calciscope.readers.limits.ALWAYS_ALLOWED_BYTES", 0)
    with pytest.raises(UnreadableFileError, match=r"000003\.dcm expands beyond the limit for defl"):
        read_ct(deflated[2].parent)


def test_a_dicomdir_that_lists_deflated_files_is_passed_over(
    deflated: list[Path], ct_volume: Volume
) -> None:
    directory = Dataset()
    directory.FileSetID = "DISK"
    record = Dataset()
    record.ReferencedTransferSyntaxUIDInFile = DeflatedExplicitVRLittleEndian
    directory.DirectoryRecordSequence = [record]
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.save_as(deflated[0].parent / "DICOMDIR", enforce_file_format=True)
    study = read_ct(deflated[0].parent)
    np.testing.assert_array_equal(study.volume.array, ct_volume.array)


def test_the_limit_holds_without_preamble_and_with_a_wrong_group_length(
    deflated: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = deflated[2].read_bytes()
    deflated[2].write_bytes(whole[132:140] + bytes(4) + whole[144:])
    assert read_ct(deflated[2].parent).volume.shape == (16, 12, 6)
    monkeypatch.setattr("calciscope.readers.limits.ALWAYS_ALLOWED_BYTES", 0)
    monkeypatch.setattr("calciscope.readers.limits.MAX_RATIO", 1)
    deflated[2].replace(deflated[0])
    with pytest.raises(UnreadableFileError, match=r"000001\.dcm expands beyond the limit"):
        read_ct(deflated[2].parent)
