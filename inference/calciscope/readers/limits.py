"""How large a CT may be: a header is quick to claim what no memory holds."""

import numpy as np

from calciscope.errors import InputError
from calciscope.volume import Array

MAX_VOXELS = 1 << 32
"""512 x 512 x 16,384: five times the longest scan of a whole body."""

MAX_RATIO = 100
"""How many times its size a file may expand. CT shrinks two to five times; this leaves room."""

ALWAYS_ALLOWED_BYTES = 1 << 30
"""Expanded size that is never refused: empty phantoms shrink a thousand times."""


def expanded_limit(compressed_bytes: int) -> int:
    """How many bytes a compressed file of this size may expand to."""
    return max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * compressed_bytes)


def room_for(shape: tuple[int, ...], dtype: np.dtype[np.generic], name: str) -> Array:
    """An array that is not yet filled, first axis fastest in memory.

    Args:
        shape: number of voxels along each axis.
        dtype: of the values.
        name: of a file, for messages.

    Raises:
        InputError: too many voxels, or more than memory holds.
    """
    refuse_too_many(shape, name)
    try:
        return np.empty(shape, dtype=dtype, order="F")
    except MemoryError as error:
        needed = np.prod(shape, dtype=np.float64) * dtype.itemsize / 1e9
        raise no_memory(name, f"{needed:.1f} GB of memory, more than is free") from error


def no_memory(name: str, needed: str = "more memory than is free") -> InputError:
    """The refusal of a CT that memory does not hold.

    Args:
        name: of a file, for the message.
        needed: how much memory, in words.
    """
    return InputError(
        f"{name} and its series need {needed}; give a part of the series or use a larger machine"
    )


def refuse_too_many(shape: tuple[int, ...], name: str) -> None:
    """Raise InputError where a header claims more voxels than any CT has."""
    # In floating point, as the product of what a broken header claims may exceed 64 bits.
    if np.prod(shape, dtype=np.float64) > MAX_VOXELS:
        size = " x ".join(str(count) for count in shape)
        raise InputError(
            f"{name} is of a volume of {size} voxels, more than can be analyzed; give a part of it"
        )
