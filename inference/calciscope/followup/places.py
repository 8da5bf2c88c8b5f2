"""Where each lesion lies at the other date, and whether that date shows the place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.findings import Lesion
from calciscope.followup.alignment import Alignment
from calciscope.followup.coverage import Coverage
from calciscope.followup.matching import Placed
from calciscope.followup.registration import RegisteredPart
from calciscope.followup.settings import ComparisonSettings
from calciscope.followup.time_point import TimePoint

UNREGISTERED = "beside bone that could not be registered"
UNSEEN = {
    True: "outside of the field of view of the later scan",
    False: "outside of the field of view of the earlier scan",
}
"""Why a lesion of the earlier (True) or later (False) date cannot be compared."""


@dataclass(frozen=True, eq=False)
class Place:
    """A lesion in the space of the later scan.

    Attributes:
        placed: for matching.
        part: that moved it; None where none could.
        note: why it cannot be compared; "" where it can.
    """

    placed: Placed
    part: RegisteredPart | None
    note: str


def earlier_places(
    earlier: TimePoint, later: TimePoint, alignment: Alignment, settings: ComparisonSettings
) -> tuple[Place, ...]:
    """Move the earlier lesions, each with the part of the skeleton nearest to it."""
    shown = Coverage(later.tissues, settings.skin_mm)
    result = []
    for lesion in earlier.findings.ct.lesions:
        part = alignment.beside_earlier(np.array(lesion.centroid_lps_mm), lesion.laterality)
        points = earlier.lesion_ids.lps_mm(earlier.voxels[lesion.id])
        note = UNREGISTERED
        if part is not None:
            points = part.earlier_to_later(points)
            note = "" if shown.share(points) >= settings.least_covered else UNSEEN[True]
        result.append(Place(_placed(lesion, points, earlier, later), part, note))
    return tuple(result)


def later_places(
    earlier: TimePoint, later: TimePoint, alignment: Alignment, settings: ComparisonSettings
) -> tuple[Place, ...]:
    """The later lesions where they are, and whether the earlier scan shows the place."""
    shown = Coverage(earlier.tissues, settings.skin_mm)
    result = []
    for lesion in later.findings.ct.lesions:
        part = alignment.beside_later(np.array(lesion.centroid_lps_mm), lesion.laterality)
        points = later.lesion_ids.lps_mm(later.voxels[lesion.id])
        note = UNREGISTERED
        if part is not None:
            back = part.earlier_to_later.inverse(points)
            note = "" if shown.share(back) >= settings.least_covered else UNSEEN[False]
        result.append(Place(_placed(lesion, points, later, later), part, note))
    return tuple(result)


def _placed(
    lesion: Lesion, points: NDArray[np.float64], own: TimePoint, later: TimePoint
) -> Placed:
    """A lesion on the axes of the later grid."""
    grid = later.tissues
    turned = np.abs(np.linalg.inv(grid.direction) @ own.tissues.direction)
    return Placed(
        lesion.id,
        grid.index(points) * grid.spacing_mm,
        # The same voxel, in the order of the later grid's axes.
        np.asarray(turned.round() @ own.tissues.spacing_mm),
        lesion.laterality,
    )
