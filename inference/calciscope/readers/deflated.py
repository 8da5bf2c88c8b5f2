"""Deflated DICOM (PS3.5 A.5): expanded within a limit before pydicom expands it whole."""

import zlib
from typing import BinaryIO

from pydicom.filereader import read_dataset, read_preamble
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from calciscope.errors import UnreadableFileError
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.elements import text
from calciscope.readers.limits import expanded_limit

_SYNTAX = DeflatedExplicitVRLittleEndian.encode()

_META_BYTES = 4096
"""File meta information is far shorter (PS3.10 7.1)."""

_CHUNK = 1 << 20


def refuse_deflated_bomb(stream: BinaryIO, file: FoundFile) -> None:
    """Refuse a deflated file that expands beyond the limit; others are not looked into.

    Only the file's own transfer syntax (0002,0010) makes it deflated; a DICOMDIR may name this
    syntax as that of the files it lists (PS3.3 F.3.2.2).

    Args:
        stream: the file, at its beginning, where it is left.
        file: for its name and size.

    Raises:
        UnreadableFileError: it expands too far.
        zlib.error: it is damaged.
    """
    mentioned = _SYNTAX in stream.read(_META_BYTES)
    stream.seek(0)
    if mentioned and _transfer_syntax(stream) == DeflatedExplicitVRLittleEndian:
        _inflate(stream, file, expanded_limit(file.path.stat().st_size))
    stream.seek(0)


def _transfer_syntax(stream: BinaryIO) -> str:
    """What (0002,0010) says; the stream is left behind the file meta information (PS3.10 7.1)."""

    def behind(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return tag.group != 2

    # As dcmread finds it: by force, and wherever the group really ends.
    read_preamble(stream, force=True)
    meta = read_dataset(stream, is_implicit_VR=False, is_little_endian=True, stop_when=behind)
    return text(meta, "TransferSyntaxUID")


def _inflate(stream: BinaryIO, file: FoundFile, limit: int) -> None:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    while not inflate.eof and (pending := inflate.unconsumed_tail or stream.read(_CHUNK)):
        limit -= len(inflate.decompress(pending, _CHUNK))
        if limit < 0:
            raise UnreadableFileError(
                f"{file.name} expands beyond the limit for deflated files; "
                "export the series again without compression"
            )
