"""A host that comes with a label map: TotalSegmentator classes turned into ours.

The map names bones, muscles, vessels and organs; the rest follows the rules of `host_tissues`.
What neither names (muscles of the wall of the belly, mesentery) becomes 255 where it is soft, and
stays background where it is fat, which is never mineral.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.resampling import resample_labels
from calciscope.volume import Volume
from calciscope_train.host_masks import closed, fill_slices, keep_components, smoothed, within
from calciscope_train.host_tissues import HostTissues, TissueRules, label_host

Mask = NDArray[np.bool_]


def _ids(*ranges: tuple[int, int]) -> tuple[int, ...]:
    return tuple(n for first, last in ranges for n in range(first, last + 1))


# Class numbers of TotalSegmentator v2, task "total" (its class_map.py).
BONES = _ids((25, 50), (69, 78), (91, 116))
CARTILAGE = (117,)
MUSCLES = _ids((80, 89))
VESSELS = _ids((52, 68))
BOWEL = (6, 18, 19, 20)
ORGANS = (*_ids((1, 24)), 51, 79, 90)

IMPLANT_CORE_HU = 2000.0
"""Metal holds a voxel this dense; mineral of bone does not."""

IMPLANT_HU = 1300.0
"""... and reaches to this density, half of what 3 mm voxels leave of it."""

HULL_MM = 25.0
"""Half of the gaps between organs, bones and muscles that are still inside of the belly."""

STONE_HU = 110.0
"""Smoothed density of stones and of calcified vessel walls, over that of blood and kidney."""


def read_label_map(path: Path, ct: Volume, native_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read a label map onto a canonical CT that was resampled from the map's own grid.

    Args:
        path: NIfTI file with the classes of TotalSegmentator.
        ct: canonical CT on the model grid.
        native_shape: of the CT before it was resampled, on its native axes.

    Raises:
        InputError: the file cannot be read, or does not lie on the grid of the CT.
    """
    from calciscope_train.host_cases import read_host

    labels = read_host(path)
    if labels.shape != tuple(native_shape):
        raise InputError(
            f"{path} has shape {labels.shape}, its CT {tuple(native_shape)}; "
            "use the label map of the same CT"
        )
    return np.asarray(resample_labels(labels.canonical().volume.array, ct.shape), dtype=np.uint8)


def label_mapped_host(
    ct: Volume, classes: NDArray[np.uint8], rules: TissueRules | None = None
) -> HostTissues:
    """Label a host with a label map; as `host_tissues.label_host`, whose rules fill the gaps.

    Args:
        ct: canonical CT in HU.
        classes: TotalSegmentator classes on the same grid.
        rules: thresholds.

    Raises:
        InputError: no body is found in the CT.
    """
    rules = rules or TissueRules()
    spacing = ct.spacing_mm
    by_rule = label_host(ct, rules)
    body = by_rule.body.array
    hu = ct.array.astype(np.float32)
    smooth = smoothed(hu, spacing)
    tissues = np.full(ct.shape, Label.BACKGROUND, np.uint8)
    tissues[body] = IGNORE
    inside = np.isin(classes, ORGANS) | np.isin(classes, VESSELS)
    visceral = body & (smooth > -160) & (smooth < -40)
    tissues[visceral | inside] = Label.BACKGROUND
    named = np.isin(classes, (*ORGANS, *VESSELS, *BONES, *MUSCLES))
    belly = fill_slices(closed(named, HULL_MM, spacing))
    tissues[(by_rule.tissues.array == Label.SUBCUTANEOUS) & ~belly] = Label.SUBCUTANEOUS
    tissues[np.isin(classes, MUSCLES)] = Label.MUSCLE
    # A cut of 3 mm voxels may leave a rim of cortex unnamed.
    rim = within(np.isin(classes, BONES), 3.0, spacing) & (smooth > rules.bone_hu)
    tissues[body & (np.isin(classes, BONES) | rim)] = Label.BONE
    cartilage = within(np.isin(classes, CARTILAGE), 2.0, spacing)
    tissues[cartilage & (tissues != Label.BONE)] = IGNORE
    tissues[cartilage & (smooth > 200)] = Label.BONE
    # Mineral of nobody: what no class names and is dense, and its blurred rim.
    unnamed = body & (smooth > rules.mineral_hu) & (tissues != Label.BONE)
    mineral = keep_components(unnamed, 9.0, spacing)
    halo = within(mineral, 3.0, spacing) & (tissues != Label.BONE)
    tissues[halo] = IGNORE
    walls = _dense_in(classes, VESSELS, smooth, spacing)
    tissues[walls] = Label.VASCULAR
    tissues[_implants(hu, spacing) & body] = Label.FOREIGN
    lumen = bowel_lumen(classes, spacing) & (hu > -1025)
    return HostTissues(
        ct.with_array(tissues), ct.with_array(body), ct.with_array(mineral), ct.with_array(lumen)
    )


def bowel_lumen(classes: NDArray[np.uint8], spacing_mm: NDArray[np.float64]) -> Mask:
    """The inside of stomach and bowel: their classes without a wall of 3 mm."""
    bowel = np.isin(classes, BOWEL)
    return bowel & ~within(~bowel, 3.0, spacing_mm)


def _dense_in(
    classes: NDArray[np.uint8],
    numbers: tuple[int, ...],
    smooth: NDArray[np.float32],
    spacing_mm: NDArray[np.float64],
) -> Mask:
    """Dense spots on some classes and within 2 mm of them, not touching bone."""
    near = within(np.isin(classes, numbers), 2.0, spacing_mm)
    bone = within(np.isin(classes, BONES), 2.0, spacing_mm)
    return keep_components(near & ~bone & (smooth > STONE_HU), 9.0, spacing_mm)


def _implants(hu: NDArray[np.float32], spacing_mm: NDArray[np.float64]) -> Mask:
    """Metal: what is dense as no bone is, as far as half of that connects."""
    reach = hu > IMPLANT_HU
    core = keep_components(hu > IMPLANT_CORE_HU, 30.0, spacing_mm)
    return np.asarray(ndimage.binary_propagation(core, mask=reach), dtype=bool)
