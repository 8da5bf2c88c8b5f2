"""Placing mineral in a limb: what was asked for, what found room, and where it went.

Nothing is swallowed: a request that finds no room after its tries is counted as not placed, and
`Placement.check` raises when too much of a plan was lost.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import PhantomError
from calciscope.labels import IGNORE, Label
from calciscope.phantom.kinds import KINDS, Kind
from calciscope.phantom.mineral import Lesion, Patch, rasterize
from calciscope.phantom.sites import TissueMap, VesselPath
from calciscope.volume import Volume

LOGGER = logging.getLogger(__name__)

TRIES = 25
"""Sites tried for one request before it counts as not placed."""

SHRINK_AFTER = 5
"""Tries after which large lesions are built smaller, each time by ..."""

SHRINK = 0.8
"""... this factor."""

MINIMUM_INSIDE = 0.95
"""Share of a lesion's cover that must lie in soft tissue of the body, off bone and metal."""

MOST_ON_UNKNOWN = 0.02
"""Share of a confounder's cover that may lie on tissue of no known label; of mineral: none."""


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
    vessels: Sequence[VesselPath] = (),
    prone: bool = False,
) -> Placement:
    """Place mineral in a limb.

    Args:
        tissues: canonical label map (`labels.Label`, 255 = unknown: nothing is placed there).
        counts: how many of each kind of `kinds.KINDS`.
        rng: source of every draw.
        sides: whether x < 0 is the right leg, written into the lesions.
        vessels: arteries that vascular kinds follow, where they are known.
        prone: whether the patient lies on the belly.

    Returns:
        What was placed; no two lesions touch.

    Raises:
        PhantomError: a kind that does not exist.
    """
    unknown = sorted(set(counts) - set(KINDS))
    if unknown:
        raise PhantomError(f"no kind {', '.join(unknown)}; choose of {', '.join(KINDS)}")
    limb = TissueMap(tissues, vessels, prone)
    occupied = np.zeros(tissues.shape, dtype=bool)
    result = Placement()
    requests = [name for name, count in counts.items() for _ in range(count)]
    for name in rng.permutation(requests):
        result.requested[str(name)] += 1
        placed = _place_one(limb, occupied, KINDS[str(name)], rng)
        if placed:
            result.placed[str(name)] += 1
            result.lesions += [_with_side(lesion) for lesion in placed] if sides else placed
    for name, missing in (result.requested - result.placed).items():
        LOGGER.info("%d of %d %s found no room", missing, result.requested[name], name)
    return result


def _with_side(lesion: Lesion) -> Lesion:
    return replace(lesion, side="R" if lesion.center_mm[0] < 0 else "L")


def _place_one(
    limb: TissueMap, occupied: NDArray[np.bool_], kind: Kind, rng: np.random.Generator
) -> list[Lesion]:
    """Lesions of one request that fit, at the first site where at least half of them do."""
    names = list(kind.where)
    weights = np.array([kind.where[n] for n in names])
    for attempt in range(TRIES):
        where = names[int(rng.choice(len(names), p=weights / weights.sum()))]
        site = limb.draw(where, rng.uniform(*kind.room_mm), rng)
        if site is None:
            continue
        site = replace(site, scale=SHRINK ** (attempt // SHRINK_AFTER))
        built = kind.lesions(site, limb, rng)
        fitting: list[tuple[Lesion, Patch]] = []
        for lesion in built:
            if lesion.is_calcification and _sticks_out(limb, lesion):
                continue
            patch = rasterize(lesion, limb.tissues, step_mm=1.0)
            if patch is not None and _fits(limb, occupied, kind, lesion, patch):
                fitting.append((lesion, patch))
                _occupy(occupied, patch)
        if built and len(fitting) >= 0.5 * len(built):
            return [_with_compartment(limb, lesion, patch) for lesion, patch in fitting]
        for _, patch in fitting:
            occupied[patch.box] &= ~_grown(patch)
    return []


def _sticks_out(limb: TissueMap, lesion: Lesion) -> bool:
    """Whether more than the margin of a lesion's box lies above or below the field of view."""
    low, high = (float(limb.tissues.index(b)[2]) for b in lesion.bounds_mm())
    margin = 0.15 * (high - low)
    return low + margin < 0 or high - margin > limb.tissues.shape[2] - 1


def _grown(patch: Patch) -> NDArray[np.bool_]:
    return np.asarray(ndimage.binary_dilation(patch.cover > 0.02))


def _occupy(occupied: NDArray[np.bool_], patch: Patch) -> None:
    occupied[patch.box] |= _grown(patch)


def _fits(
    limb: TissueMap, occupied: NDArray[np.bool_], kind: Kind, lesion: Lesion, patch: Patch
) -> bool:
    """Whether a lesion lies where its kind may, whole, and off all others."""
    cover = patch.cover
    total = float(lesion.cover_of(patch).sum())
    touching = cover > 0.02
    if total <= 0 or not touching.any() or (occupied[patch.box] & touching).any():
        return False
    under = limb.tissues.array[patch.box]
    share = {value: float((cover * (under == value)).sum()) / float(cover.sum())
             for value in (*Label, IGNORE)}  # fmt: skip
    if lesion.label is None:
        # What lies outside of the body may reach beyond the field of view.
        return share[Label.BACKGROUND] >= 0.9
    touched = np.argwhere(touching)
    low = touched.min(axis=0) + [s.start for s in patch.box]
    high = touched.max(axis=0) + [s.start for s in patch.box]
    # Mineral ends before the field of view does, so that its volume and mass are in the books.
    if lesion.is_calcification and ((low < 1).any() or (high > np.array(occupied.shape) - 2).any()):
        return False
    soft = share[Label.MUSCLE] + share[Label.SUBCUTANEOUS]
    hard = share[Label.BONE] + share[Label.FOREIGN]
    unknown = 0.0 if lesion.is_calcification else MOST_ON_UNKNOWN
    return (
        share[IGNORE] <= unknown
        and hard <= kind.on_bone + 1e-6
        and soft >= min(MINIMUM_INSIDE, 0.95 - kind.on_bone)
    )


def _with_compartment(limb: TissueMap, lesion: Lesion, patch: Patch) -> Lesion:
    if lesion.compartment:
        return lesion
    under = limb.tissues.array[patch.box]
    muscle = float(patch.fraction[under == Label.MUSCLE].sum())
    fat = float(patch.fraction[under == Label.SUBCUTANEOUS].sum())
    return replace(lesion, compartment="muscle" if muscle >= fat else "subcutaneous")
