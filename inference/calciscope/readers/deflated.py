"""Deflated DICOM (PS3.5 A.5): expanded within a limit before pydicom expands it whole."""

import zlib
from typing import BinaryIO

from pydicom.uid import DeflatedExplicitVRLittleEndian

from calciscope.errors import UnreadableFileError
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.limits import expanded_limit

_SYNTAX = DeflatedExplicitVRLittleEndian.encode()

_META_BYTES = 4096
"""File meta information is far shorter (PS3.10 7.1)."""

_CHUNK = 1 << 20


def refuse_deflated_bomb(stream: BinaryIO, file: FoundFile) -> None:
    """Refuse a deflated file that expands beyond the limit; others are not looked into.

    Args:
        stream: the file, at its beginning, where it is left.
        file: for its name and size.

    Raises:
        UnreadableFileError: it expands too far.
        zlib.error: it is damaged.
    """
    head = stream.read(_META_BYTES)
    if _SYNTAX in head:
        # File Meta Information Group Length, always the first element, says where the rest begins.
        stream.seek(144 + int.from_bytes(head[140:144], "little"))
        _inflate(stream, file, expanded_limit(file.path.stat().st_size))
    stream.seek(0)


def _inflate(stream: BinaryIO, file: FoundFile, limit: int) -> None:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    while not inflate.eof and (pending := inflate.unconsumed_tail or stream.read(_CHUNK)):
        limit -= len(inflate.decompress(pending, _CHUNK))
        if limit < 0:
            raise UnreadableFileError(
                f"{file.name} expands beyond the limit for deflated files; "
                "export the series again without compression"
            )
