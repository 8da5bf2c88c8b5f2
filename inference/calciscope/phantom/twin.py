"""The digital twin of the case report: calcinosis of both legs in a man of 35 with CREST.

Chains of rods in named muscles along the tibia, plates and nodules in the subcutis, mainly in the
lower half of the legs (twin_lesions.json). All figures are design choices consistent with the
report, which gives none; the volume and mass of what is really painted are recomputed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import PhantomError
from calciscope.labels import Label
from calciscope.phantom import legs
from calciscope.phantom.acquisition import Acquired, Protocol, acquire
from calciscope.phantom.legs import Leg
from calciscope.phantom.limb_drawing import Canvas
from calciscope.phantom.mineral import Deposit, Lesion
from calciscope.phantom.scene import Furniture, paint_scene
from calciscope.phantom.shapes import Capsule, Ellipsoid, Points, frame_from_normal
from calciscope.physics import tissue_hu
from calciscope.volume import Volume

SEED = 20260000
PIXEL_MM = 0.98
LEG_CENTER_MM = 85.0

SOFT = Protocol(
    kvp=130, slice_mm=2.5, increment_mm=2.5, kernel="B30s", fwhm_mm=1.2, noise_hu=14,
    beam_hardening_hu=15,
)  # fmt: skip
BONE_KERNEL = replace(
    SOFT, slice_mm=1.25, increment_mm=1.25, kernel="B60s", fwhm_mm=0.7, edge=0.25, noise_hu=70,
    noise_peak_lp_mm=0.65,
)  # fmt: skip

FURNITURE = Furniture(table_y_mm=88.0, blanket_hu=-750.0)

RANGES_MM = {"legs": (-30.0, 360.0), "two-bed": (-30.0, 700.0)}
"""Height over the ankle joint that each variant covers."""

BONE_CLEARANCE_MM = 3.5
SKIN_CLEARANCE_MM = 9.0
CHAIN_CLEARANCE_MM = 4.0
STEEPEST_TILT = float(np.tan(np.deg2rad(8.0)))


@dataclass(frozen=True, eq=False)
class Twin:
    """The scanned twin.

    Attributes:
        acquired: CT, labels and lesion table.
        protocol: of the scan.
        legs: right and left leg.
        lesions: what was painted, with chain names as in twin_lesions.json.
    """

    acquired: Acquired
    protocol: Protocol
    legs: tuple[Leg, Leg]
    lesions: tuple[Lesion, ...]


def twin_rows() -> list[dict[str, Any]]:
    """The rows of twin_lesions.json."""
    text = resources.files("calciscope.phantom").joinpath("twin_lesions.json").read_text("utf-8")
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


def make_twin(
    variant: str = "legs",
    protocol: Protocol = SOFT,
    more: Sequence[Lesion] = (),
    furniture: Furniture = FURNITURE,
) -> Twin:
    """Paint and scan the twin.

    Args:
        variant: legs (feet to below the knee) or two-bed (feet to mid-thigh).
        protocol: SOFT, BONE_KERNEL or any other.
        more: what the case report does not have, such as calcified arteries.
        furniture: table and blanket.

    Raises:
        PhantomError: unknown variant, or a chain finds no room in its muscle.
    """
    rng = np.random.default_rng(SEED)
    pair = twin_legs(protocol.kvp)
    canvas = painted_twin(pair, variant, protocol, rng, furniture)
    lesions = [*_lesions(canvas, pair, variant, rng), *more]
    return Twin(acquire(canvas, lesions, protocol, rng), protocol, pair, tuple(lesions))


def lesions_of_twin(protocol: Protocol = SOFT, variant: str = "legs") -> tuple[Lesion, ...]:
    """The lesions of the twin as `make_twin` paints them, without a scan."""
    rng = np.random.default_rng(SEED)
    pair = twin_legs(protocol.kvp)
    canvas = painted_twin(pair, variant, protocol, rng)
    return tuple(_lesions(canvas, pair, variant, rng))


def twin_legs(kvp: float) -> tuple[Leg, Leg]:
    """The right and the left leg of the twin."""
    return _leg("R", kvp), _leg("L", kvp)


def painted_twin(
    pair: tuple[Leg, Leg],
    variant: str,
    protocol: Protocol,
    rng: np.random.Generator,
    furniture: Furniture = FURNITURE,
) -> Canvas:
    """Legs on table and blanket, without mineral.

    Raises:
        PhantomError: unknown variant.
    """
    if variant not in RANGES_MM:
        raise PhantomError(f"no twin variant {variant!r}; choose one of {', '.join(RANGES_MM)}")
    low, high = RANGES_MM[variant]
    step = min(1.25, 0.5 * protocol.slice_mm)
    width, height = (384, 300) if variant == "legs" else (400, 320)
    shape = (width, height, int((high - low) / step))
    blank = np.broadcast_to(np.uint8(0), shape)
    origin = (-0.5 * (width - 1) * PIXEL_MM, -150.0, low)
    grid = Volume.from_spacing(blank, (PIXEL_MM, PIXEL_MM, step), origin)
    return paint_scene(grid, list(pair), furniture, rng)


def _lesions(
    canvas: Canvas, pair: tuple[Leg, Leg], variant: str, rng: np.random.Generator
) -> list[Lesion]:
    """The lesions of both legs, where there is room for them."""
    high = RANGES_MM[variant][1]
    return [lesion for leg in pair for lesion in _leg_lesions(canvas, leg, high, rng)]


def _leg(side: str, kvp: float) -> Leg:
    """A leg of the twin: swollen calves, epiphyses closed, fabella on the right only."""
    return Leg(
        side=side,
        center_x_mm=LEG_CENTER_MM * (1 if side == "L" else -1),
        marrow_hu=tissue_hu("yellow_marrow", kvp),
        spongiosa_hu=tissue_hu("spongiosa", kvp),
        cortical_hu=tissue_hu("cortical_bone", kvp),
        vessel_hu=tissue_hu("blood", kvp),
        bones_left_out=() if side == "R" else ("fabella",),
    )


def _leg_lesions(
    canvas: Canvas, leg: Leg, high_mm: float, rng: np.random.Generator
) -> list[Lesion]:
    columns = _LegColumns(canvas, leg)
    lesions: list[Lesion] = []
    for row in twin_rows():
        if row["side"] != leg.side or row["z_to_mm"] > high_mm:
            continue
        if row["shape"] == "capsule":
            lesions += _chain(columns, row, rng)
        else:
            lesions += _subcutaneous(columns, row)
    return lesions


class _LegColumns:
    """Free room for lesions in the cross-sections of one leg."""

    def __init__(self, canvas: Canvas, leg: Leg) -> None:
        self.grid = canvas.grid
        self.leg = leg
        middle = canvas.grid.shape[0] // 2
        self.half = slice(0, middle) if leg.side == "R" else slice(middle, None)
        self.offset = 0 if leg.side == "R" else middle
        self.tissues = canvas.tissues[self.half]
        self.muscles = canvas.muscles[self.half]
        self.taken: list[Capsule] = []

    def plane(self, z_mm: float) -> int:
        """Index of the plane at a height."""
        return int(np.round((z_mm - self.grid.affine[2, 3]) / self.grid.spacing_mm[2]))

    def room_mm(self, muscle: int, z_mm: float) -> NDArray[np.float64]:
        """Distance to anything that a rod in this muscle must keep away from; shape (X, Y)."""
        k = self.plane(z_mm)
        tissues = self.tissues[:, :, k]
        pixel = float(self.grid.spacing_mm[0])

        def distance_to(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
            if not mask.any():
                return np.full(mask.shape, 1e3)
            return np.asarray(ndimage.distance_transform_edt(~mask) * pixel)

        room = distance_to(self.muscles[:, :, k] != muscle)
        room = np.minimum(room, distance_to(tissues == Label.BONE) - BONE_CLEARANCE_MM)
        room = np.minimum(room, distance_to(tissues == Label.BACKGROUND) - SKIN_CLEARANCE_MM)
        # Only what is free so far is looked at again: a muscle is a small part of the plane.
        free = np.argwhere(room > 0)
        index = free + np.array([self.offset, 0])
        points = self.grid.lps_mm(np.column_stack([index, np.full(len(index), k)]))
        for other in self.taken:
            gap = other.distance_mm(points) - CHAIN_CLEARANCE_MM
            where = (free[:, 0], free[:, 1])
            room[where] = np.minimum(room[where], gap)
        return room

    def best_line(self, muscle: int, z0: float, z1: float) -> tuple[Points, Points, float]:
        """Ends of the line from z0 to z1 with most room around it, and that room (mm)."""
        heights = np.linspace(z0, z1, 7)
        rooms = [self.room_mm(muscle, z) for z in heights]
        first = _best_pixels(rooms[0])
        last = _best_pixels(rooms[-1])
        a, b = first[:, None, :], last[None, :, :]
        pixel = float(self.grid.spacing_mm[0])
        lean = np.linalg.norm(b - a, axis=-1) * pixel / max(z1 - z0, 1.0)
        least = np.where(lean <= STEEPEST_TILT, np.inf, -np.inf)
        for share, room in zip(np.linspace(0, 1, 7), rooms, strict=True):
            spot = np.round(a + share * (b - a)).astype(int)
            least = np.minimum(least, room[spot[..., 0], spot[..., 1]])
        i, j = np.unravel_index(int(np.argmax(least)), least.shape)
        ends = [self.grid.lps_mm([p[0] + self.offset, p[1], 0]) for p in (first[i], last[j])]
        ends[0][2], ends[1][2] = z0, z1
        return ends[0], ends[1], float(least[i, j])

    def depth_line(self, angle: float, z_mm: float, depth_mm: float) -> tuple[Points, Points]:
        """Point `depth_mm` under the skin at `angle` of the leg frame, and the outward unit."""
        u, v = np.cos(angle), np.sin(angle)
        center = self.leg.world(0, 0, z_mm)
        outward = self.leg.world(u, v, z_mm) - center
        steps = np.arange(0, 140, 0.25)
        points = center + steps[:, None] * outward
        index = np.round(self.grid.index(points)).astype(int) - [self.offset, 0, 0]
        k = int(np.clip(self.plane(z_mm), 0, self.tissues.shape[2] - 1))
        inside = ((index[:, :2] >= 0) & (index[:, :2] < self.tissues.shape[:2])).all(axis=1)
        index = np.clip(index, 0, np.array(self.tissues.shape) - 1)
        body = inside & (self.tissues[index[:, 0], index[:, 1], k] > 0)
        skin = steps[np.flatnonzero(body)[-1]]
        return center + (skin - depth_mm) * outward, outward


def _best_pixels(room: NDArray[np.float64], count: int = 120) -> NDArray[np.int_]:
    """A thinned-out choice of the roomiest pixels of a plane; shape (n, 2)."""
    index = np.argwhere(room > 0)
    if len(index) == 0:
        index = np.argwhere(room >= room.max())
    order = np.argsort(-room[index[:, 0], index[:, 1]])
    best = index[order[: 4 * count]]
    return best[:: max(1, len(best) // count)]


def _chain(columns: _LegColumns, row: dict[str, Any], rng: np.random.Generator) -> list[Lesion]:
    """Rods along the fibers of the named muscle."""
    site = str(row["site"]).split(" (")[0]
    muscle = legs.MUSCLES.index(site)
    length, diameter, count = row["length_mm"], row["diam_mm"], row["n"]
    low, high, room = columns.best_line(muscle, row["z_from_mm"], row["z_to_mm"])
    if room < 0.5 * diameter:
        raise PhantomError(f"chain {row['id']} of the twin has only {room:.1f} mm in {site}")
    axis = (high - low) / np.linalg.norm(high - low)
    span = float(np.linalg.norm(high - low)) - length
    free = max(min(room - 0.5 * diameter, 1.5), 0.0)
    rods = []
    for n in range(count):
        center = low + axis * (0.5 * length + span * n / max(count - 1, 1))
        center = center + np.array([*np.clip(rng.normal(0, free / 2, 2), -free, free), 0.0])
        rods.append(Capsule.along(center, axis, length, diameter))
    columns.taken += rods
    return [
        Lesion("C3", "muscle", (Deposit(rod, row["HA_mg_cc"]),), row["side"], row["id"])
        for rod in rods
    ]


def _subcutaneous(columns: _LegColumns, row: dict[str, Any]) -> list[Lesion]:
    """Plates behind and medial, or nodules around the back half."""
    count = row["n"]
    heights = np.linspace(row["z_from_mm"] + 9, row["z_to_mm"] - 9, count)
    plate = row["shape"] == "plate"
    # Angles of the leg frame: 90 degrees is the back, 180 the medial side.
    if plate:
        angles = np.deg2rad(np.where(np.arange(count) % 2, 118.0, 152.0))
    else:
        angles = np.deg2rad(np.linspace(8, 172, count)[(np.arange(count) * 7) % count])
    lesions = []
    for z, angle in zip(heights, angles, strict=True):
        point, outward = columns.depth_line(float(angle), float(z), 4.6)
        if plate:
            axes = frame_from_normal(outward, np.array([0.0, 0.0, 1.0]))
            solid = Ellipsoid(point, 0.5 * np.array(row["dims_mm"]), axes)
        else:
            solid = Ellipsoid.sphere(point, row["dims_mm"][0])
        deposits = (Deposit(solid, row["HA_mg_cc"]),)
        kind = "C2" if plate else "C1"
        lesions.append(Lesion(kind, "subcutaneous", deposits, row["side"], row["id"]))
    return lesions
