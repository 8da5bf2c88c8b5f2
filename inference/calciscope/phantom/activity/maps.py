"""The activity map of a random patient: what scan_spect is given, with its truth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from calciscope.evaluation.spect.cases import NO_COMPARTMENT
from calciscope.labels import Compartment
from calciscope.phantom.activity.foci import Focus, draw_foci, rounded
from calciscope.phantom.activity.layers import VOXEL_MM, Layers
from calciscope.phantom.activity.lesions import paint_lesions
from calciscope.phantom.activity.normal import normal_uptake
from calciscope.phantom.activity.settings import ActivitySettings, activity_settings
from calciscope.phantom.anatomy.parts import rotation
from calciscope.phantom.anatomy.solids import Points
from calciscope.phantom.bodies import Body
from calciscope.phantom.limb_drawing import Canvas
from calciscope.phantom.mineral import Lesion
from calciscope.phantom.spect.grids import onto
from calciscope.volume import Volume

Rng = np.random.Generator

TRUNK = ("chest", "abdomen", "pelvis", "shoulder")
PHYSIOLOGIC = ("kidney", "renal pelvis", "ureter", "bladder", "growth plate")
LEAST_PHYSIOLOGIC_SUV = 2.0


@dataclass(frozen=True, eq=False)
class ActivityMap:
    """True uptake of a patient.

    Attributes:
        suv: float32 SUVbw on a fine canonical grid.
        compartments: uint8, index into HOT_SPOT_COMPARTMENTS, 255 = none; same grid.
        foci: what was put there, and what is normally hot.
        traits: what is special about the uptake (pertechnetate).
    """

    suv: Volume
    compartments: Volume
    foci: tuple[Focus, ...]
    traits: tuple[str, ...] = ()


def random_activity(
    body: Body, canvas: Canvas, lesions: Sequence[Lesion], rng: Rng,
    settings: ActivitySettings | None = None,
) -> ActivityMap:  # fmt: skip
    """The uptake of a painted body.

    Args:
        body: posed; canvas: it painted, changed where the CT shows what takes up tracer.
        lesions: mineral that was placed; id n + 1 in the lesion table is number n here.
        rng: of every draw; settings: None for those of activity.yaml.
    """
    settings = settings or activity_settings()
    layers = normal_uptake(body, canvas, settings, rng)
    foci = physiologic_foci(layers)
    traits: list[str] = []
    marked = [
        replace(f, id=len(foci) + f.id) for f in paint_lesions(layers, lesions, settings, rng)
    ]
    foci += marked
    muscles = [m for limb in body.limbs for m in limb.muscles]
    foci += draw_foci(layers, canvas, muscles, settings, body.part in TRUNK, rng, len(foci) + 1)
    if any(f.compartment == Compartment.PERTECHNETATE_GI for f in foci):
        traits.append("pertechnetate")
    return ActivityMap(
        layers.grid.with_array(layers.suv), layers.grid.with_array(layers.compartments),
        tuple(foci), tuple(traits),
    )  # fmt: skip


def physiologic_foci(layers: Layers) -> list[Focus]:
    """Organs, and growth plates, that are hot in everybody."""
    foci: list[Focus] = []
    for name in PHYSIOLOGIC:
        if name not in layers.organs:
            continue
        labels, count = ndimage.label(layers.organs[name])
        for n in range(1, count + 1):
            index = np.argwhere(labels == n)
            values = layers.suv[tuple(index.T)]
            if len(index) * VOXEL_MM**3 < 200 or values.mean() < LEAST_PHYSIOLOGIC_SUV:
                continue
            center = layers.grid.lps_mm(index.mean(axis=0))
            compartment = Compartment.BONE if name == "growth plate" else Compartment.URINARY
            foci.append(Focus(
                len(foci) + 1, compartment, name.replace(" ", "_"), round(float(values.mean()), 2),
                round(len(index) * VOXEL_MM**3 / 1000, 2),
                rounded(center), None, (), True,
                round(float((np.ptp(index, axis=0).max() + 1) * VOXEL_MM), 1),
            ))  # fmt: skip
    return foci


def random_shift(center_mm: Points, settings: ActivitySettings, rng: Rng) -> Points:
    """Rigid world transform, 4 x 4, of the patient between CT and SPECT."""
    matrix = np.eye(4)
    if rng.uniform() < settings.shares["unshifted"]:
        return matrix
    direction = rng.normal(size=3)
    shift = settings.misregistration["shift_mm"].draw(rng) * direction / np.linalg.norm(direction)
    angle = settings.misregistration["rotation_deg"].draw(rng)
    share = rng.normal(size=3)
    share *= angle / np.linalg.norm(share)
    turn = rotation(0, share[0]) @ rotation(1, share[1]) @ rotation(2, share[2])
    matrix[:3, :3] = turn
    matrix[:3, 3] = center_mm + shift - turn @ center_mm
    return matrix


def moved_map(activity: ActivityMap, matrix: Points) -> ActivityMap:
    """The map as it lies after the patient moved, on the same grid; foci stay as in the CT."""
    grid = activity.suv
    if np.allclose(matrix, np.eye(4)):
        return activity
    back = np.linalg.inv(grid.affine) @ np.linalg.inv(matrix) @ grid.affine

    compartments = ndimage.affine_transform(
        activity.compartments.array, back[:3, :3], back[:3, 3], order=0, mode="constant",
        cval=NO_COMPARTMENT,
    )  # fmt: skip
    return replace(
        activity,
        suv=grid.with_array(onto(grid, grid, 0.0, matrix)),
        compartments=grid.with_array(compartments),
    )
