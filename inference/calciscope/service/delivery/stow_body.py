"""The body of a STOW-RS request (PS3.18 10.5.1), read from the files while it is sent."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from calciscope.service.delivery.parcel import ResultObject

BATCH_BYTES = 32 << 20
"""Objects go together up to this size; a larger one goes alone."""
CHUNK_BYTES = 1 << 18

_PART_HEAD = b"Content-Type: application/dicom\r\n\r\n"


@dataclass(frozen=True)
class StowBody:
    """Several DICOM files as multipart/related (RFC 2387).

    Attributes:
        objects: whose files it holds.
        boundary: between them; drawn by lot, so that no file holds it.
    """

    objects: tuple[ResultObject, ...]
    boundary: str = field(default_factory=lambda: secrets.token_hex(24))

    @property
    def headers(self) -> dict[str, str]:
        """Type and length; with the length known, no server needs chunked transfer."""
        around = len(self._before) + len(b"\r\n")
        length = sum(around + each.size for each in self.objects) + len(self._after)
        kind = f'multipart/related; type="application/dicom"; boundary={self.boundary}'
        return {"Content-Type": kind, "Content-Length": str(length)}

    def __iter__(self) -> Iterator[bytes]:
        for each in self.objects:
            yield self._before
            yield from _chunks(each.path)
            yield b"\r\n"
        yield self._after

    @property
    def _before(self) -> bytes:
        return f"--{self.boundary}\r\n".encode() + _PART_HEAD

    @property
    def _after(self) -> bytes:
        return f"--{self.boundary}--\r\n".encode()


def batches(objects: Sequence[ResultObject]) -> Iterator[tuple[ResultObject, ...]]:
    """Objects in their order, in groups that are sent together."""
    group: list[ResultObject] = []
    for each in objects:
        if group and sum(x.size for x in group) + each.size > BATCH_BYTES:
            yield tuple(group)
            group = []
        group.append(each)
    if group:
        yield tuple(group)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
