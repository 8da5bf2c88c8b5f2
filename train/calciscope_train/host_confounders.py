"""What looks like calcification and is not, along the vessels of a host.

Calcified arteries, phleboliths and contrast-filled vessels are drawn on the host's own vessels
(`host_vessels`), so that they lie where arteries lie; a host without any gets none.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from calciscope.labels import IGNORE
from calciscope.phantom.mineral import Deposit, Lesion, rasterize
from calciscope.phantom.shapes import Capsule, Ellipsoid, Pipe, Points
from calciscope.volume import Volume
from calciscope_train.host_vessels import Vessel

Rng = np.random.Generator

STEP_MM = 4.0
"""Length of the straight pieces that a vessel is drawn with."""


def _stretch(vessel: Vessel, shortest_mm: float, longest_mm: float, rng: Rng) -> Points:
    """Points `STEP_MM` apart along a random stretch of a vessel, shape (n, 3)."""
    steps = np.linalg.norm(np.diff(vessel.points_mm, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    length = min(float(rng.uniform(shortest_mm, longest_mm)), float(along[-1]))
    start = float(rng.uniform(0.0, along[-1] - length))
    at = np.linspace(start, start + length, max(int(length / STEP_MM), 2))
    return np.stack([np.interp(at, along, vessel.points_mm[:, i]) for i in range(3)], axis=1)


def plaques(vessel: Vessel, rng: Rng) -> Lesion:
    """V1: thick, eccentric, interrupted plaques in the wall (domain.md, V1)."""
    path = _stretch(vessel, 15.0, 120.0, rng)
    ha = rng.uniform(250.0, 900.0)
    pieces = []
    angle = rng.uniform(0, 2 * np.pi)
    for a, b in pairwise(path):
        angle += rng.normal(0, 0.6)
        if rng.uniform() < 0.55:
            half = rng.uniform(0.5, 1.4)
            wall = max(vessel.radius_mm - half, 0.3) * np.array([np.cos(angle), np.sin(angle), 0])
            pieces.append(Deposit(Capsule(a + wall, b + wall, half), ha * rng.uniform(0.6, 1.3)))
    if not pieces:
        pieces = [Deposit(Capsule(path[0], path[1], 1.0), ha)]
    return Lesion("V1", "vascular", tuple(pieces))


def tram_track(vessel: Vessel, rng: Rng) -> Lesion:
    """V2: a thin ring of the media, continuous along the vessel, faint to dense (domain.md, V2)."""
    path = _stretch(vessel, 30.0, 200.0, rng)
    wall, ha = rng.uniform(0.5, 1.2), rng.uniform(200.0, 700.0)
    radius = max(vessel.radius_mm - 0.5 * wall, 1.2)
    kept = [(a, b) for a, b in pairwise(path) if rng.uniform() < 0.95]
    pieces = (Deposit(Pipe(a, b, radius, wall), ha * rng.uniform(0.8, 1.2)) for a, b in kept)
    return Lesion("V2", "vascular", tuple(pieces))


def contrast(vessel: Vessel, rng: Rng) -> Lesion:
    """X3: the whole lumen filled with contrast agent, smooth and without gaps."""
    path = _stretch(vessel, 60.0, 400.0, rng)
    ha = rng.uniform(90.0, 380.0)
    radius = max(0.9 * vessel.radius_mm, 1.0)
    pieces = tuple(Deposit(Capsule(a, b, radius), ha) for a, b in pairwise(path))
    return Lesion("X3", "foreign", pieces)


def phleboliths(vessel: Vessel, rng: Rng) -> Lesion:
    """V3: one to three round stones of 2-6 mm in the lumen, some with a lucent middle.

    Only in a vessel that is seen: the same ball in the midst of a muscle is calcification.
    """
    path = _stretch(vessel, 20.0, 60.0, rng)
    count = min(int(rng.choice([1, 1, 2, 3])), len(path))
    stones = []
    for n in rng.choice(len(path), count, replace=False):
        core = rng.uniform(0, 80) if rng.uniform() < 0.3 else None
        ball = Ellipsoid.sphere(path[n], rng.uniform(2.0, 6.0))
        stones.append(Deposit(ball, rng.uniform(120.0, 500.0), core_ha_mg_cc=core, rim_mm=1.0))
    return Lesion("V3", "vascular", tuple(stones))


ALONG_VESSELS: dict[str, Callable[[Vessel, Rng], Lesion]] = {
    "V1": plaques,
    "V2": tram_track,
    "X3": contrast,
    "V3": phleboliths,
}
"""Kinds that are drawn on the host's own vessels."""

IN_VEINS_TOO = ("X3", "V3")
"""Kinds that the veins of the subcutis may hold."""


def draw_on_vessels(
    vessels: Sequence[Vessel], counts: dict[str, int], rng: Rng
) -> list[Lesion]:  # fmt: skip
    """Lesions of the kinds of `ALONG_VESSELS`, each on a vessel of its own while there are any.

    Args:
        vessels: of the host.
        counts: wanted number by kind; what exceeds the number of vessels is left out.
        rng: source of every draw.
    """
    free = [int(n) for n in rng.permutation(len(vessels))]
    lesions = []
    for kind, build in ALONG_VESSELS.items():
        for _ in range(counts.get(kind, 0)):
            # Arteries lie inside the fascia, veins in the subcutis too.
            fit = [n for n in free if vessels[n].deep or kind in IN_VEINS_TOO]
            if not fit:
                break
            free.remove(fit[0])
            lesion = build(vessels[fit[0]], rng)
            if lesion.deposits:
                lesions.append(lesion)
    return lesions


def occupied_by(lesions: Sequence[Lesion], tissues: Volume) -> NDArray[np.uint8]:
    """The labels with the place of lesions made unknown, so that nothing else is put there."""
    labels: NDArray[np.uint8] = tissues.array.copy()
    for lesion in lesions:
        patch = rasterize(lesion, tissues, step_mm=1.0)
        if patch is not None:
            labels[patch.box][patch.fraction > 0.02] = IGNORE
    return labels
