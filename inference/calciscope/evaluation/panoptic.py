"""Panoptic quality: lesions matched one to one at an IoU above a half (Kirillov 2019)."""

from dataclasses import dataclass

import numpy as np

from calciscope.volume import Array

IOU = 0.5
"""Above it a match is unique, so that no assignment has to be solved."""


@dataclass(frozen=True)
class PanopticScore:
    """Matches of one case.

    Attributes:
        ious: of the matched pairs.
        false_positives, false_negatives: components of either side without a match.
    """

    ious: tuple[float, ...]
    false_positives: int
    false_negatives: int

    @property
    def recognition_quality(self) -> float | None:
        """RQ = TP / (TP + FP / 2 + FN / 2); None where both sides are empty."""
        weight = len(self.ious) + (self.false_positives + self.false_negatives) / 2
        return len(self.ious) / weight if weight else None

    @property
    def segmentation_quality(self) -> float | None:
        """SQ: mean IoU of the matched pairs; None without any."""
        return sum(self.ious) / len(self.ious) if self.ious else None


def panoptic_score(
    reference_ids: Array, predicted_ids: Array, scored: Array | None = None
) -> PanopticScore:
    """Match components of reference and prediction by IoU > 0.5.

    Args:
        reference_ids, predicted_ids: integers, one shape; 0 outside lesions.
        scored: bool, same shape; voxels elsewhere are not counted, and a predicted component that
            reaches there without a match is no false positive.
    """
    inside = (reference_ids > 0) | (predicted_ids > 0)
    reference, predicted = reference_ids[inside], predicted_ids[inside]
    seen = np.ones(len(reference), bool) if scored is None else np.asarray(scored[inside], bool)
    excused = set(np.unique(predicted[~seen]).tolist())
    reference, predicted = reference[seen], predicted[seen]
    sizes = dict(zip(*np.unique(reference, return_counts=True), strict=True))
    predicted_sizes = dict(zip(*np.unique(predicted, return_counts=True), strict=True))
    both = (reference > 0) & (predicted > 0)
    pairs = np.stack([reference[both], predicted[both]], axis=1)
    ious: dict[int, float] = {}
    matched = set()
    if len(pairs):
        for (one, two), shared in zip(*np.unique(pairs, axis=0, return_counts=True), strict=True):
            iou = shared / (sizes[one] + predicted_sizes[two] - shared)
            if iou > IOU:
                ious[int(one)] = float(iou)
                matched.add(int(two))
    lesions = {int(number) for number in sizes if number > 0}
    components = {int(number) for number in predicted_sizes if number > 0}
    return PanopticScore(
        tuple(ious.values()),
        len(components - matched - excused),
        len(lesions - set(ious)),
    )
