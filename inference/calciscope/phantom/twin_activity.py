"""Where the tracer is in the digital twin of the case report (domain figures, section 7).

Each chain of rods in muscle lies in a sleeve of uptake, each subcutaneous plate in a sheet;
nodules have none. In the left thigh the sleeve is wider and longer than its chain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import PhantomError
from calciscope.evaluation.spect.cases import NO_COMPARTMENT
from calciscope.labels import Compartment
from calciscope.phantom import legs
from calciscope.phantom.activity.foci import Focus, rounded
from calciscope.phantom.activity.leg_tissues import leg_tissues
from calciscope.phantom.activity.maps import ActivityMap
from calciscope.phantom.activity.settings import INDEX
from calciscope.phantom.activity.sheet import Sheet
from calciscope.phantom.deposits import Deposit, Lesion
from calciscope.phantom.legs import Leg
from calciscope.phantom.mineral import rasterize
from calciscope.phantom.shapes import Capsule, Ellipsoid, Points, Shape
from calciscope.spect.findings import ConcordanceClass
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


UNTOUCHED = (Compartment.BONE, Compartment.JOINT)
"""Where no sleeve or sheet reaches into."""


@dataclass(frozen=True, eq=False)
class Uptake:
    """A focus to be painted: solids of one activity.

    Attributes:
        kind: name of the chain, or what else it is.
        compartment: that it belongs to.
        suv: true SUVbw; None leaves what the tissue has.
        shapes: overlapping ones do not add up.
        classified: what CT and SPECT ought to say of it.
        lesion_ids: its mineral, numbered from 1 as `acquire` does.
    """

    kind: str
    compartment: Compartment
    suv: float | None
    shapes: tuple[Shape, ...]
    classified: ConcordanceClass = ConcordanceClass.CALCIFIED_HOT
    lesion_ids: tuple[int, ...] = ()


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
        lesions: of the CT, with the chain's name each; what is no calcification has no uptake.
        range_mm: lowest and highest z of the map.
        cold: chains without uptake.
        more: uptake that has no mineral.

    Raises:
        PhantomError: a chain of `cold` does not exist.
    """
    if missing := set(cold) - {lesion.name for lesion in lesions}:
        raise PhantomError(f"the twin has no chain {', '.join(sorted(missing))} to be cold")
    grid = _grid(pair, range_mm)
    suv, compartments = leg_tissues(pair, grid)
    free = ~np.isin(compartments, [NO_COMPARTMENT, *(INDEX[c] for c in UNTOUCHED)])
    foci: list[Focus] = []
    for uptake in (*uptakes_of_lesions(lesions, cold), *more):
        focus = _paint(suv, compartments, free, grid, uptake, len(foci) + 1)
        if focus is not None:
            foci.append(focus)
    return ActivityMap(grid.with_array(suv), grid.with_array(compartments), tuple(foci))


def uptakes_of_lesions(lesions: Sequence[Lesion], cold: Sequence[str] = ()) -> list[Uptake]:
    """Sleeves of the chains and sheets of the plates, by name in the order of the lesions."""
    groups: dict[str, list[tuple[int, Lesion]]] = {}
    for number, lesion in enumerate(lesions, start=1):
        groups.setdefault(lesion.name, []).append((number, lesion))
    uptakes = []
    for name, group in groups.items():
        kind, side = group[0][1].kind, group[0][1].side
        if kind == "C3":
            shapes: tuple[Shape, ...] = (_sleeve(name, [_rod(lesion) for _, lesion in group]),)
            level = THIGH_SUV if name in THIGH_CHAINS else SLEEVE_SUV[side]
            compartment = Compartment.MUSCLE
        elif kind == "C2":
            shapes = tuple(_sheet(lesion) for _, lesion in group)
            level, compartment = SHEET_SUV, Compartment.SUBCUTANEOUS
        else:
            continue
        ids = tuple(number for number, _ in group)
        hot = Uptake(name, compartment, level, shapes, lesion_ids=ids)
        inert = replace(hot, suv=None, classified=ConcordanceClass.CALCIFIED_COLD)
        uptakes.append(inert if name in cold else hot)
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
    number: int,
) -> Focus | None:
    """Paint one focus where the body is free for it; None where it lies outside of the grid."""
    solids = tuple(Deposit(shape, 1.0) for shape in uptake.shapes)
    patch = rasterize(Lesion("", uptake.compartment, solids), grid, step_mm=0.6)
    if patch is None:
        return None
    cover = patch.fraction * free[patch.box]
    where = np.argwhere(cover > 0)
    if len(where) == 0:
        return None
    if uptake.suv is not None:
        # Neighbors that touch share a voxel: the hotter of both, not their sum.
        level = suv[patch.box] + cover * (np.float32(uptake.suv) - suv[patch.box])
        suv[patch.box] = np.maximum(suv[patch.box], level)
        compartments[patch.box][cover >= 0.5] = INDEX[uptake.compartment]
    weight = cover[tuple(where.T)].astype(float)
    center = np.average(where, axis=0, weights=weight) + [part.start for part in patch.box]
    found = float(np.average(suv[patch.box][tuple(where.T)], weights=weight))
    return Focus(
        number,
        uptake.compartment,
        uptake.kind,
        found if uptake.suv is None else uptake.suv,
        float(weight.sum()) * grid.voxel_volume_mm3 / 1000.0,
        rounded(grid.lps_mm(center)),
        uptake.classified,
        uptake.lesion_ids,
        False,
        round(float((np.ptp(where, axis=0) + 1).max() * VOXEL_MM), 1),
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
