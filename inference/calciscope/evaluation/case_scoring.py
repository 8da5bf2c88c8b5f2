"""One predictor on one case: its row, and rows of its lesions and false positives."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.detection import mean_lesion_dice
from calciscope.evaluation.grounds import ground_labels, ground_of
from calciscope.evaluation.lesion_truth import (
    LesionTruth,
    central_voxel,
    lesion_truths,
    reference_mass_mg,
    slope_factor,
)
from calciscope.evaluation.matching import DetectionCase, PredictedComponent, match_lesions
from calciscope.evaluation.metrics import VESSEL_AND_BONE, confusion_rate, dice, surface_scores
from calciscope.evaluation.panoptic import panoptic_score
from calciscope.evaluation.predictions import Prediction, numbered
from calciscope.evaluation.record_rows import CaseFlag, CaseRow, FalsePositiveRow, LesionRow
from calciscope.evaluation.reference_cases import ReferenceCase
from calciscope.evaluation.rule_predictor import Surroundings
from calciscope.labels import IGNORE, Label
from calciscope.volume import Array

TOLERANCE_MM = 1.0
"""Of the normalized surface Dice: one in-plane voxel of the model grid."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The reference of one case, worked out once for all predictors.

    Attributes:
        ids: of its 26-connected lesions, from 1.
        lesions: what is true of each.
        scored: bool, where predictions count.
        grounds: label map that false positives are looked up in.
    """

    case: ReferenceCase
    ids: NDArray[np.int32]
    lesions: dict[int, LesionTruth]
    scored: NDArray[np.bool_]
    grounds: Array

    @classmethod
    def of(cls, case: ReferenceCase, surroundings: Surroundings) -> "Truth":
        """Work out a case's reference."""
        labels = case.labels.array
        ids = numbered(labels == Label.CALCIFICATION)
        return cls(
            case,
            ids,
            lesion_truths(case, ids),
            labels != IGNORE,
            ground_labels(case, surroundings),
        )


@dataclass(frozen=True)
class Candidate:
    """A predicted lesion that is scored: its probability and whether it touches a lesion."""

    probability: float
    is_lesion: bool


@dataclass(frozen=True)
class CaseResult:
    """One predictor on one case.

    Attributes:
        candidates: predicted lesions that have a probability.
    """

    row: CaseRow
    lesions: tuple[LesionRow, ...]
    false_positives: tuple[FalsePositiveRow, ...]
    candidates: tuple[Candidate, ...]


def score_case(truth: Truth, prediction: Prediction) -> CaseResult:
    """Score a prediction against its reference."""
    case = truth.case
    detection = match_lesions(
        truth.ids, prediction.mask, case.labels.voxel_volume_mm3, ~truth.scored
    )
    probabilities = [_probability(part, prediction) for part in detection.components]
    false = tuple(
        _false_positive(part, probability, truth)
        for part, probability in zip(detection.components, probabilities, strict=True)
        if part.is_false_positive
    )
    return CaseResult(
        _row(truth, prediction, detection),
        _lesion_rows(truth, detection, probabilities),
        false,
        tuple(
            Candidate(probability, bool(part.hits))
            for part, probability in zip(detection.components, probabilities, strict=True)
            if part.is_scored and probability is not None
        ),
    )


def _probability(part: PredictedComponent, prediction: Prediction) -> float | None:
    """Highest probability of the predicted lesions in a component; None where none has one."""
    numbers = np.unique(prediction.ids[tuple(part.voxels.T)])
    known = [
        prediction.probabilities[int(number)]
        for number in numbers
        if int(number) in prediction.probabilities
    ]
    return max(known) if known else None


def _lesion_rows(
    truth: Truth, detection: DetectionCase, probabilities: Sequence[float | None]
) -> tuple[LesionRow, ...]:
    rows = []
    for score in detection.lesions:
        what = truth.lesions[score.id]
        known = [p for p in (probabilities[index] for index in score.hit_by) if p is not None]
        rows.append(
            LesionRow(
                case_id=truth.case.case_id,
                patient=truth.case.patient,
                id=score.id,
                kind=what.kind,
                compartment=what.compartment,
                volume_mm3=score.volume_mm3,
                contrast_hu=what.contrast_hu,
                ha_mass_mg=what.ha_mass_mg,
                found=score.found,
                dice=score.dice,
                probability=max(known) if known else None,
                center_lps_mm=what.center_lps_mm,
            )
        )
    return tuple(rows)


