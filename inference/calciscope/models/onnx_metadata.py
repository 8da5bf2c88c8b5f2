"""The key-value pairs inside an ONNX file, read without loading the model.

An ONNX file is one protocol-buffer message, ModelProto; its field 14, `metadata_props`, holds
StringStringEntryProto messages of key (field 1) and value (field 2). Reading them this way takes a
millisecond and needs no runtime, so that a model can be refused before any session exists.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

from calciscope.errors import ModelError

_METADATA_PROPS = 14
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def read_onnx_metadata(path: Path) -> dict[str, str]:
    """Read `metadata_props` of an ONNX file.

    Raises:
        ModelError: the file is absent, empty or not an ONNX model.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            entries = [
                dict(_byte_fields(data, start, stop))
                for number, (start, stop) in _byte_fields(data, 0, len(data))
                if number == _METADATA_PROPS
            ]
            return {_text(data, entry[1]): _text(data, entry[2]) for entry in entries}
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise ModelError(
            f"{path} is not a readable ONNX model ({error}); install the model again"
        ) from error


def _text(data: mmap.mmap, span: tuple[int, int]) -> str:
    return data[span[0] : span[1]].decode("utf-8")


def _byte_fields(data: mmap.mmap, position: int, end: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Number and byte span of each length-delimited field between two positions."""
    while position < end:
        tag, position = _varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == _BYTES:
            length, position = _varint(data, position)
            if position + length > end:
                raise ValueError("it ends too early")
            yield number, (position, position + length)
            position += length
        elif kind == _VARINT:
            _, position = _varint(data, position)
        elif kind in (_FIXED64, _FIXED32):
            position += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"field of unknown kind {kind}")


def _varint(data: mmap.mmap, position: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("a number in it is too long")
