"""The boundary of mineral, by the definition that the truth has too: about half of its contrast.

A network says where mineral is; its edges are soft, and how soft depends on how it was trained.
Here each lesion is drawn again: within 1.5 mm or one voxel of what the network found, a voxel
belongs to it when it has at least 45 % of the contrast between the lesion's local peak and the
background around it. 45 and not 50 %: noise raises the peak that is seen. Chosen on validation
cases.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.masks import box_around, component_voxels
from calciscope.labels import Label
from calciscope.volume import Volume

REACH_MM = 1.5
CORE_MM = 2.5
"""Voxels deeper than this under the network's edge stay: a cloudy mass is not hollowed out."""
CONTRAST_SHARE = 0.45
PEAK_WINDOW_MM = 8.0
BACKGROUND_MM = (3.0, 6.0)
BACKGROUND_FROM_HU = -200.0
MINIMUM_BACKGROUND_VOXELS = 20
MINIMUM_CONTRAST_HU = 100.0
"""Fainter lesions keep the network's edge: half of little contrast is lost in noise."""


def drawn_at_half_contrast(
    ct: Volume, calcification: NDArray[np.bool_], tissue: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Redraw every lesion of a mask.

    Args:
        ct: HU, shape (I, J, K), any axes.
        calcification: what the network found, same shape.
        tissue: `labels.Label` without calcification, same shape; lesions do not grow into bone.

    Returns:
        bool, same shape.
    """
    result = np.zeros_like(calcification)
    margin = np.ceil(BACKGROUND_MM[1] / ct.spacing_mm).astype(int) + 1
    for voxels in component_voxels(calcification):
        low, high = box_around(voxels, margin, ct.shape)
        box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
        own = np.zeros(tuple(high - low), bool)
        own[tuple((voxels - low).T)] = True
        others = calcification[box] & ~own
        blocked = others | ((tissue[box] == Label.BONE) & ~own)
        result[box] |= _redrawn(ct.array[box].astype(np.float32), own, blocked, ct.spacing_mm)
    return result


def _redrawn(
    hu: NDArray[np.float32],
    own: NDArray[np.bool_],
    blocked: NDArray[np.bool_],
    spacing_mm: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """One lesion in its box; as it was where contrast or background are too little to tell."""
    outside = ndimage.distance_transform_edt(~own, sampling=spacing_mm)
    near, far = BACKGROUND_MM
    shell = (outside >= near) & (outside <= far) & ~blocked & (hu > BACKGROUND_FROM_HU)
    if np.count_nonzero(shell) < MINIMUM_BACKGROUND_VOXELS:
        return own
    background = float(np.median(hu[shell]))
    top = float(np.percentile(hu[own], 95))
    if top - background < MINIMUM_CONTRAST_HU:
        return own
    size = tuple(int(n) | 1 for n in np.maximum(np.round(PEAK_WINDOW_MM / spacing_mm), 3))
    peak = ndimage.maximum_filter(np.where(own, hu, background), size=size)
    # One bright voxel of noise or metal must not empty its neighborhood.
    peak = np.minimum(peak, background + 1.3 * (top - background))
    # Never less than for the faintest lesion: out of reach of the peak, tissue is not mineral.
    contrast = np.maximum(peak - background, MINIMUM_CONTRAST_HU)
    dense = hu >= background + CONTRAST_SHARE * contrast
    core = ndimage.distance_transform_edt(own, sampling=spacing_mm) > CORE_MM
    # At least one voxel along each axis, also where slices are thicker than the reach.
    zone = (outside <= REACH_MM) | ndimage.binary_dilation(own)
    drawn = (zone & dense & ~blocked) | core
    return np.asarray(drawn if drawn.any() else own)
