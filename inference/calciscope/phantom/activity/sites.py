"""Where the middle of a focus may lie, by the names that activity.yaml uses."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calciscope.labels import IGNORE, Compartment
from calciscope.phantom.activity.layers import VOXEL_MM, Layers, Mask
from calciscope.phantom.anatomy.parts import Vessel

Rng = np.random.Generator

NEAR_MM = 6.0
"""Within this of a fascia or of bone a focus is hard to tell from what lies beyond."""

END_MARGIN_MM = 12.0
"""Foci keep this far from both ends of the field along the body."""


def site_mask(layers: Layers, site: str) -> Mask:
    """Voxels where the middle of a focus may lie; all False where the body has no such place."""
    plain = {
        Compartment.MUSCLE: layers.of_compartment(Compartment.MUSCLE) & (layers.tissues != IGNORE),
        Compartment.SUBCUTANEOUS: layers.of_compartment(Compartment.SUBCUTANEOUS),
        Compartment.BONE: layers.of_compartment(Compartment.BONE),
    }
    muscle = plain[Compartment.MUSCLE]
    fat = plain[Compartment.SUBCUTANEOUS]
    bone = plain[Compartment.BONE]
    if site == "muscle":
        return np.asarray(muscle & (layers.from_fat_mm > 4) & (layers.from_bone_mm > 4))
    if site == "muscle_near_fascia":
        return np.asarray(muscle & (layers.from_fat_mm < NEAR_MM) & (layers.from_bone_mm > 6))
    if site == "muscle_near_bone":
        return np.asarray(muscle & (layers.from_bone_mm < NEAR_MM) & ~layers.joint)
    if site == "subcutaneous":
        return np.asarray(fat & (layers.skin_depth_mm > 2))
    if site == "subcutaneous_near_fascia":
        return np.asarray(fat & (layers.from_muscle_mm < NEAR_MM) & (layers.skin_depth_mm > 2))
    if site == "skin":
        return np.asarray(fat & (layers.skin_depth_mm < 5))
    if site == "bone":
        return np.asarray(bone & (layers.from_joint_mm > 6))
    if site == "bone_near_joint":
        return np.asarray(bone & (layers.from_joint_mm > 3) & (layers.from_joint_mm < 14))
    if site == "joint":
        return layers.joint & ~layers.tendon
    if site == "tendon":
        return layers.tendon & (layers.from_bone_mm < 12)
    if site == "outside":
        return np.asarray((layers.height_mm > 0.5) & (layers.height_mm < 6))
    if site == "far_outside":
        return np.asarray((layers.height_mm > 14) & (layers.height_mm < 30))
    if site == "beside_bladder" and "bladder" in layers.organs:
        near = layers.distance_mm(layers.organs["bladder"])
        return layers.of_compartment(Compartment.ABDOMINAL) & (near > 4) & (near < 20)
    if site == "injection":
        return np.asarray(fat & (layers.skin_depth_mm > 2) & (layers.from_muscle_mm < 12))
    return layers.organs.get(site, np.zeros(layers.suv.shape, bool))


def allowed_mask(layers: Layers, site: str, compartment: Compartment) -> Mask:
    """Voxels that a focus of a site may spread to, so that it stays in its compartment."""
    if site in ("outside", "far_outside"):
        return ~layers.body
    if site == "injection":
        return layers.body & ~layers.bone
    if site == "joint":
        return layers.joint
    if site == "tendon":
        return layers.joint | (layers.of_compartment(Compartment.JOINT))
    if site == "beside_bladder":
        return layers.of_compartment(Compartment.ABDOMINAL)
    if site in ("renal pelvis", "ureter"):
        # What is dilated takes the place of the fat and the kidney around it.
        inner = layers.of_compartment(Compartment.ABDOMINAL)
        return inner | layers.of_compartment(Compartment.URINARY)
    return layers.of_compartment(compartment)


def draw_middle(layers: Layers, mask: Mask, rng: Rng) -> NDArray[np.intp] | None:
    """A random voxel of a mask off the ends of the field; None where there is none."""
    margin = round(END_MARGIN_MM / VOXEL_MM)
    inner = mask[:, :, margin:-margin] if mask.shape[2] > 2 * margin else mask[:, :, :0]
    flat = np.flatnonzero(inner)
    if len(flat) == 0:
        return None
    index = np.array(np.unravel_index(int(rng.choice(flat)), inner.shape), dtype=np.intp)
    return np.asarray(index + np.array([0, 0, margin]))


def usable_vessels(layers: Layers, superficial: bool) -> list[Vessel]:
    """Vessels of one kind of which at least 30 mm lie in the field."""
    low, high = layers.grid.lps_mm([0, 0, 0]), layers.grid.lps_mm(np.array(layers.suv.shape) - 1)
    found = []
    for vessel in layers.vessels:
        inside = (vessel.points[:, 2] > low[2]).any() and (vessel.points[:, 2] < high[2]).any()
        reach = np.clip(vessel.points[:, 2], low[2], high[2])
        if inside and vessel.superficial == superficial and np.ptp(reach) > 30:
            found.append(vessel)
    return found


def skin_normal(layers: Layers, index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Unit vector to the outside at a voxel."""
    depth = layers.smooth_depth
    slope = np.zeros(3)
    for axis in range(3):
        low, high = index.copy(), index.copy()
        low[axis] = max(low[axis] - 2, 0)
        high[axis] = min(high[axis] + 2, depth.shape[axis] - 1)
        slope[axis] = float(depth[tuple(low)] - depth[tuple(high)])
    norm = float(np.linalg.norm(slope))
    return slope / norm if norm > 1e-3 else np.array([0.0, -1.0, 0.0])


def fiber_at(
    muscles: Sequence[NDArray[np.float64]], point: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Unit vector of the nearest muscle's line, along the body where none is near."""
    best, direction = 60.0, np.array([0.0, 0.0, 1.0])
    for nodes in muscles:
        for a, b in itertools.pairwise(nodes):
            run = b - a
            share = np.clip((point - a) @ run / max(float(run @ run), 1e-6), 0, 1)
            distance = float(np.linalg.norm(point - a - share * run))
            if distance < best:
                best, direction = distance, run / max(float(np.linalg.norm(run)), 1e-6)
    return direction
