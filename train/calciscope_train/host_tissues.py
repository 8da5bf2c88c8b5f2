"""Tissue labels of a real limb by rule, so that lesions can be inserted in the right places.

The labels are the compartments of `calciscope.labels`: the shell of skin and subcutaneous fat
down to the fascia (1), everything soft inside the fascia (2), bone with its marrow (3). Mineral
that the patient has by nature, and what no rule can name (bowel, gas), becomes 255. All lengths
are millimeters; the CT must be canonical, with slices across the limb.
"""

from dataclasses import dataclass

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.body import body_mask
from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.host_masks import (
    closed,
    closed_3d,
    fill_slices,
    keep_components,
    opened,
    smoothed,
    within,
)

Mask = NDArray[np.bool_]
IndexBox = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


MARROW_VOXELS = 3000
"""Largest marrow space of a slice that the border of a crop may cut open."""

BLOOD_HU = 45.0
"""What surrounds mineral of a vessel."""

GAP_VOXELS = 600
"""Largest gap between muscles of a slice that the border of a crop may cut open."""


@dataclass(frozen=True)
class TissueRules:
    """Thresholds of the rules, chosen by looking at 26 low-dose limb CTs of 0.98 x 0.98 x 3.27 mm.

    Attributes:
        hu_offset: added to the CT first, where its fat and muscle lie beside -100 and 50 HU.
        bone_seed_hu: a bone holds at least one smoothed voxel this dense ...
        bone_hu: ... and reaches as far as smoothed voxels of this density connect.
        bone_gap_mm: half the gap over which dense pieces count as one bone (osteoporotic cortex).
        bone_mm3: smallest bone; what is smaller and dense is the host's own mineral.
        mineral_hu: smoothed density from which a spot outside bone is the host's own mineral.
        metal_hu: density of metal.
        soft_hu: border between fat and muscle.
        skin_mm: depth that always belongs to the skin and subcutis.
        septum_mm: half width of what is still a septum or vessel of the subcutis.
        fascia_mm: half width of the gaps between muscles that the fascia bridges.
        own_mineral: whether the host has mineral of its own; if not, dense specks are noise.
        ignore_boxes: index boxes ((x0, x1), (y0, y1), (z0, z1)) whose soft tissue becomes 255.
        hide_boxes: such boxes whose bone becomes 255 too (contrast in the bowel).
        vascular_boxes: such boxes whose own mineral was looked at and lies in vessels: label 4.
    """

    hu_offset: float = 0.0
    bone_seed_hu: float = 350.0
    bone_hu: float = 125.0
    bone_mm3: float = 1500.0
    bone_gap_mm: float = 0.0
    mineral_hu: float = 130.0
    metal_hu: float = 2500.0
    soft_hu: float = -25.0
    skin_mm: float = 2.0
    septum_mm: float = 3.5
    fascia_mm: float = 13.0
    own_mineral: bool = True
    ignore_boxes: tuple[IndexBox, ...] = ()
    hide_boxes: tuple[IndexBox, ...] = ()
    vascular_boxes: tuple[IndexBox, ...] = ()


@dataclass(frozen=True, eq=False)
class HostTissues:
    """A labelled host; all volumes lie on the grid of the CT.

    Attributes:
        tissues: uint8, values of `Label` and 255.
        body: bool, the patient without table and blanket.
        mineral: bool, the host's own mineral outside bone, before it is widened into 255.
        lumens: bool, gas inside the body: where bowel-like contrast may be inserted.
    """

    tissues: Volume
    body: Volume
    mineral: Volume
    lumens: Volume


def label_host(ct: Volume, rules: TissueRules | None = None) -> HostTissues:
    """Label the tissues of a real limb CT.

    Args:
        ct: canonical CT in HU.
        rules: thresholds and what is known of this host.

    Raises:
        InputError: no body is found in the CT.
    """
    rules = rules or TissueRules()
    spacing = ct.spacing_mm
    hu = ct.array.astype(np.float32) + rules.hu_offset
    smooth = smoothed(hu, spacing)
    body = body_mask(ct)
    if not body.any():
        raise InputError("no body is found in the CT; is it in HU?")
    bone = bone_of(smoothed(hu, spacing, 0.7), body, rules, spacing)
    mineral = mineral_of(smooth, body, bone, rules, spacing)
    inside = fascia_of(smooth, body, bone, rules, spacing)
    tissues = np.zeros(ct.shape, dtype=np.uint8)
    tissues[body] = Label.SUBCUTANEOUS
    tissues[inside] = Label.MUSCLE
    tissues[bone] = Label.BONE
    tissues[body & (hu > rules.metal_hu)] = Label.FOREIGN
    # Opened, so that the blurred rim of the skin is not taken for gas.
    gas = keep_components(opened(body & (smooth < -350), 2.0, spacing), 100.0, spacing)
    unknown = within(gas, 6.0, spacing) | within(mineral, 1.5 * float(spacing[0]), spacing)
    for box in rules.ignore_boxes:
        unknown[tuple(slice(*limits) for limits in box)] = True
    unknown &= ~bone
    for box in rules.hide_boxes:
        unknown[tuple(slice(*limits) for limits in box)] = True
    tissues[unknown & body] = IGNORE
    for box in rules.vascular_boxes:
        _name_vascular(tissues, hu, mineral, box)
    lumens = gas & ~within(~body, 10.0, spacing)
    return HostTissues(
        ct.with_array(tissues), ct.with_array(body), ct.with_array(mineral), ct.with_array(lumens)
    )


