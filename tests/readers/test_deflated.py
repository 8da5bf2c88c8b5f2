"""Deflated DICOM that expands without end."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

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
