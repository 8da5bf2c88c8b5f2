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


def lesion_places(
    earlier: TimePoint,
    later: TimePoint,
    alignment: Alignment,
    settings: ComparisonSettings,
    of_earlier: bool,
) -> dict[int, Place]:
    """The lesions of one date by their id, each with the part of the skeleton nearest to it.

    Args:
        earlier, later: the dates.
        alignment: that moves the earlier lesions.
        settings: how much of a lesion the other date must show.
        of_earlier: whose lesions; those of the later date stay where they are.
    """
    own, other = (earlier, later) if of_earlier else (later, earlier)
    beside = alignment.beside_earlier if of_earlier else alignment.beside_later
    shown = Coverage(other.tissues, settings.skin_mm)
    result = {}
    for lesion in own.findings.ct.lesions:
        part = beside(np.array(lesion.centroid_lps_mm), lesion.laterality)
        points = own.lesion_ids.lps_mm(own.voxels[lesion.id])
        note = UNREGISTERED
        if part is not None:
            move = part.earlier_to_later
            there = move(points) if of_earlier else move.inverse(points)
            note = "" if shown.share(there) >= settings.least_covered else UNSEEN[of_earlier]
            points = there if of_earlier else points
        result[lesion.id] = Place(_placed(lesion, points, own, later), part, note)
    return result


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
