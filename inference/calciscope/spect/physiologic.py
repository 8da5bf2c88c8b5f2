"""Whether uptake is expected where it is: by compartment, place and the other side of the body."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from calciscope.ct.anatomy import Anatomy, Place
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Region
from calciscope.spect.references import References
from calciscope.volume import Volume

EXCRETION_FAINT = 5.0
"""Bowel, stomach and glands up to this many times muscle are faint."""

SYMMETRIC_SHARE = 0.5
"""Bones of both sides whose highest uptake differs by no more than this are symmetric."""

MIRROR_MM = 20.0
"""How far from its mirror image a counterpart is looked for: legs do not lie alike."""

JOINT_TIMES_BONE = 4.0
BONE_TIMES_BONE = 3.0
"""Without a counterpart: joints and other bone up to this many times the bone reference."""

JOINT_REGIONS = (Region.KNEE, Region.ANKLE, Region.FOOT)

PHYSIOLOGIC_RULE = (
    "expected are: urinary uptake; faint uptake of bowel, stomach and glands, up to "
    f"{EXCRETION_FAINT:g} times muscle; bone and joint (growth plates included) where bone of the "
    f"other side within {MIRROR_MM:g} mm of the mirrored place takes up at least "
    f"{SYMMETRIC_SHARE:.0%} as much, or, in the midline or where the other side is not in view, up "
    f"to {BONE_TIMES_BONE:g} times the bone reference, {JOINT_TIMES_BONE:g} times at knee, ankle "
    "and foot; never muscle, subcutis, vessel or any other soft tissue, nor what is indeterminate"
)
"""The rule in words."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """What the rule looks at.

    Attributes:
        compartment: of the hot spot.
        place: of its centroid.
        highest: uptake.
        counterpart: highest uptake of bone at the mirrored place; None where that is not in view.
    """

    compartment: Compartment
    place: Place
    highest: float
    counterpart: float | None


def is_physiologic(spot: Candidate, references: References) -> bool:
    """Whether a hot spot is where uptake is expected, see `PHYSIOLOGIC_RULE`."""
    if spot.compartment is Compartment.URINARY:
        return True
    if spot.compartment is Compartment.PERTECHNETATE_GI:
        faint = references.muscle is not None
        return faint and spot.highest <= EXCRETION_FAINT * (references.muscle or 0.0)
    if spot.compartment not in (Compartment.BONE, Compartment.JOINT):
        return False
    if spot.counterpart is not None:
        return spot.counterpart >= SYMMETRIC_SHARE * spot.highest
    bone = references.bone_of(spot.place.laterality)
    times = JOINT_TIMES_BONE if spot.place.region in JOINT_REGIONS else BONE_TIMES_BONE
    return bone is not None and spot.highest <= times * bone


def bone_counterpart(
    uptake: Volume, voxels: NDArray[np.intp], bone: NDArray[np.bool_], anatomy: Anatomy
) -> float | None:
    """Highest uptake of bone near the mirror image of a hot spot.

    Args:
        uptake: the SPECT.
        voxels: of the hot spot, shape (N, 3).
        bone: voxels of the SPECT that are bone in good part.

    Returns:
        None where the hot spot lies in the middle, only one limb is in view, or no bone is there.
    """
    places = uptake.lps_mm(voxels)
    if anatomy.sides.laterality(places.mean(axis=0)) is Laterality.MIDLINE:
        return None
    mirrored = anatomy.sides.mirrored(places)
    bony = np.argwhere(bone)
    if mirrored is None or not len(bony):
        return None
    gap, _ = cKDTree(mirrored).query(uptake.lps_mm(bony), distance_upper_bound=MIRROR_MM)
    near = bony[np.isfinite(gap)]
    # Not its own other half, where the body is one piece.
    own = set(map(tuple, voxels.tolist()))
    near = np.array([voxel for voxel in near.tolist() if tuple(voxel) not in own])
    if not len(near):
        return None
    return float(uptake.array[tuple(near.T)].max())
