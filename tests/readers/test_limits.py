"""What a header may claim."""

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.readers.limits import expanded_limit, refuse_too_many, room_for


def test_small_files_may_expand_to_a_gigabyte_and_large_ones_a_hundred_times() -> None:
    assert expanded_limit(0) == 1024**3
    assert expanded_limit(10_000_000) == 1024**3
    assert expanded_limit(50_000_000) == 5_000_000_000


def test_the_longest_scan_passes_and_what_no_memory_holds_does_not() -> None:
    refuse_too_many((512, 512, 16384), "x.dcm")
    with pytest.raises(
        InputError, match=r"x\.dcm is of a volume of 512 x 512 x 16385 voxels, more"
    ):
        refuse_too_many((512, 512, 16385), "x.dcm")
    with pytest.raises(InputError, match="more than can be analyzed"):
        refuse_too_many((1 << 40, 1 << 40, 1 << 40), "x.dcm")


def test_room_is_first_axis_fastest() -> None:
    room = room_for((4, 3, 2), np.dtype(np.int16), "x.dcm")
    assert (room.shape, room.dtype, room.flags.f_contiguous) == ((4, 3, 2), np.int16, True)


def test_too_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("calciscope.readers.limits.np.empty", full)
    # 1000^3 voxels of 2 bytes.
    with pytest.raises(InputError, match=r"x\.dcm and its series need 2\.0 GB of memory"):
        room_for((1000, 1000, 1000), np.dtype(np.int16), "x.dcm")
