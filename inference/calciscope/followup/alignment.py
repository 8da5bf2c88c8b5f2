"""All parts of two skeletons registered, and the way of any lesion from one date to the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from calciscope.followup.registration import RegisteredPart, register_part
from calciscope.followup.rigid import Rigid
from calciscope.followup.settings import ComparisonSettings
from calciscope.followup.skeleton import Skeleton
from calciscope.locations import Laterality

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where things of one date lie at the other.

    Attributes:
        parts: of the earlier skeleton.
        settings: from which residual on a part is not used.
    """

    parts: tuple[RegisteredPart, ...]
    settings: ComparisonSettings

    def is_usable(self, part: RegisteredPart) -> bool:
        """Whether lesions beside a part can be compared."""
        return part.overlap >= self.settings.least_used and part.residual_mm <= self.settings.bad_mm

    @property
    def usable(self) -> tuple[RegisteredPart, ...]:
        """The parts that lesions can be compared beside."""
        return tuple(part for part in self.parts if self.is_usable(part))

    def beside_earlier(self, lps_mm: Points, side: Laterality) -> RegisteredPart | None:
        """The part nearest to a place of the earlier date; None if it cannot be compared.

        Args:
            lps_mm: shape (3,).
            side: parts of the other side do not count.
        """
        return self._nearest(self.parts, self._earlier_trees, lps_mm, side)

    def beside_later(self, lps_mm: Points, side: Laterality) -> RegisteredPart | None:
        """The part nearest to a place of the later date; None if it cannot be compared."""
        found = self._nearest(self._shown, self._later_trees, lps_mm, side)
        if found is None:
            return None
        # The other way leads to the same part, or one date would be compared without the other.
        back = found.earlier_to_later.inverse(np.asarray(lps_mm, dtype=np.float64))
        return found if self.beside_earlier(back, side) is found else None

    @cached_property
    def _shown(self) -> tuple[RegisteredPart, ...]:
        return tuple(part for part in self.parts if part.is_shown)

    @cached_property
    def _earlier_trees(self) -> tuple[KDTree, ...]:
        return tuple(KDTree(part.surface_mm) for part in self.parts)

    @cached_property
    def _later_trees(self) -> tuple[KDTree, ...]:
        return tuple(KDTree(part.earlier_to_later(part.surface_mm)) for part in self._shown)

    def _nearest(
        self,
        parts: Sequence[RegisteredPart],
        trees: Sequence[KDTree],
        lps_mm: Points,
        side: Laterality,
    ) -> RegisteredPart | None:
        fitting = [
            (float(tree.query(lps_mm)[0]), index)
            for index, (part, tree) in enumerate(zip(parts, trees, strict=True))
            if part.part.side in (None, side) or side is Laterality.MIDLINE
        ]
        if not fitting:
            return None
        nearest = parts[min(fitting)[1]]
        return nearest if self.is_usable(nearest) else None


def align(earlier: Skeleton, later: Skeleton, settings: ComparisonSettings) -> Alignment:
    """Register every part of the earlier skeleton, the bones of each side together first."""
    found: dict[int, RegisteredPart] = {}
    for side in dict.fromkeys(part.side for part in earlier.parts):
        numbers = [n for n, part in enumerate(earlier.parts) if part.side is side]
        joint = None
        if len(numbers) > 1:
            together = register_part(numbers, earlier, later, settings)
            joint = together.earlier_to_later if together.is_shown else None
        for number in numbers:
            found[number] = register_part([number], earlier, later, settings, joint)
    return Alignment(tuple(found[number] for number in sorted(found)), settings)


def still(part: RegisteredPart | None) -> Rigid:
    """The motion of a part, none without one."""
    return Rigid.identity() if part is None else part.earlier_to_later
