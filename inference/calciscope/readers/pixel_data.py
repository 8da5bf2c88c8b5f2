"""Decoding the pixels of a stack into one array of Hounsfield units, or of other numbers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from pydicom import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import iter_pixels, pixel_array
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from calciscope.errors import UnreadableFileError
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.elements import MALFORMED, quiet, settle, text
from calciscope.readers.geometry import Stack
from calciscope.readers.headers import corrupt, read_dataset
from calciscope.readers.hounsfield import hounsfield, padding_range
from calciscope.readers.limits import no_memory, room_for
from calciscope.readers.slices import Slice
from calciscope.volume import Array

_DAMAGE = (*MALFORMED, RuntimeError)
"""What decoders raise on broken pixel data."""

Convert = Callable[[Array, Slice, tuple[int, int] | None, np.dtype[np.generic]], Array]
"""Stored values, their slice, the range of padding and a dtype to numbers; `hounsfield` is one."""

_Numbered = list[tuple[int, Slice]]
"""Slices of one file, each with its place k in the stack."""


def decode(
    stack: Stack, convert: Convert = hounsfield, dtype: np.dtype[np.generic] | None = None
) -> tuple[Array, tuple[Dataset, ...]]:
    """Read all pixels of a stack.

    Args:
        stack: the slices.
        convert: from stored values to numbers.
        dtype: of the result; for None int16, or float32 where a rescale is fractional.

    Returns:
        HU or other numbers, shape (columns, rows, slices), first axis fastest in memory; and the
        headers without pixel data, in slice order (one for all frames of a multi-frame file).

    Raises:
        UnreadableFileError: a file is truncated, corrupt or compressed in an unknown way.
        InputError: more voxels than can be analyzed, or more than memory holds.
    """
    first = stack.slices[0]
    shape = (first.columns, first.rows, len(stack.slices))
    array = room_for(shape, dtype or _dtype(stack.slices), first.file.name)
    headers: list[Dataset] = []
    with quiet():
        for numbered in _by_file(stack.slices):
            file = numbered[0][1].file
            header, planes = _open(file, numbered)
            with _damage_named(file):
                _fill(array, numbered, header, planes, convert)
            settle(header)
            headers.append(header)
    return array, tuple(headers)


@contextmanager
def _damage_named(file: FoundFile) -> Iterator[None]:
    """Turn what decoders raise on broken pixel data, or out of memory, into a refusal."""
    try:
        yield
    except MemoryError as error:
        raise no_memory(file.name) from error
    except _DAMAGE as error:
        raise corrupt(file.name) from error
    except BaseException as error:
        # The RLE decoder is written in Rust; its panics derive from BaseException alone, and
        # their class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise corrupt(file.name) from error


def _dtype(slices: Sequence[Slice]) -> np.dtype[np.generic]:
    rescales = np.array([(each.slope, each.intercept) for each in slices], dtype=np.float64)
    return np.dtype(np.int16 if (rescales == np.rint(rescales)).all() else np.float32)


def _by_file(slices: Sequence[Slice]) -> list[_Numbered]:
    files: dict[FoundFile, _Numbered] = {}
    for k, each in enumerate(slices):
        files.setdefault(each.file, []).append((k, each))
    return list(files.values())


def _open(file: FoundFile, numbered: _Numbered) -> tuple[Dataset, Iterator[Array]]:
    """The header of a file and its planes of stored values, shape (rows, columns) each."""
    if numbered[0][1].frame is not None:
        # Frame by frame from the file: a large multi-frame object is never held whole.
        header = read_dataset(file, pixels=False)
        _refuse_undecodable(header, file)
        plugin = _plugin(header)
        return header, iter_pixels(file.path, raw=True, view_only=True, decoding_plugin=plugin)
    dataset = read_dataset(file, pixels=True)
    _refuse_undecodable(dataset, file)
    if "PixelData" not in dataset:
        raise corrupt(file.name)
    return dataset, _single_plane(dataset)


def _plugin(dataset: Dataset) -> str:
    """The decoder to use; empty for the first that can.

    pydicom decodes RLE itself. Where it fails, so would pylibjpeg-rle, but with a panic that writes
    to the terminal.
    """
    return "pydicom" if dataset.file_meta.TransferSyntaxUID == RLELossless else ""


def _single_plane(dataset: Dataset) -> Iterator[Array]:
    yield pixel_array(dataset, raw=True, view_only=True, decoding_plugin=_plugin(dataset))
    del dataset.PixelData


def _fill(
    array: Array, numbered: _Numbered, header: Dataset, planes: Iterator[Array], convert: Convert
) -> None:
    padding = padding_range(header)
    wanted = {each.frame or 0: (k, each) for k, each in numbered}
    for frame, stored in enumerate(planes):
        if frame not in wanted:
            continue
        k, each = wanted.pop(frame)
        if stored.shape != (each.rows, each.columns):
            raise ValueError(f"expected {each.rows} x {each.columns} pixels, got {stored.shape}")
        array[:, :, k] = convert(stored, each, padding, array.dtype).T
    if wanted:
        raise ValueError(f"{len(wanted)} frames are not there")


def _refuse_undecodable(dataset: Dataset, file: FoundFile) -> None:
    if "TransferSyntaxUID" not in dataset.file_meta:
        # A file without meta information: pydicom has found its encoding by looking.
        implicit, little = dataset.original_encoding
        native = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        dataset.file_meta.TransferSyntaxUID = native if little else ExplicitVRBigEndian
    syntax = UID(text(dataset.file_meta, "TransferSyntaxUID"))
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise UnreadableFileError(
            f"{file.name} is compressed as {syntax.name or 'unknown'}, which cannot be decoded; "
            "export the series uncompressed or as JPEG 2000"
        )
