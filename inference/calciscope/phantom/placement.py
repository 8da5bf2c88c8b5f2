"""Placing mineral in a limb: what was asked for, what found room, and where it went.

Nothing is swallowed: a request that finds no room after its tries is counted as not placed, and
`Placement.check` raises when too much of a plan was lost.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import PhantomError
from calciscope.labels import Label
from calciscope.phantom.kinds import KINDS, Kind
from calciscope.phantom.mineral import Lesion, Patch, rasterize
from calciscope.phantom.sites import TissueMap
from calciscope.volume import Volume

TRIES = 25
"""Sites tried for one request before it counts as not placed."""

MINIMUM_INSIDE = 0.95
"""Share of a lesion's cover that must lie in soft tissue of the body, off bone and metal."""


@dataclass
class Placement:
    """Lesions placed in a limb, with the books.

    Attributes:
        lesions: as placed, each with its compartment.
        requested, placed: number of requests (a chain or a cluster is one) by kind.
    """

    lesions: list[Lesion] = field(default_factory=list)
    requested: Counter[str] = field(default_factory=Counter)
    placed: Counter[str] = field(default_factory=Counter)

    def check(self, minimum_share: float = 0.6) -> None:
        """Raise PhantomError when fewer than `minimum_share` of the requests were placed."""
        wanted, got = sum(self.requested.values()), sum(self.placed.values())
        if got < minimum_share * wanted:
            missing = dict(self.requested - self.placed)
            raise PhantomError(
                f"only {got} of {wanted} lesions found room (missing {missing}); "
                "ask for fewer or use a larger limb"
            )


def place_lesions(
    tissues: Volume,
    counts: Mapping[str, int],
    rng: np.random.Generator,
    sides: bool = False,
) -> Placement:
    """Place mineral in a limb.

    Args:
        tissues: canonical label map (`labels.Label`, 255 = unknown: nothing is placed there).
        counts: how many of each kind of `kinds.KINDS`.
        rng: source of every draw.
        sides: whether x < 0 is the right leg, written into the lesions.

    Returns:
        What was placed; no two lesions touch.
    """
    limb = TissueMap(tissues)
    occupied = np.zeros(tissues.shape, dtype=bool)
    result = Placement()
    requests = [name for name, count in counts.items() for _ in range(count)]
    for name in rng.permutation(requests):
        result.requested[str(name)] += 1
        placed = _place_one(limb, occupied, KINDS[str(name)], rng)
        if placed:
            result.placed[str(name)] += 1
            result.lesions += [_with_side(lesion) for lesion in placed] if sides else placed
    return result


def _with_side(lesion: Lesion) -> Lesion:
    return replace(lesion, side="R" if lesion.center_mm[0] < 0 else "L")


def _place_one(
    limb: TissueMap, occupied: NDArray[np.bool_], kind: Kind, rng: np.random.Generator
) -> list[Lesion]:
    """Lesions of one request that fit, at the first site where at least half of them do."""
    names = list(kind.where)
    weights = np.array([kind.where[n] for n in names])
    for _ in range(TRIES):
        where = names[int(rng.choice(len(names), p=weights / weights.sum()))]
        site = limb.draw(where, rng.uniform(*kind.room_mm), rng)
        if site is None:
            continue
        built = kind.build(site, limb, rng)
        fitting: list[tuple[Lesion, Patch]] = []
        for lesion in built:
            patch = rasterize(lesion, limb.tissues, step_mm=1.0)
            if patch is not None and _fits(limb, occupied, lesion, patch):
                fitting.append((lesion, patch))
                _occupy(occupied, patch)
        if built and len(fitting) >= 0.5 * len(built):
            return [_with_compartment(limb, lesion, patch) for lesion, patch in fitting]
        for _, patch in fitting:
            occupied[patch.box] &= ~_grown(patch)
    return []


def _grown(patch: Patch) -> NDArray[np.bool_]:
    return np.asarray(ndimage.binary_dilation(patch.fraction > 0.02))


def _occupy(occupied: NDArray[np.bool_], patch: Patch) -> None:
    occupied[patch.box] |= _grown(patch)


def _fits(limb: TissueMap, occupied: NDArray[np.bool_], lesion: Lesion, patch: Patch) -> bool:
    total = float(patch.fraction.sum())
    if total <= 0 or (occupied[patch.box] & (patch.fraction > 0.02)).any():
        return False
    low, high = lesion.bounds_mm()
    index = limb.tissues.index(np.array([low, high]))
    if (index < -0.5).any() or (index > np.array(limb.tissues.shape) - 0.5).any():
        return False
    under = limb.tissues.array[patch.box]
    soft = (under == Label.MUSCLE) | (under == Label.SUBCUTANEOUS)
    hard = (under == Label.BONE) | (under == Label.FOREIGN) | (under == 255)
    inside = float((patch.fraction * soft).sum()) / total
    # Joint mineral and metal may touch bone; nothing else may.
    beside_bone = lesion.kind[0] in "JX"
    return inside >= (0.6 if beside_bone else MINIMUM_INSIDE) and (
        float((patch.fraction * hard).sum()) / total <= (0.4 if beside_bone else 0.0)
    )


def _with_compartment(limb: TissueMap, lesion: Lesion, patch: Patch) -> Lesion:
    if lesion.compartment:
        return lesion
    under = limb.tissues.array[patch.box]
    muscle = float(patch.fraction[under == Label.MUSCLE].sum())
    fat = float(patch.fraction[under == Label.SUBCUTANEOUS].sum())
    return replace(lesion, compartment="muscle" if muscle >= fat else "subcutaneous")
