"""The digital twin a year later: more mineral on the left, and the patient lies differently.

Test T5 of the twin: +35 % mass on the left, nothing on the right, but for one rod that is gone and
one that is new. Each leg was moved, turned and tilted by a known amount, so that what a follow-up
reads back (registration, matching, change) can be held against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calciscope.phantom.acquisition import Acquired, Protocol, acquire
from calciscope.phantom.legs import Leg
from calciscope.phantom.mineral import Deposit, Lesion
from calciscope.phantom.shapes import Capsule, Ellipsoid, Points
from calciscope.phantom.twin import SEED, SOFT, Twin, lesions_of_twin, painted_twin, twin_legs
from calciscope.volume import Volume

LEFT_FACTOR = 1.35
"""Of the concentration of hydroxyapatite on the left."""

RESOLVED = ("RM4", 5)
"""Chain and rod of it that is gone: the sixth of the lateral soleus on the right."""

NEW_ROD = ("LM3", (7, 4), 70.0)
"""Chain after which a new rod is made, length and diameter, and how far above its last one."""

NOISE_SEED = SEED + 12


@dataclass(frozen=True)
class Move:
    """How one leg lies differently: shift in mm (LPS), turn about its axis, tilt in mm per mm."""

    shift_mm: tuple[float, float]
    turn_deg: float
    tilt: tuple[float, float]


MOVES = {
    "R": Move((-9.0, 4.0), 7.0, (0.03, -0.02)),
    "L": Move((12.0, 6.0), -6.0, (0.045, 0.03)),
}
"""Of each leg; tilts of 0.045 are 2.6 degrees."""

TABLE_MM = 23.0
"""How much farther to the head the patient's coordinates are."""


@dataclass(frozen=True, eq=False)
class FollowUp:
    """The twin a year later, and how it got there.

    Attributes:
        twin: the later scan.
        earlier: the legs as they lay before, right and left.
    """

    twin: Twin
    earlier: tuple[Leg, Leg]

    def later_mm(self, lps_mm: Points) -> Points:
        """Where points of the earlier scan, shape (N, 3), lie in the later one."""
        result = np.empty_like(lps_mm)
        for before, after in zip(self.earlier, self.twin.legs, strict=True):
            mine = (lps_mm[:, 0] > 0) == (before.side == "L")
            moved = [_moved_point(point, before, after) for point in lps_mm[mine]]
            result[mine] = np.reshape(moved, (-1, 3))
        result[:, 2] += TABLE_MM
        return result


def make_follow_up(protocol: Protocol = SOFT) -> FollowUp:
    """Paint and scan the twin a year later (variant legs)."""
    before = twin_legs(protocol.kvp)
    after = (_moved_leg(before[0]), _moved_leg(before[1]))
    lesions = lesions_of_twin(protocol)
    legs = {old.side: (old, new) for old, new in zip(before, after, strict=True)}
    moved = [_moved_lesion(lesion, *legs[lesion.side]) for lesion in _changed(lesions)]
    rng = np.random.default_rng(NOISE_SEED)
    canvas = painted_twin(after, "legs", protocol, rng)
    acquired = acquire(canvas, moved, protocol, rng)
    ct, labels = (along_table(volume) for volume in (acquired.ct, acquired.labels))
    scan = Acquired(ct, labels, acquired.lesions)
    return FollowUp(Twin(scan, protocol, after, tuple(moved)), before)


def along_table(volume: Volume) -> Volume:
    """The same voxels in the coordinates of a patient who lies farther to the head."""
    affine = volume.affine.copy()
    affine[2, 3] += TABLE_MM
    return Volume(volume.array, affine)


def _changed(lesions: Sequence[Lesion]) -> list[Lesion]:
    """The lesions after a year, where they were."""
    name, place = RESOLVED
    gone = [lesion for lesion in lesions if lesion.name == name][place]
    result = []
    for lesion in lesions:
        factor = LEFT_FACTOR if lesion.side == "L" else 1.0
        deposits = tuple(replace(d, ha_mg_cc=factor * d.ha_mg_cc) for d in lesion.deposits)
        if lesion is not gone:
            result.append(replace(lesion, deposits=deposits))
    return [*result, _new_rod(lesions)]


def _new_rod(lesions: Sequence[Lesion]) -> Lesion:
    """A rod above the last one of its chain, in line with it."""
    name, (length, diameter), above = NEW_ROD
    last = [lesion for lesion in lesions if lesion.name == name][-1]
    rod = last.deposits[0].shape
    if not isinstance(rod, Capsule):
        raise TypeError(f"{name} is no chain of rods")
    axis = (rod.end - rod.start) / np.linalg.norm(rod.end - rod.start)
    shape = Capsule.along(0.5 * (rod.start + rod.end) + above * axis, axis, length, diameter)
    deposit = Deposit(shape, last.deposits[0].ha_mg_cc)
    return Lesion("C3", "muscle", (deposit,), last.side, f"{name} new")


def _moved_leg(leg: Leg) -> Leg:
    move = MOVES[leg.side]
    return replace(
        leg,
        center_x_mm=leg.center_x_mm + move.shift_mm[0],
        center_y_mm=leg.center_y_mm + move.shift_mm[1],
        rotation_deg=leg.rotation_deg + move.turn_deg,
        tilt=move.tilt,
    )


def _moved_lesion(lesion: Lesion, before: Leg, after: Leg) -> Lesion:
    deposits = tuple(
        replace(deposit, shape=_moved_shape(deposit.shape, before, after))
        for deposit in lesion.deposits
    )
    return replace(lesion, deposits=deposits)


def _moved_shape(shape: object, before: Leg, after: Leg) -> Capsule | Ellipsoid:
    if isinstance(shape, Capsule):
        start, end = (_moved_point(p, before, after) for p in (shape.start, shape.end))
        return Capsule(start, end, shape.radius_mm)
    if isinstance(shape, Ellipsoid):
        angle = np.deg2rad(after.sign * (after.rotation_deg - before.rotation_deg))
        turn = np.array(
            [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
        )
        center = _moved_point(shape.center, before, after)
        return Ellipsoid(center, shape.radii_mm, turn @ shape.axes)
    raise TypeError(f"the twin has no {type(shape).__name__}")


def _moved_point(point: Points, before: Leg, after: Leg) -> Points:
    """The same place of the leg, in LPS mm."""
    x, y, z = (float(value) for value in point)
    u, v = before.local(np.array(x), np.array(y), z)
    return after.world(float(u), float(v), z)