def _false_positive(
    part: PredictedComponent, probability: float | None, truth: Truth
) -> FalsePositiveRow:
    case = truth.case
    x, y, z = (float(value) for value in case.labels.lps_mm(central_voxel(part.voxels)))
    return FalsePositiveRow(
        case_id=case.case_id,
        patient=case.patient,
        volume_mm3=len(part.voxels) * case.labels.voxel_volume_mm3,
        on=ground_of(part.voxels, truth.grounds),
        probability=probability,
        hu_max=None if case.ct is None else float(case.ct.array[tuple(part.voxels.T)].max()),
        center_lps_mm=(x, y, z),
    )


def _row(truth: Truth, prediction: Prediction, detection: DetectionCase) -> CaseRow:
    case, labels = truth.case, truth.case.labels.array
    reference, predicted = truth.ids > 0, prediction.mask & truth.scored
    surface = surface_scores(reference, predicted, case.labels.spacing_mm, TOLERANCE_MM)
    panoptic = panoptic_score(truth.ids, prediction.ids, truth.scored)
    found = sum(lesion.found for lesion in detection.lesions)
    missed = len(detection.lesions) - found
    weight = 2 * found + missed + detection.false_positives
    has_other = case.has_tissues and bool(np.isin(labels, VESSEL_AND_BONE).any())
    voxel_mm3 = case.labels.voxel_volume_mm3
    return CaseRow(
        case_id=case.case_id,
        patient=case.patient,
        strata=case.strata,
        lesions=len(detection.lesions),
        found=found,
        false_negatives=missed,
        predicted=sum(part.is_scored for part in detection.components),
        false_positives=detection.false_positives,
        false_positive_mm3=detection.false_positive_mm3,
        dice=dice(reference, predicted),
        normalized_surface_dice=surface.normalized_dice,
        hd95_mm=surface.hausdorff_95_mm,
        lesion_dice=mean_lesion_dice(detection),
        f1=2 * found / weight if weight else None,
        recognition_quality=panoptic.recognition_quality,
        segmentation_quality=panoptic.segmentation_quality,
        reference_mm3=int(reference.sum()) * voxel_mm3,
        predicted_mm3=int(predicted.sum()) * voxel_mm3,
        reference_ha_mg=reference_mass_mg(case),
        predicted_ha_mg=_mass_mg(prediction, truth),
        confusion=confusion_rate(labels, prediction.mask) if has_other else None,
        flags=_flags(detection, found, bool(reference.any()), bool(predicted.any())),
        tissue_dice=_tissue_dice(truth, prediction),
    )


def _flags(
    detection: DetectionCase, found: int, reference: bool, predicted: bool
) -> tuple[CaseFlag, ...]:
    flags = []
    if not detection.lesions:
        flags.append(CaseFlag.EMPTY_REFERENCE)
        if detection.false_positives:
            flags.append(CaseFlag.FALSE_POSITIVE_ON_EMPTY)
    elif found == 0:
        flags.append(CaseFlag.ALL_MISSED)
    if reference != predicted:
        flags.append(CaseFlag.WORST_HD95)
    return tuple(flags)


def _mass_mg(prediction: Prediction, truth: Truth) -> float | None:
    """Predicted HA mass at the case's own slope, without lesions that touch unscored voxels."""
    if prediction.ha_mass_mg is None:
        return None
    excused = set(np.unique(prediction.ids[~truth.scored]).tolist())
    masses = [mass for number, mass in prediction.ha_mass_mg.items() if number not in excused]
    return sum(masses) / slope_factor(truth.case)


def _tissue_dice(truth: Truth, prediction: Prediction) -> dict[str, float]:
    """Dice of the labels that the reference has, other than calcification."""
    if prediction.tissues is None or not truth.case.has_tissues:
        return {}
    labels = truth.case.labels.array
    others = [label for label in Label if label is not Label.CALCIFICATION]
    return {
        label.name.lower(): dice(labels == label, (prediction.tissues == label) & truth.scored)
        for label in others
        if (labels == label).any()
    }
