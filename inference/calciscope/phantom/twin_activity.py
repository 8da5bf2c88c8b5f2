"""Where the tracer is in the digital twin of the case report (domain figures, section 7).

Each chain of rods in muscle lies in a sleeve of uptake, each subcutaneous plate in a sheet;
nodules have none. In the left thigh the sleeve is wider and longer than its chain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import PhantomError
from calciscope.labels import Compartment
from calciscope.phantom import legs
from calciscope.phantom.activity.leg_tissues import NUMBER, leg_tissues
from calciscope.phantom.activity.map import NO_COMPARTMENT, ActivityMap, Focus
from calciscope.phantom.activity.sheet import Sheet
from calciscope.phantom.deposits import Deposit, Lesion
from calciscope.phantom.legs import Leg
from calciscope.phantom.mineral import rasterize
from calciscope.phantom.shapes import Capsule, Ellipsoid, Points, Shape
from calciscope.volume import Volume

VOXEL_MM = 2.4
MARGIN_MM = 6.0
"""Of the map around the legs."""

SLEEVE_MM = 10.0
SLEEVE_SUV: Mapping[str, float] = MappingProxyType({"R": 8.0, "L": 9.0})
THIGH_SLEEVE_MM, THIGH_SLEEVE_LENGTH_MM, THIGH_SUV = 14.0, 90.0, 7.0
THIGH_CHAINS = ("LT1",)

SHEET_MM, SHEET_SUV = 4.0, 7.0
SHEET_MARGIN_MM = 5.0
"""How far a sheet reaches beyond its plate within the subcutis."""


@dataclass(frozen=True, eq=False)
class Uptake:
    """A focus to be painted: solids of one activity.

    Attributes:
        name, compartment, side, suv, calcified: as of `Focus`.
        shapes: overlapping ones do not add up.
    """

    name: str
    compartment: Compartment
    side: str
    suv: float
    shapes: tuple[Shape, ...]
    calcified: bool = True


def twin_activity(
    pair: Sequence[Leg],
    lesions: Sequence[Lesion],
    range_mm: tuple[float, float],
    cold: Sequence[str] = (),
    more: Sequence[Uptake] = (),
) -> ActivityMap:
    """The activity map of a twin.

    Args:
        pair: right and left leg, as they lie.
        lesions: of the CT, with the chain's name each.
        range_mm: lowest and highest z of the map.
        cold: chains without uptake.
        more: uptake that has no mineral.

    Raises:
        PhantomError: a chain of `cold` does not exist.
    """
    names = {lesion.name for lesion in lesions}
    if missing := set(cold) - names:
        raise PhantomError(f"the twin has no chain {', '.join(sorted(missing))} to be cold")
    grid = _grid(pair, range_mm)
    suv, compartments = leg_tissues(pair, grid)
    free = (compartments != NO_COMPARTMENT) & (compartments != NUMBER[Compartment.BONE])
    free &= compartments != NUMBER[Compartment.JOINT]
    warm = [lesion for lesion in lesions if lesion.name not in cold]
    foci = []
    for uptake in (*uptakes_of_lesions(warm), *more):
        focus = _paint(suv, compartments, free, grid, uptake)
        if focus is not None:
            foci.append(focus)
    return ActivityMap(grid.with_array(suv), grid.with_array(compartments), tuple(foci))


def uptakes_of_lesions(lesions: Sequence[Lesion]) -> list[Uptake]:
    """Sleeves of the chains and sheets of the plates, by name in the order of the lesions."""
    groups: dict[str, list[Lesion]] = {}
    for lesion in lesions:
        groups.setdefault(lesion.name, []).append(lesion)
    uptakes = []
    for name, group in groups.items():
        side = group[0].side
        if group[0].kind == "C3":
            sleeve = _sleeve(name, [_rod(lesion) for lesion in group])
            level = THIGH_SUV if name in THIGH_CHAINS else SLEEVE_SUV[side]
            uptakes.append(Uptake(name, Compartment.MUSCLE, side, level, (sleeve,)))
        elif group[0].kind == "C2":
            sheets = tuple(_sheet(lesion) for lesion in group)
            uptakes.append(Uptake(name, Compartment.SUBCUTANEOUS, side, SHEET_SUV, sheets))
    return uptakes


def _sleeve(name: str, rods: Sequence[Capsule]) -> Capsule:
    """The sleeve along a chain, from the tip of its lowest rod to that of its highest."""
    ends: list[Points] = sorted((p for rod in rods for p in (rod.start, rod.end)),
                                key=lambda p: float(p[2]))  # fmt: skip
    low, high = ends[0], ends[-1]
    if name in THIGH_CHAINS:
        return Capsule.along(
            0.5 * (low + high), high - low, THIGH_SLEEVE_LENGTH_MM, THIGH_SLEEVE_MM
        )
    return Capsule(low, high, 0.5 * SLEEVE_MM)


def _rod(lesion: Lesion) -> Capsule:
    shape = lesion.deposits[0].shape
    if not isinstance(shape, Capsule):
        raise PhantomError(f"{lesion.name} of the twin is no chain of rods")
    return shape


def _sheet(lesion: Lesion) -> Sheet:
    shape = lesion.deposits[0].shape
    if not isinstance(shape, Ellipsoid):
        raise PhantomError(f"{lesion.name} of the twin is no plate")
    return Sheet.around(shape, SHEET_MARGIN_MM, SHEET_MM)


def _paint(
    suv: NDArray[np.float32],
    compartments: NDArray[np.uint8],
    free: NDArray[np.bool_],
    grid: Volume,
    uptake: Uptake,
) -> Focus | None:
    """Paint one focus where the body is free for it; None where it lies outside of the grid."""
    solids = tuple(Deposit(shape, 1.0) for shape in uptake.shapes)
    patch = rasterize(Lesion("", uptake.compartment, solids), grid, step_mm=0.6)
    if patch is None:
        return None
    cover = patch.fraction * free[patch.box]
    if not cover.any():
        return None
    # Neighbors that touch share a voxel: the hotter of both, not their sum.
    level = suv[patch.box] + cover * (np.float32(uptake.suv) - suv[patch.box])
    suv[patch.box] = np.maximum(suv[patch.box], level)
    compartments[patch.box][cover >= 0.5] = NUMBER[uptake.compartment]
    where = np.argwhere(cover > 0)
    weight = cover[tuple(where.T)].astype(float)
    start = [part.start for part in patch.box]
    x, y, z = np.average(grid.lps_mm(where + start), axis=0, weights=weight)
    return Focus(
        uptake.name,
        uptake.compartment,
        uptake.side,
        uptake.suv,
        float(weight.sum()) * grid.voxel_volume_mm3 / 1000.0,
        (float(x), float(y), float(z)),
        uptake.calcified,
    )


def _grid(pair: Sequence[Leg], range_mm: tuple[float, float]) -> Volume:
    """A grid around the skin of both legs between two heights."""
    low_z, high_z = range_mm
    points = [
        leg.world(rx * np.cos(turn), v0 + ry * np.sin(turn), z)
        for leg in pair
        for z in np.arange(low_z, high_z, 10.0)
        for rx, ry, v0 in [legs.at(legs.SKIN, z / leg.length) * leg.girth]
        for turn in np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ]
    low, high = np.min(points, axis=0) - MARGIN_MM, np.max(points, axis=0) + MARGIN_MM
    across = np.ceil((high[:2] - low[:2]) / VOXEL_MM).astype(int)
    shape = (int(across[0]), int(across[1]), int((high_z - low_z) / VOXEL_MM))
    origin = np.array([low[0], low[1], low_z]) + 0.5 * VOXEL_MM
    blank = np.broadcast_to(np.float32(0), shape)
    return Volume.from_spacing(blank, (VOXEL_MM,) * 3, origin)
