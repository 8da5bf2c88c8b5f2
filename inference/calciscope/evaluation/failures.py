"""The worst places of a data set, for the gallery."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.case_scoring import CaseResult
from calciscope.evaluation.detection import DICE_FROM_MM3
from calciscope.evaluation.record_rows import FailureKind, FailureRow
from calciscope.evaluation.reference_cases import ReferenceCase

PER_CASE = 3
"""Of each kind kept while cases are scored; the worst of all are chosen at the end."""
PER_DATASET = 12
"""Of each kind shown."""
POOR_DICE = 0.5


def failures_of(result: CaseResult) -> list[FailureRow]:
    """The worst missed lesions, false positives and outlines of one case, largest first."""
    rows = [
        FailureRow(
            FailureKind.MISSED,
            x.case_id,
            x.patient,
            x.volume_mm3,
            f"missed lesion of {x.volume_mm3:.0f} mm3{_what(x.kind, x.compartment)}"
            f"{'' if x.contrast_hu is None else f', contrast {x.contrast_hu:.0f} HU'}",
            x.center_lps_mm,
        )
        for x in result.lesions
        if not x.found
    ]
    rows += [
        FailureRow(
            FailureKind.POOR_OUTLINE,
            x.case_id,
            x.patient,
            x.volume_mm3,
            f"lesion of {x.volume_mm3:.0f} mm3{_what(x.kind, x.compartment)}, Dice {x.dice:.2f}",
            x.center_lps_mm,
        )
        for x in result.lesions
        if x.found and x.dice < POOR_DICE and x.volume_mm3 >= DICE_FROM_MM3
    ]
    rows += [
        FailureRow(
            FailureKind.FALSE_POSITIVE, x.case_id, x.patient, x.volume_mm3,
            f"false positive of {x.volume_mm3:.0f} mm3 on {x.on.value}"
            f"{'' if x.probability is None else f', probability {x.probability:.2f}'}",
            x.center_lps_mm,
        )
        for x in result.false_positives
    ]  # fmt: skip
    return [row for kind in FailureKind for row in worst(rows, kind, PER_CASE)]


def worst(rows: Sequence[FailureRow], kind: FailureKind, most: int) -> list[FailureRow]:
    """The largest failures of one kind."""
    return sorted((r for r in rows if r.kind is kind), key=lambda r: -r.volume_mm3)[:most]


def _what(kind: str | None, compartment: str | None) -> str:
    words = [word for word in (kind, compartment) if word]
    return f" ({', '.join(words)})" if words else ""


class FailureGallery:
    """Collects the worst places while cases are scored, and what was predicted there."""

    def __init__(self) -> None:
        self._rows: dict[str, list[FailureRow]] = {}
        self._masks: dict[str, NDArray[np.int64]] = {}

    def add(self, case: ReferenceCase, mask: NDArray[np.bool_], result: CaseResult) -> None:
        """Keep the worst places of a case, and the mask as indices of its few voxels."""
        self._rows.setdefault(case.source, []).extend(failures_of(result))
        self._masks[case.case_id] = np.flatnonzero(mask)

    def chosen(self, source: str) -> tuple[FailureRow, ...]:
        """The worst of a source, kind by kind."""
        rows = self._rows.get(source, [])
        return tuple(row for kind in FailureKind for row in worst(rows, kind, PER_DATASET))

    def mask(self, case: ReferenceCase) -> NDArray[np.bool_]:
        """What was predicted for a case that was added; KeyError for another."""
        mask = np.zeros(case.labels.array.size, bool)
        mask[self._masks[case.case_id]] = True
        return mask.reshape(case.labels.shape)
