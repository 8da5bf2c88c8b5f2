"""What a public set says of a voxel, and what of that the network may be taught.

No public set labels calcification of soft tissue. So wherever one says "muscle" or "liver" and the
CT shows mineral, the set is silent about what that is, and the voxel becomes 255. Where a set is
silent altogether the voxel is 255 too, unless it lies outside the patient: that is background.
"""

from collections.abc import Mapping
from enum import IntEnum

import cc3d
import numpy as np
from numpy.typing import NDArray

from calciscope.ct.body import body_mask
from calciscope.labels import IGNORE, Label
from calciscope.volume import Array, Volume
from calciscope_train.host_masks import keep_components, smoothed, within

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

MINERAL_HU = 130.0
"""Smoothed density from which a spot in soft tissue may be mineral or contrast."""

CONTRAST_HU = 200.0
"""Smoothed density from which the content of the bowel is contrast."""

METAL_HU = 2500.0
"""Denser than any cortical bone: metal, which the sets' masks of bone run through."""

BESIDE_METAL_MM = 3.0
"""Where bone this near to metal is brighter than BLURRED_METAL_HU it may be the metal's blur."""

BLURRED_METAL_HU = 1000.0

SMALLEST_MM3 = 9.0
"""A smaller dense spot is noise."""

BESIDE_BONE_MM = 2.0
"""What is dense and this near to bone is the blur of bone, or an outgrowth of it."""

BESIDE_BODY_MM = 3.0
"""Distance from the body within which the skin may still lie."""


class Claim(IntEnum):
    """Values of a claim map: those of `Label`, 255, and three that `settled` turns into them."""

    BACKGROUND = Label.BACKGROUND
    SUBCUTANEOUS = Label.SUBCUTANEOUS
    MUSCLE = Label.MUSCLE
    BONE = Label.BONE
    VASCULAR = Label.VASCULAR
    FOREIGN = Label.FOREIGN
    CALCIFICATION = Label.CALCIFICATION
    ORGAN = 50
    """An organ that the label table does not name: background, unless dense."""
    BOWEL = 51
    """The same, with content that may be contrast."""
    UNSEEN = 254
    """Not looked at by anyone: 255 also outside of the patient."""
    UNKNOWN = IGNORE


SOFT = (Claim.SUBCUTANEOUS, Claim.MUSCLE, Claim.ORGAN, Claim.BOWEL)


def claimed(ids: Array, table: Mapping[int, Claim]) -> Labels:
    """Turn the ids of a set into claims; an id that the table lacks is unknown.

    Args:
        ids: any shape, whole numbers.
        table: claim by id.
    """
    values, inverse = np.unique(ids, return_inverse=True)
    claims = [int(table.get(int(value), Claim.UNKNOWN)) for value in values]
    return np.asarray(claims, dtype=np.uint8)[inverse].reshape(ids.shape)


def settled(ct: Volume, claims: Labels, mineral_is_labeled: bool = False) -> Labels:
    """Turn claims into labels.

    Args:
        ct: canonical CT in HU, on the model grid.
        claims: values of `Claim`, same shape.
        mineral_is_labeled: whether the set labels all calcification, so that what is dense and
            called muscle is none.

    Returns:
        Values of `Label` and 255, same shape.
    """
    smooth = smoothed(ct.array.astype(np.float32), ct.spacing_mm)
    labels = claims.copy()
    labels[(claims == Claim.ORGAN) | (claims == Claim.BOWEL)] = Label.BACKGROUND
    if not mineral_is_labeled:
        labels[_mineral(smooth, claims, ct.spacing_mm)] = IGNORE
    labels[(claims == Claim.BOWEL) & (smooth > CONTRAST_HU)] = Label.FOREIGN
    metal = _metal(ct, claims)
    doubtful = within(metal, BESIDE_METAL_MM, ct.spacing_mm) & (smooth > BLURRED_METAL_HU)
    labels[doubtful & (labels == Label.BONE)] = IGNORE
    labels[metal] = Label.FOREIGN
    outside = ~within(body_mask(ct), BESIDE_BODY_MM, ct.spacing_mm)
    labels[outside & (claims == Claim.UNKNOWN)] = Label.BACKGROUND
    labels[claims == Claim.UNSEEN] = IGNORE
    return labels


def _metal(ct: Volume, claims: Labels) -> Mask:
    """Metal in what the set has named."""
    dense = (ct.array > METAL_HU) & np.isin(claims, (Claim.BONE, *SOFT))
    return keep_components(dense, SMALLEST_MM3, ct.spacing_mm)


def _mineral(smooth: NDArray[np.float32], claims: Labels, spacing_mm: NDArray[np.float64]) -> Mask:
    """Soft tissue that holds, or may hold, mineral or contrast."""
    soft = np.isin(claims, SOFT)
    dense = keep_components(soft & (smooth > MINERAL_HU), SMALLEST_MM3, spacing_mm)
    parts = cc3d.connected_components(dense, connectivity=26)
    free = np.ones(int(parts.max()) + 1, dtype=bool)
    free[np.unique(parts[within(claims == Claim.BONE, BESIDE_BONE_MM, spacing_mm)])] = False
    free[0] = False
    # A free spot is as wide as its rim, which is faint; the rim of bone is soft tissue.
    return (within(free[parts], 1.5 * float(spacing_mm[0]), spacing_mm) & soft) | dense
