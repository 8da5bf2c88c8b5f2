"""One dense thing is one thing: bones by majority of the network's labels.

A network that sees a window at a time may call part of a bone calcification. Voxels of 180 HU and
more that hang together, 0.5 mL and up, are one structure: where more of them are labeled bone than
calcification, all of it is bone, with what it encloses and its rim of one voxel. A tenth of them is
enough where a tenth of the structure is as dense as cortex (900 HU). A large calcification keeps
its label, for it has the majority of its own voxels.
"""

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.masks import bounding_box
from calciscope.labels import Label
from calciscope.volume import Volume

DENSE_HU = 180.0
SMALLEST_MM3 = 500.0
SMOOTHING_MM = 1.0
CORTICAL_HU = 900.0
CORTICAL_SHARE = 0.1
"""A structure with this share of voxels as dense as cortex is bone on the word of a minority."""
MINORITY = 0.1


def bones_by_vote(
    ct: Volume, tissue: NDArray[np.uint8], calcification: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Where calcification cannot be, because the structure is bone.

    Args:
        ct: HU, canonical, shape (X, Y, Z).
        tissue: `labels.Label` without calcification, same shape.
        calcification: what the network calls calcification, same shape.

    Returns:
        bool, same shape.
    """
    result = np.zeros(ct.shape, bool)
    box = bounding_box((tissue == Label.BONE) | calcification)
    if box is None:
        return result
    hu = ct.array[box].astype(np.float32)
    sigma = (*(SMOOTHING_MM / ct.spacing_mm[:2]), 0.0)
    dense = ndimage.gaussian_filter(hu, sigma, mode="nearest", truncate=3) >= DENSE_HU
    # Faces only: corners would tie a lesion to the bone beside it. cc3d wants more than one plane.
    parts = cc3d.connected_components(np.pad(dense, 1), connectivity=6)[1:-1, 1:-1, 1:-1]
    count = int(parts.max()) + 1
    called = calcification[box]
    bone = np.bincount(parts[(tissue[box] == Label.BONE) & ~called], minlength=count)
    mineral = np.bincount(parts[called], minlength=count)
    size = np.bincount(parts.ravel(), minlength=count)
    cortical = np.bincount(parts[hu >= CORTICAL_HU], minlength=count) >= CORTICAL_SHARE * size
    wanted = np.where(cortical, MINORITY, 0.5)
    is_bone = (bone > wanted * (bone + mineral)) & (size * ct.voxel_volume_mm3 >= SMALLEST_MM3)
    is_bone[0] = False
    bones = is_bone[parts]
    for k in np.flatnonzero(bones.any(axis=(0, 1))):
        filled = ndimage.binary_fill_holes(bones[:, :, k])
        bones[:, :, k] = ndimage.binary_dilation(filled)
    result[box] = bones
    return result