def _name_vascular(
    tissues: NDArray[np.uint8], hu: NDArray[np.float32], mineral: Mask, box: IndexBox
) -> None:
    """Call the own mineral of a box vascular, drawn at half of each spot's peak; in place."""
    where = tuple(slice(*limits) for limits in box)
    chosen = np.zeros_like(mineral)
    chosen[where] = mineral[where]
    spots = cc3d.connected_components(
        ndimage.binary_dilation(chosen, np.ones((3, 3, 1), dtype=bool)), connectivity=26
    )
    peaks = np.asarray(ndimage.maximum(hu, spots, np.arange(int(spots.max()) + 1)))
    drawn = (spots > 0) & (hu >= 0.5 * (peaks[spots] + BLOOD_HU))
    tissues[drawn & (tissues != Label.BONE)] = Label.VASCULAR


def bone_of(
    smooth: NDArray[np.float32], body: Mask, rules: TissueRules, spacing: NDArray[np.float64]
) -> Mask:
    """Bones with marrow: dense connected parts of some size, closed and filled slice by slice."""
    dense = keep_components(body & (smooth > rules.bone_hu), 30.0, spacing)
    joined = closed_3d(dense, rules.bone_gap_mm, spacing) if rules.bone_gap_mm else dense
    parts = cc3d.connected_components(joined, connectivity=26) * dense
    counts = np.bincount(parts.ravel())
    peaks = ndimage.maximum(smooth, parts, np.arange(len(counts)))
    voxel = float(np.prod(spacing))
    big = (counts * voxel >= rules.bone_mm3) & (np.asarray(peaks) >= rules.bone_seed_hu)
    big[0] = False
    shell = big[parts]
    thin = fill_slices(closed(shell, 2.5, spacing), MARROW_VOXELS)
    # Where the cortex of a bone end is too thin to be seen all round, marrow is what bone encloses
    # in two of the other planes, once gaps are bridged.
    bridged = closed_3d(shell, 5.0, spacing)
    planes = [fill_slices(np.moveaxis(bridged, axis, 2), MARROW_VOXELS) for axis in (0, 1, 2)]
    votes = sum(np.moveaxis(p, 2, axis).astype(np.uint8) for axis, p in enumerate(planes))
    marrow = (votes >= 2) & ~bridged
    whole = thin | (within(marrow, 6.0, spacing) & (votes >= 2))
    return fill_slices(closed(whole, 2.5, spacing), MARROW_VOXELS) & body


def mineral_of(
    smooth: NDArray[np.float32],
    body: Mask,
    bone: Mask,
    rules: TissueRules,
    spacing: NDArray[np.float64],
) -> Mask:
    """The host's own mineral: dense spots that do not touch bone."""
    if not rules.own_mineral:
        return np.zeros(body.shape, dtype=bool)
    near_bone = within(bone, 2.0, spacing)
    dense = body & (smooth > rules.mineral_hu)
    parts = cc3d.connected_components(dense, connectivity=26)
    touching = np.unique(parts[near_bone])
    free = np.ones(int(parts.max()) + 1, dtype=bool)
    free[touching] = False
    free[0] = False
    return keep_components(free[parts], 9.0, spacing)


def fascia_of(
    smooth: NDArray[np.float32],
    body: Mask,
    bone: Mask,
    rules: TissueRules,
    spacing: NDArray[np.float64],
) -> Mask:
    """Everything inside the fascia: muscle and bone, with the gaps between them bridged."""
    deep = body & ~within(~body, rules.skin_mm, spacing)
    soft = opened(deep & (smooth > rules.soft_hu), rules.septum_mm, spacing)
    muscle = keep_components(soft, 4_000.0, spacing)
    return fill_slices(closed(muscle | bone, rules.fascia_mm, spacing), GAP_VOXELS) & deep
