"""A patient who moves between slices: jolts and a slow drift, in-plane."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def random_shifts(slices: int, amount_mm: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """In-plane shift of each slice, mm, shape (slices, 2): jitter, a jolt and a drift.

    Args:
        slices: number of slices.
        amount_mm: typical size of a jolt.
        rng: of all of it.
    """
    jitter = rng.normal(0, 0.25 * amount_mm, (slices, 2))
    drift = np.linspace(0, 1, slices)[:, None] * rng.normal(0, 1.2 * amount_mm, 2)
    jolt = np.zeros((slices, 2))
    jolt[int(rng.integers(slices)) :] = rng.normal(0, amount_mm, 2)
    return np.asarray(jitter + drift + jolt)


def move(
    image: NDArray[np.float32], labels: NDArray[np.uint8], table: list[dict[str, Any]],
    shifts_px: NDArray[np.float64],
) -> None:  # fmt: skip
    """Shift each slice, in place, with its labels and the lesions' centers.

    Args:
        image: HU, shape (X, Y, Z); labels: same shape, shifted by whole pixels.
        table: rows of lesions; `center_index` moves along.
        shifts_px: shape (Z, 2).
    """
    whole = np.round(shifts_px).astype(int)
    for k, (shift, step) in enumerate(zip(shifts_px, whole, strict=True)):
        image[:, :, k] = ndimage.shift(image[:, :, k], shift, order=1, mode="nearest")
        labels[:, :, k] = ndimage.shift(labels[:, :, k], step, order=0, mode="nearest")
    for row in table:
        if "center_index" in row:
            i, j, k = row["center_index"]
            moved = np.clip([i + whole[k, 0], j + whole[k, 1]], 0, np.array(labels.shape[:2]) - 1)
            row["center_index"] = [int(moved[0]), int(moved[1]), int(k)]
