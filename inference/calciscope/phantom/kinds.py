"""How each kind of mineral looks: from a site to deposits (taxonomy ids C*, H*, V*, J1, X*).

Every builder takes (site, tissue map, rng) and returns lesions that may still turn out not to
fit; placement.py decides. Sizes are log-normal or uniform draws within the published ranges.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calciscope.phantom.mineral import Deposit, Lesion
from calciscope.phantom.shapes import Capsule, Ellipsoid, Pipe, Points, frame_from_normal
from calciscope.phantom.sites import Site, TissueMap

Rng = np.random.Generator
Builder = Callable[[Site, TissueMap, Rng], list[Lesion]]


@dataclass(frozen=True)
class Kind:
    """A kind of mineral.

    Attributes:
        build: makes its lesions at a site.
        where: tissues it is drawn in, with their weights.
        room_mm: free distance wanted around the site, drawn uniformly.
        label: compartment written into the lesion table ("" : that of the site).
    """

    build: Builder
    where: dict[str, float]
    room_mm: tuple[float, float] = (1.0, 4.0)
    label: str = ""


def _log_normal(rng: Rng, median: float, sigma: float, low: float, high: float) -> float:
    return float(np.clip(median * np.exp(rng.normal(0, sigma)), low, high))


def _unit(rng: Rng) -> Points:
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def _seed(rng: Rng) -> int:
    return int(rng.integers(2**31))


def _ellipsoid(site: Site, rng: Rng, length: float, width: float, height: float) -> Ellipsoid:
    """Long axis near the fibers, flat side to the skin."""
    along = site.fiber + 0.3 * rng.normal(size=3)
    axes = frame_from_normal(site.outward, along)
    return Ellipsoid(site.point, 0.5 * np.array([length, width, height]), axes)


def _lobulated(center: Points, diameter: float, ha: float, rng: Rng) -> tuple[Deposit, ...]:
    """A nodule of one to four merged balls."""
    balls = [Deposit(Ellipsoid.sphere(center, diameter), ha)]
    for _ in range(int(rng.integers(0, 4)) if diameter > 3 else 0):
        size = diameter * rng.uniform(0.4, 0.8)
        offset = center + _unit(rng) * diameter * rng.uniform(0.25, 0.5)
        balls.append(Deposit(Ellipsoid.sphere(offset, size), ha * rng.uniform(0.7, 1.2)))
    return tuple(balls)


def nodules(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """C1, calcinosis circumscripta: one nodule or a cluster, 1-15 mm."""
    ha = rng.uniform(150, 900)
    lesions: list[Lesion] = []
    for _ in range(int(rng.choice([1, 1, 2, 3, 5]))):
        diameter = _log_normal(rng, 3.5, 0.5, 1.5, 14)
        center = site.point + rng.normal(0, 6, 3) * [0.5, 0.5, 1] * (len(lesions) > 0)
        lesions.append(Lesion("C1", "", _lobulated(center, diameter, ha, rng)))
    return lesions


def _surface_points(
    site: Site, tissues: TissueMap, along: Points, across: Points
) -> tuple[Points, Points]:
    """Points that follow the skin at the depth of the site, from tangent-plane offsets (mm)."""
    axes = frame_from_normal(site.outward, site.fiber)
    points = site.point + along[..., None] * axes[:, 0] + across[..., None] * axes[:, 1]
    depth = float(tissues.depth_at(site.point))
    for _ in range(3):
        points = points + (tissues.depth_at(points) - depth)[..., None] * site.outward
    return points, axes


def sheet(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """C2, universalis as a plate or sheet of 1-4 mm along skin or fascia."""
    length, width = rng.uniform(8, 70), rng.uniform(6, 30)
    thickness, ha = rng.uniform(1.0, 3.5), rng.uniform(150, 600)
    step = 4.0
    a = np.arange(-length / 2, length / 2 + 0.1, step)
    b = np.arange(-width / 2, width / 2 + 0.1, step)
    grid_a, grid_b = np.meshgrid(a, b, indexing="ij")
    keep = (2 * grid_a / length) ** 2 + (2 * grid_b / width) ** 2 <= rng.uniform(0.8, 1.3)
    keep &= rng.uniform(size=keep.shape) > rng.choice([0.0, 0.1, 0.3])
    points, axes = _surface_points(site, tissues, grid_a[keep], grid_b[keep])
    radii = np.array([0.75 * step, 0.75 * step, 0.5 * thickness])
    tiles = tuple(Deposit(Ellipsoid(p, radii, axes), ha * rng.uniform(0.7, 1.2)) for p in points)
    return [Lesion("C2", "", tiles)] if tiles else []


def net(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """C2 as a net of 5-20 mm meshes; C6 (calciphylaxis) looks the same, finer."""
    mesh, radius = rng.uniform(5, 14), rng.uniform(0.5, 1.2)
    ha = rng.uniform(200, 700)
    count_a, count_b = int(rng.integers(2, 6)), int(rng.integers(2, 4))
    a, b = np.meshgrid(np.arange(count_a) * mesh, np.arange(count_b) * mesh, indexing="ij")
    a = a - a.mean() + rng.normal(0, 0.2 * mesh, a.shape)
    b = b - b.mean() + rng.normal(0, 0.2 * mesh, b.shape)
    points, _ = _surface_points(site, tissues, a, b)
    links = []
    for i in range(count_a):
        for j in range(count_b):
            for di, dj in ((1, 0), (0, 1)):
                if i + di < count_a and j + dj < count_b and rng.uniform() > 0.15:
                    rod = Capsule(points[i, j], points[i + di, j + dj], radius)
                    links.append(Deposit(rod, ha))
    return [Lesion("C2", "", tuple(links))] if links else []


def rods(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """C3, dystrophic mineral of muscle: a chain of rods along the fibers."""
    ha = rng.uniform(150, 700)
    diameter = rng.uniform(1.5, 5.0)
    gap = rng.uniform(3, 10)
    lesions: list[Lesion] = []
    position = 0.0
    for _ in range(int(rng.integers(1, 8))):
        length = max(diameter, rng.uniform(3, 25))
        center = site.point + position * site.fiber + rng.normal(0, 1.0, 3) * [1, 1, 0]
        direction = site.fiber + rng.normal(0, 0.12, 3)
        rod = Capsule.along(center, direction, length, diameter * rng.uniform(0.8, 1.2))
        lesions.append(Lesion("C3", "", (Deposit(rod, ha * rng.uniform(0.7, 1.3)),)))
        position += length + gap
    return lesions


def focus(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """C3 or C1 at its smallest: one focus of 8-60 mm3, often faint."""
    volume = _log_normal(rng, 25, 0.6, 8, 80)
    diameter = (6 * volume / np.pi) ** (1 / 3)
    stretch = rng.uniform(1.0, 2.0)
    shape = _ellipsoid(site, rng, diameter * stretch, diameter / stretch**0.5,
                       diameter / stretch**0.5)  # fmt: skip
    return [Lesion("C3", "", (Deposit(shape, rng.uniform(130, 500)),))]


def cloud(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """C5 and early C3: amorphous, ill-defined mineral of 100-330 HU mixed with its tissue."""
    length = _log_normal(rng, 11, 0.5, 4, 45)
    width, height = length * rng.uniform(0.4, 1.0), length * rng.uniform(0.3, 0.8)
    parts = []
    for n in range(int(rng.integers(1, 4))):
        center = site.point + (n > 0) * _unit(rng) * 0.4 * length * [0.6, 0.6, 1]
        scale = 1.0 if n == 0 else rng.uniform(0.4, 0.8)
        here = Site(center, site.room_mm, site.outward, site.fiber)
        solid = _ellipsoid(here, rng, scale * length, scale * width, scale * height)
        parts.append(
            Deposit(
                solid,
                rng.uniform(90, 260),
                cloudiness=rng.uniform(0.2, 1.0),
                grain_mm=rng.uniform(1.5, 6.0),
                seed=_seed(rng),
            )
        )
    return [Lesion("C5", "", tuple(parts))]


def mass(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """C4, tumoral calcinosis: lobules of paste, some with a fluid-calcium level."""
    extent = rng.uniform(8, 40)
    ha = rng.uniform(120, 450)
    level = site.point[1] + rng.normal(0, 0.2) * extent if rng.uniform() < 0.4 else None
    lobules = []
    for _ in range(int(rng.integers(3, 16))):
        offset = _unit(rng) * extent * 0.5 * rng.uniform(0, 1) ** 0.5 * [0.6, 0.6, 1]
        size = extent * rng.uniform(0.2, 0.5)
        axes = frame_from_normal(_unit(rng), _unit(rng))
        radii = 0.5 * size * rng.uniform(0.6, 1.1, 3)
        lobules.append(
            Deposit(
                Ellipsoid(site.point + offset, radii, axes),
                ha * rng.uniform(0.7, 1.3),
                level_y_mm=level,
                sediment_ha_mg_cc=ha * 2.2,
                cloudiness=rng.uniform(0, 0.4),
                grain_mm=3.0,
                seed=_seed(rng),
            )
        )
    return [Lesion("C4", "", tuple(lobules))]


def eggshell(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """C7 (injection granuloma) and C8 (fat necrosis): an oval with a rim, or solid."""
    length = rng.uniform(4, 22)
    shape = _ellipsoid(site, rng, length, length * rng.uniform(0.5, 0.9), length * 0.5)
    solid = rng.uniform() < 0.3
    return [
        Lesion(
            "C7",
            "",
            (
                Deposit(
                    shape,
                    rng.uniform(200, 900),
                    core_ha_mg_cc=None if solid else rng.uniform(0, 60),
                    rim_mm=rng.uniform(0.8, 1.8),
                    cloudiness=rng.choice([0.0, 0.5]),
                    seed=_seed(rng),
                ),
            ),
        )
    ]


def ossification(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """H1, heterotopic ossification: floccular when young, dense rim and lucent core later."""
    length = rng.uniform(12, 60)
    shape = _ellipsoid(site, rng, length, length * rng.uniform(0.3, 0.6), length * 0.35)
    mature = rng.uniform()
    deposit = Deposit(
        shape,
        150 + 700 * mature,
        core_ha_mg_cc=rng.uniform(0, 120),
        rim_mm=rng.uniform(1.5, 3.0),
        cloudiness=0.7 * (1 - mature),
        grain_mm=4.0,
        seed=_seed(rng),
    )
    return [Lesion("H1", "", (deposit,))]


def _path(site: Site, rng: Rng, length: float) -> Points:
    """A smooth line of points 4 mm apart along the limb, (n, 3)."""
    count = max(int(length / 4), 2)
    drift = np.cumsum(rng.normal(0, 0.25, (count, 3)) * [1, 1, 0], axis=0)
    along = (np.arange(count) - count / 2)[:, None] * 4.0 * site.fiber
    return site.point + along + drift


def intimal(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """V1: thick, eccentric, interrupted plaques along an artery."""
    path = _path(site, rng, rng.uniform(15, 120))
    lumen, ha = rng.uniform(1.0, 2.5), rng.uniform(250, 900)
    plaques = []
    for a, b in itertools.pairwise(path):
        if rng.uniform() < 0.5:
            wall = lumen * _unit(rng) * [1, 1, 0]
            plaques.append(Deposit(Capsule(a + wall, b + wall, rng.uniform(0.6, 1.6)), ha))
    return [Lesion("V1", "vascular", tuple(plaques))] if plaques else []


def medial(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """V2, Moenckeberg: a thin continuous ring, tram-tracks along an artery."""
    path = _path(site, rng, rng.uniform(30, 140))
    radius, ha = rng.uniform(1.6, 3.0), rng.uniform(250, 700)
    wall = rng.uniform(0.5, 1.2)
    tubes = tuple(Deposit(Pipe(a, b, radius, wall), ha) for a, b in itertools.pairwise(path))
    return [Lesion("V2", "vascular", tubes)]


def phlebolith(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """V3: round, 2-6 mm, some with a lucent center."""
    shape = Ellipsoid.sphere(site.point, rng.uniform(2, 6))
    core = rng.uniform(0, 80) if rng.uniform() < 0.3 else None
    deposit = Deposit(shape, rng.uniform(120, 400), core_ha_mg_cc=core, rim_mm=1.0)
    return [Lesion("V3", "vascular", (deposit,))]


def periosteal(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """J1: a thin line or comma of mineral at a tendon's insertion, close to bone."""
    length = rng.uniform(3, 18)
    rod = Capsule.along(site.point, site.fiber + 0.3 * rng.normal(size=3), length,
                        rng.uniform(1.0, 2.5))  # fmt: skip
    return [Lesion("J1", "joint", (Deposit(rod, rng.uniform(150, 600)),))]


