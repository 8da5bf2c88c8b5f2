"""Bowel-like contrast: lumens of a host filled with contrast agent up to a level.

Oral contrast is what a network for mineral is fooled by in the pelvis. The lumens are the host's
own: gas, whose walls a CT shows without a label, and the bowel of a label map where there is one.
"""

from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.masks import box_around
from calciscope.labels import Label
from calciscope.volume import Volume
from calciscope_train.host_masks import keep_components

LUMEN_MM3 = 600.0
"""Smallest lumen that is filled."""

LONGEST_MM = 60.0
"""A longer bowel is filled over a stretch of this length."""

CONTRAST_HU = (130.0, 750.0)
BLUR_MM = 0.8
MOST = 4


def fill_lumens(
    ct: Volume,
    labels: NDArray[np.uint8],
    lumens: NDArray[np.bool_],
    rng: np.random.Generator,
    first_id: int = 1,
) -> tuple[NDArray[np.int16], NDArray[np.uint8], list[dict[str, Any]]]:
    """Fill one to four lumens with contrast, the lowest part of each (the patient lies supine).

    Args:
        ct: canonical CT in HU, y growing to the back.
        labels: tissues; is not changed.
        lumens: where gas or bowel is.
        rng: source of every draw.
        first_id: number of the first record.

    Returns:
        CT, labels (contrast is label 5) and one record a lumen for case.json.
    """
    spacing = ct.spacing_mm
    parts = cc3d.connected_components(keep_components(lumens, LUMEN_MM3, spacing), connectivity=6)
    hu = ct.array.astype(np.float32)
    truth = labels.copy()
    records: list[dict[str, Any]] = []
    count = int(parts.max())
    chosen = rng.permutation(count)[: int(rng.integers(1, MOST + 1))] + 1
    for number in chosen:
        index = np.argwhere(parts == number)
        middle = index[rng.integers(len(index))]
        near = np.linalg.norm((index - middle) * spacing, axis=1) <= 0.5 * LONGEST_MM
        index = index[near]
        level = np.quantile(index[:, 1], float(rng.choice([0.0, rng.uniform(0.0, 0.8)])))
        index = index[index[:, 1] >= level]
        record = _fill(hu, truth, index, spacing, rng)
        if record is not None:
            records.append({"id": first_id + len(records), **record})
    return np.rint(np.clip(hu, -1024, 3071)).astype(np.int16), truth, records


def _fill(
    hu: NDArray[np.float32],
    truth: NDArray[np.uint8],
    index: NDArray[np.intp],
    spacing: NDArray[np.float64],
    rng: np.random.Generator,
) -> dict[str, Any] | None:
    """Replace the mean of what lies at `index` by contrast agent; the noise stays."""
    margin = np.ceil(4.0 / spacing).astype(int)
    low, high = box_around(index, margin, hu.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    mask = np.zeros(tuple(high - low), np.float32)
    mask[tuple((index - low).T)] = 1
    sigma = BLUR_MM / spacing
    share = ndimage.gaussian_filter(mask, sigma)
    texture = ndimage.gaussian_filter(rng.normal(size=mask.shape), 3.0 / spacing)
    texture *= rng.uniform(0.0, 0.25) / max(float(texture.std()), 1e-6)
    contrast = rng.uniform(*CONTRAST_HU) * np.clip(1 + texture, 0.2, 1.8)
    before = ndimage.gaussian_filter(hu[box], 2 * sigma)
    hu[box] += share * (contrast - before)
    visible = (share >= 0.5) & (truth[box] != Label.BONE)
    if not visible.any():
        return None
    truth[box][visible] = Label.FOREIGN
    inside = np.argwhere(visible) + low
    volume = float(visible.sum() * np.prod(spacing))
    return {
        "kind": "X3",
        "name": "bowel",
        "compartment": "foreign",
        "side": "",
        "volume_mm3": round(volume, 2),
        "ha_mass_mg": 0.0,
        "peak_contrast_hu": round(float((share * contrast).max()), 1),
        "voxels": int(visible.sum()),
        "visible": True,
        "center_index": [int(c) for c in inside[len(inside) // 2]],
    }
