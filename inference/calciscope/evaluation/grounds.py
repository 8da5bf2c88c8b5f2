"""What a false positive lies on: bone, vessel, metal, soft tissue, or outside the body.

By the reference labels of its voxels and of those next to it. Background is outside the body only
where the rule for the body says so. Where the reference has no tissues the rule for bone stands in
too, and what is denser than any bone is metal.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.masks import box_around
from calciscope.evaluation.record_rows import Ground
from calciscope.evaluation.reference_cases import ReferenceCase
from calciscope.evaluation.rule_predictor import Surroundings
from calciscope.labels import Label
from calciscope.volume import Array

TOUCHING_SHARE = 0.1
"""Bone, vessel or metal are named where at least this share of the component and its rim is."""

METAL_HU = 2500.0

GROUNDS = {
    Label.BACKGROUND: Ground.OUTSIDE_BODY,
    Label.SUBCUTANEOUS: Ground.SUBCUTANEOUS,
    Label.MUSCLE: Ground.MUSCLE,
    Label.BONE: Ground.BONE,
    Label.VASCULAR: Ground.VESSEL,
    Label.FOREIGN: Ground.FOREIGN,
}
UNKNOWN = 254
"""Stands in a label map for tissue of no known kind."""


def ground_of(voxels: NDArray[np.intp], labels: Array) -> Ground:
    """What a component lies on.

    Bone, vessel or metal, whichever there is most of, if it makes up a tenth of the component with
    its rim of one voxel; else what most of the component itself is.

    Args:
        voxels: indices, shape (N, 3).
        labels: uint8 `labels.Label`, 255 unscored, 254 unknown.
    """
    low, high = box_around(voxels, 1, labels.shape)
    own = np.zeros(tuple(high - low), bool)
    own[tuple((voxels - low).T)] = True
    near = ndimage.binary_dilation(own, structure=np.ones((3, 3, 3), bool))
    box = labels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    around = np.bincount(box[near].astype(np.intp), minlength=256)
    hard = max((Label.BONE, Label.VASCULAR, Label.FOREIGN), key=lambda label: around[label])
    if around[hard] >= TOUCHING_SHARE * around.sum():
        return GROUNDS[hard]
    inside = np.bincount(box[own].astype(np.intp), minlength=256)
    most = int(inside.argmax())
    return GROUNDS[Label(most)] if most in set(GROUNDS) else Ground.OTHER


def ground_labels(case: ReferenceCase, surroundings: Surroundings) -> Array:
    """The label map that false positives of a case are looked up in.

    Args:
        case: the case.
        surroundings: body and bone by rule: what is outside the body, and bone for references
            without tissues.
    """
    masks = {} if case.ct is None else surroundings.of(case)
    if case.has_tissues:
        # Background is also what nobody labeled, such as organs: only air is outside the body.
        background = case.labels.array == Label.BACKGROUND
        inside = background & masks.get("body", True)
        return np.where(inside, np.uint8(UNKNOWN), case.labels.array)
    labels = np.full(case.labels.shape, UNKNOWN, np.uint8)
    if case.ct is not None:
        labels[masks["bone"]] = Label.BONE
        labels[~masks["body"]] = Label.BACKGROUND
        labels[case.ct.array >= METAL_HU] = Label.FOREIGN
    return labels