METAL_HA_EQUIVALENT = 6000.0
"""Concentration that makes the HU formula exceed the scanner's 3071 for any metal."""


def metal(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """X1: wire, screw or clip."""
    length, diameter = (
        (rng.uniform(2, 8), rng.uniform(0.8, 2.0))
        if rng.uniform() < 0.5
        else (rng.uniform(15, 60), rng.uniform(1.0, 5.0))
    )
    rod = Capsule.along(site.point, site.fiber + 0.8 * rng.normal(size=3), length, diameter)
    return [Lesion("X1", "foreign", (Deposit(rod, METAL_HA_EQUIVALENT * rng.uniform(0.7, 2)),))]


def foreign_body(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """X2: a splinter of glass or stone, denser and sharper than mineral of its size."""
    radii = rng.uniform(0.5, 5.0, 3)
    shape = Ellipsoid(site.point, radii, frame_from_normal(_unit(rng), _unit(rng)))
    return [Lesion("X2", "foreign", (Deposit(shape, rng.uniform(1100, 1900)),))]


def contrast_vessel(site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
    """X3: a vessel filled with contrast agent, smooth and without gaps."""
    path = _path(site, rng, rng.uniform(60, 200))
    radius, ha = rng.uniform(1.2, 4.0), rng.uniform(100, 380)
    pieces = tuple(Deposit(Capsule(a, b, radius), ha) for a, b in itertools.pairwise(path))
    return [Lesion("X3", "foreign", pieces)]


KINDS: dict[str, Kind] = {
    "C1": Kind(nodules, {"subcutaneous": 0.85, "fascia": 0.15}, (1.0, 3.0)),
    "C2_sheet": Kind(sheet, {"subcutaneous": 0.5, "fascia": 0.5}, (1.0, 2.5)),
    "C2_net": Kind(net, {"subcutaneous": 0.8, "fascia": 0.2}, (1.0, 2.5)),
    "C3": Kind(rods, {"muscle": 0.9, "fascia": 0.1}, (2.0, 8.0)),
    "C3_focus": Kind(focus, {"muscle": 0.6, "subcutaneous": 0.3, "fascia": 0.1}, (2.0, 5.0)),
    "C4": Kind(mass, {"subcutaneous": 0.4, "muscle": 0.6}, (6.0, 20.0)),
    "C5": Kind(cloud, {"muscle": 0.75, "fascia": 0.15, "subcutaneous": 0.1}, (2.0, 12.0)),
    "C7": Kind(eggshell, {"subcutaneous": 0.85, "muscle": 0.15}, (2.0, 8.0)),
    "H1": Kind(ossification, {"muscle": 1.0}, (6.0, 15.0)),
    "V1": Kind(intimal, {"muscle": 1.0}, (3.0, 8.0), "vascular"),
    "V2": Kind(medial, {"muscle": 1.0}, (3.0, 8.0), "vascular"),
    "V3": Kind(phlebolith, {"subcutaneous": 0.5, "muscle": 0.5}, (1.5, 4.0), "vascular"),
    "J1": Kind(periosteal, {"periosteal": 1.0}, (0.5, 1.0), "joint"),
    "X1": Kind(metal, {"muscle": 0.7, "subcutaneous": 0.3}, (1.0, 6.0), "foreign"),
    "X2": Kind(foreign_body, {"muscle": 0.5, "subcutaneous": 0.5}, (1.0, 4.0), "foreign"),
    "X3": Kind(contrast_vessel, {"muscle": 0.8, "subcutaneous": 0.2}, (3.0, 8.0), "foreign"),
}
