"""Whether a file ends where it says that it ends: a copy that stalled is told from a whole one."""

import struct
from typing import BinaryIO

from pydicom import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

_UNDEFINED = 0xFFFFFFFF
_PIXEL_DATA = (0x7FE0, 0x0010)
_ITEM, _END_OF_ITEMS = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR",
                   b"UT", b"UV"})  # fmt: skip
"""Value representations with four bytes of length (PS3.5 7.1.2)."""

_MOST_STEPS = 1_000_000


def is_cut_off(
    stream: BinaryIO, start: int, size: int, dataset: Dataset, needs_pixels: bool
) -> bool:
    """Whether the elements of a data set reach beyond the end of its file.

    Lengths are followed from element to element, and from item to item in compressed pixels
    (PS3.5 A.4); no value is read. Where a sequence has no length nothing is said about the rest.

    Args:
        stream: the file.
        start: of an element of the data set, as byte.
        size: of the file, in bytes.
        dataset: read from the file, for how it is encoded.
        needs_pixels: whether it is an image, and cut off where no pixels follow.
    """
    implicit, little = getattr(dataset, "original_encoding", (None, None))
    meta = getattr(dataset, "file_meta", Dataset())
    syntax = meta.get("TransferSyntaxUID")
    if implicit is None or little is None:
        implicit = syntax == ImplicitVRLittleEndian
        little = syntax != ExplicitVRBigEndian
    place, in_items, reached = start, False, not needs_pixels
    for _ in range(_MOST_STEPS):
        stream.seek(place)
        element = _element(stream.read(12), bool(implicit) or in_items, bool(little))
        if element is None:
            # Fewer bytes than the head of an element: zeros that fill a block do no harm.
            return place > size or in_items or not reached
        tag, length, head = element
        reached = reached or tag[0] == _PIXEL_DATA[0]
        if in_items and tag == _END_OF_ITEMS:
            in_items = False
        elif length == _UNDEFINED:
            if tag != _PIXEL_DATA:
                return False
            in_items = True
        elif in_items and tag != _ITEM:
            return True
        place += head + (0 if length == _UNDEFINED else length)
        if place > size:
            return True
    return False


def _element(head: bytes, implicit: bool, little: bool) -> tuple[tuple[int, int], int, int] | None:
    """Tag, length of the value and length of what stands before it; None at the end."""
    if len(head) < 8:
        return None
    order = "<" if little else ">"
    group, element = struct.unpack(order + "HH", head[:4])
    tag = (group, element)
    if implicit or group == 0xFFFE:
        return tag, struct.unpack(order + "L", head[4:8])[0], 8
    if head[4:6] not in _LONG:
        return tag, struct.unpack(order + "H", head[6:8])[0], 8
    if len(head) < 12:
        return None
    return tag, struct.unpack(order + "L", head[8:12])[0], 12
