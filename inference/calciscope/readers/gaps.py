"""Telling lost slices from slices that were never equally spaced."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK = 3
"""So many equal gaps in a row are a change of protocol rather than lost slices."""


def missing_heights(heights: Floats, instance_numbers: Sequence[int | None]) -> Floats:
    """Where slices are missing from an unevenly spaced stack; empty where it is merely uneven.

    Gaps of twice, three times ... an otherwise constant spacing are lost slices, unless their
    instance numbers run on and they are no exception: a block of such gaps, or more than a third
    of all gaps, is another spacing. A single gap far wider than all others is a hole, whatever
    its width.

    Args:
        heights: positions along the normal in mm, growing; shape (K,).
        instance_numbers: Instance Number of each slice, where known.

    Returns:
        Heights in mm, shape (number of missing slices,).
    """
    gaps = np.diff(heights)
    spacing = float(np.mean(gaps[gaps <= 1.25 * gaps.min()]))
    multiples = np.rint(gaps / spacing).astype(int)
    on_grid = bool(np.abs(gaps - multiples * spacing).max() <= 0.2 * spacing)
    wide = multiples >= 2
    if on_grid:
        skipped = _skipped(instance_numbers)
        lonely = _run_lengths(multiples) < BLOCK
        exceptional = np.mean(wide) <= 1 / 3
        lost = wide & (skipped | lonely & exceptional)
    else:
        lost = (gaps > 3 * np.median(gaps)) & (_run_lengths(multiples) == 1)
    filled = [
        heights[index] + np.arange(1, multiples[index]) * gaps[index] / multiples[index]
        for index in np.flatnonzero(lost)
    ]
    return np.concatenate(filled) if filled else np.empty(0)


def _run_lengths(values: NDArray[np.int_]) -> NDArray[np.int_]:
    """For each value, how many equal ones stand together with it."""
    starts = np.flatnonzero(np.diff(values, prepend=values[0] - 1))
    lengths = np.diff(np.append(starts, len(values)))
    return np.repeat(lengths, lengths)


def _skipped(instance_numbers: Sequence[int | None]) -> NDArray[np.bool_]:
    """For each gap, whether instance numbers skip there though they run in order elsewhere."""
    known = [number for number in instance_numbers if number is not None]
    if len(known) < len(instance_numbers):
        return np.zeros(len(instance_numbers) - 1, dtype=bool)
    steps = np.diff(known)
    in_order = bool((steps > 0).all() or (steps < 0).all())
    return np.asarray((np.abs(steps) > 1) & in_order)
