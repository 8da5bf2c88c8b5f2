"""What looks like calcinosis and is not: Moenckeberg arteries, phleboliths, contrast, a blanket.

Test T2 of the twin. None of it takes up tracer beyond what blood does.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from calciscope.phantom import legs
from calciscope.phantom.deposits import Deposit, Lesion
from calciscope.phantom.legs import Leg
from calciscope.phantom.limb_drawing import VESSELS
from calciscope.phantom.scene import Furniture
from calciscope.phantom.shapes import Capsule, Ellipsoid, Pipe, Points, Shape
from calciscope.physics import ha_slope_hu_per_mg_cc, tissue_hu

BLANKET = Furniture(table_y_mm=88.0, blanket_hu=-300.0, wrinkle_mm=9.0)
"""Heavy and creased."""

STEP_MM = 8.0
ARTERY_MM, WALL_MM, WALL_HA = 1.6, 0.8, 450.0
"""Radius of a tibial artery to the middle of its wall, thickness and mineral of that (domain
figures 1, V2: wall 0.5-1.5 mm)."""

MEDIAL, CONTRAST = (0, 1), 2
"""Rows of VESSELS: anterior and posterior tibial arteries, and the peroneal one."""

HARDENED_MM = (30.0, 320.0)
FILLED_MM = (60.0, 330.0)
CONTRAST_HU = 300.0
"""Of blood with 10 mg iodine per mL at 130 kVp, about (domain figures 4.1: 286)."""

STONES_MM = (235.0, 262.0, 290.0)
STONE_MM, STONE_HA, STONE_DEPTH_MM = 4.0, 220.0, 5.0
"""Phleboliths of the small saphenous vein: heights, diameter, mineral, depth under the skin."""


def confounders(pair: Sequence[Leg], kvp: float) -> tuple[Lesion, ...]:
    """Vessels of both legs that are bright in CT, and none of it is calcinosis."""
    lesions = []
    for leg in pair:
        rings = [
            Deposit(Pipe(a, b, ARTERY_MM, WALL_MM), WALL_HA)
            for row in MEDIAL
            for a, b in _pieces(leg, row, HARDENED_MM)
        ]
        agent = (CONTRAST_HU - tissue_hu("blood", kvp)) / ha_slope_hu_per_mg_cc(kvp)
        filled = [
            Deposit(Capsule(a, b, ARTERY_MM), agent) for a, b in _pieces(leg, CONTRAST, FILLED_MM)
        ]
        stones = [Ellipsoid.sphere(place, STONE_MM) for place in _saphenous(leg)]
        lesions += [
            Lesion("V2", "vascular", tuple(rings), leg.side, "Moenckeberg"),
            Lesion("X3", "foreign", tuple(filled), leg.side, "contrast"),
            *(_stone(shape, leg.side) for shape in stones),
        ]
    return tuple(lesions)


def _stone(shape: Shape, side: str) -> Lesion:
    return Lesion("V3", "vascular", (Deposit(shape, STONE_HA),), side, "phlebolith")


def _pieces(leg: Leg, row: int, range_mm: tuple[float, float]) -> list[tuple[Points, Points]]:
    """Straight pieces of an artery between two heights (of a tibia of 380 mm)."""
    heights = np.arange(range_mm[0], range_mm[1] + 0.5 * STEP_MM, STEP_MM)
    # The artery is the tube on the inner side of the pair that `limb_drawing` paints.
    places = [
        leg.world(float(u) - 0.9 * ARTERY_MM, float(v), float(z) * leg.length)
        for z in heights
        for u, v in [legs.at(VESSELS[row], float(z))]
    ]
    return list(itertools.pairwise(places))


def _saphenous(leg: Leg) -> list[Points]:
    """Places in the subcutis behind the calf."""
    places = []
    for z in STONES_MM:
        _, ry, v0 = legs.at(legs.SKIN, z) * leg.girth
        places.append(leg.world(4.0, float(v0 + ry) - STONE_DEPTH_MM, z * leg.length))
    return places
