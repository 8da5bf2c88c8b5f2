"""Tracer in the tissues of painted legs: muscle, fat, bone by height, vessels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.spect.cases import NO_COMPARTMENT
from calciscope.labels import Compartment, Label
from calciscope.phantom import legs
from calciscope.phantom.activity.settings import INDEX
from calciscope.phantom.deposits import Deposit, Lesion
from calciscope.phantom.legs import Leg
from calciscope.phantom.limb_drawing import VESSELS, Canvas, draw_leg
from calciscope.phantom.mineral import rasterize
from calciscope.phantom.shapes import Capsule
from calciscope.volume import Volume

FAT_SUV = 0.25
VESSEL_SUV = 1.0

#: height over the ankle joint in mm (tibia of 380), SUV; linear between
MUSCLE_SUV: legs.Profile = ((-80, 0.7), (370, 0.7), (430, 0.45), (840, 0.45))

BONE_SUV: legs.Profile = (
    (-80, 2.5), (12, 2.5), (18, 2.2), (42, 2.2), (55, 1.3), (322, 1.3), (335, 2.2), (358, 2.2),
    (364, 2.5), (436, 2.5), (442, 2.2), (470, 2.2), (485, 1.3), (840, 1.3),
)  # fmt: skip
"""Ankle and foot, metaphysis and shaft of the tibia, knee with patella, then the femur."""

FIBULA_SHAFT_SUV = 1.1

JOINTS_MM = ((-80.0, 15.0), (361.0, 439.0))
"""Heights at which bone belongs to a joint: foot and ankle, and knee."""

NARROW_MM, WIDE_MM, WIDE_ABOVE_MM = 2.1, 4.5, 420.0
"""Radius of artery and veins together in the shank and above the knee."""


def leg_tissues(pair: Sequence[Leg], grid: Volume) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Paint the tracer of healthy tissue.

    Args:
        pair: the legs; their radii and heights are those of the CT.
        grid: canonical; its array is not used.

    Returns:
        True SUV and compartments (see `ActivityMap`), each of the shape of `grid`.
    """
    canvas = Canvas.blank(grid)
    calm = np.zeros(grid.shape, np.float32)
    for leg in pair:
        draw_leg(canvas, leg, calm)
    suv = np.zeros(grid.shape, np.float32)
    compartments = np.full(grid.shape, NO_COMPARTMENT, np.uint8)
    subcutis = canvas.tissues == Label.SUBCUTANEOUS
    suv[subcutis] = FAT_SUV
    compartments[subcutis] = INDEX[Compartment.SUBCUTANEOUS]
    for leg in pair:
        _paint_planes(suv, compartments, canvas, leg)
        _paint_vessels(suv, compartments, canvas, leg)
    return suv, compartments


def _paint_planes(
    suv: NDArray[np.float32], compartments: NDArray[np.uint8], canvas: Canvas, leg: Leg
) -> None:
    """Muscle and bone of one leg, plane by plane; a leg reaches to the middle of the grid."""
    grid = canvas.grid
    points = np.stack(np.meshgrid(np.arange(grid.shape[0]), np.arange(grid.shape[1]), [0.0],
                                  indexing="ij"), axis=-1)[:, :, 0]  # fmt: skip
    world = grid.lps_mm(points)
    own = world[..., 0] * leg.sign > 0
    heights = grid.lps_mm([[0, 0, k] for k in range(grid.shape[2])])[:, 2]
    for k, z_mm in enumerate(heights):
        z = float(z_mm) / leg.length
        muscle = own & (canvas.tissues[:, :, k] == Label.MUSCLE)
        bone = own & (canvas.tissues[:, :, k] == Label.BONE)
        suv[:, :, k][muscle] = legs.at(MUSCLE_SUV, z)[0]
        compartments[:, :, k][muscle] = INDEX[Compartment.MUSCLE]
        u, v = leg.local(world[..., 0], world[..., 1], float(z_mm))
        suv[:, :, k][bone] = _bone_suv(u[bone], v[bone], z)
        joint = any(low <= z <= high for low, high in JOINTS_MM)
        compartments[:, :, k][bone] = INDEX[Compartment.JOINT if joint else Compartment.BONE]


def _bone_suv(u: NDArray[np.float64], v: NDArray[np.float64], z: float) -> NDArray[np.float64]:
    """SUV of bone at places of one plane of the leg frame: the fibula's shaft has less."""
    level = float(legs.at(BONE_SUV, z)[0])
    result = np.full(u.shape, level)
    if legs.spans(legs.FIBULA, z) and legs.spans(legs.TIBIA, z):
        fibula, tibia = legs.at(legs.FIBULA, z), legs.at(legs.TIBIA, z)
        nearer = np.hypot(u - fibula[0], v - fibula[1]) < np.hypot(u - tibia[0], v - tibia[1])
        shaft = float(legs.at(BONE_SUV, 200)[0])
        result[nearer] = FIBULA_SHAFT_SUV if level <= shaft else level
    return result


def _paint_vessels(
    suv: NDArray[np.float32], compartments: NDArray[np.uint8], canvas: Canvas, leg: Leg
) -> None:
    """Blood in the arteries and their veins, as far as they run in muscle."""
    for profile in VESSELS:
        low, high = profile[0][0], profile[-1][0]
        steps = np.linspace(low, high, int((high - low) / 10) + 1)
        places = [
            leg.world(float(u), float(v), float(z) * leg.length)
            for z in steps
            for u, v in [legs.at(profile, float(z))]
        ]
        tubes = tuple(
            Deposit(Capsule(start, end, WIDE_MM if z > WIDE_ABOVE_MM else NARROW_MM), 1.0)
            for start, end, z in zip(places[:-1], places[1:], steps, strict=False)
        )
        patch = rasterize(Lesion("X3", "vascular", tubes), canvas.grid, step_mm=1.2)
        if patch is not None:
            cover = patch.fraction * (canvas.tissues[patch.box] == Label.MUSCLE)
            suv[patch.box] += cover * (np.float32(VESSEL_SUV) - suv[patch.box])
            compartments[patch.box][cover > 0.5] = INDEX[Compartment.VASCULAR]
