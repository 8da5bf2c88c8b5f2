"""One case scored by hand: 64 of 72 voxels found, one speck of 2 voxels beside bone."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from calciscope.evaluation.case_scoring import CaseResult, Truth, score_case
from calciscope.evaluation.predictions import Prediction
from calciscope.evaluation.record_rows import CaseFlag, Ground
from calciscope.evaluation.rule_predictor import Surroundings
from calciscope.labels import IGNORE

VOXEL_MM3 = 2.0


def scored(toys: SimpleNamespace, lesions: bool = True) -> CaseResult:
    case = toys.case(lesions=lesions)
    return score_case(Truth.of(case, Surroundings()), toys.Oracle().predict(case))


def test_counts_and_volumes(toys: SimpleNamespace) -> None:
    row = scored(toys).row
    assert (row.lesions, row.found, row.false_negatives) == (2, 1, 1)
    assert (row.predicted, row.false_positives, row.false_positive_mm3) == (2, 1, 4.0)
    assert (row.reference_mm3, row.predicted_mm3) == (72 * VOXEL_MM3, 66 * VOXEL_MM3)
    assert row.f1 == pytest.approx(2 / (2 + 1 + 1))
    assert row.flags == ()


def test_overlap(toys: SimpleNamespace) -> None:
    row = scored(toys).row
    assert row.dice == pytest.approx(2 * 64 / (72 + 66))
    # Only lesion 1 has 30 mm3 or more, and it is found whole.
    assert row.lesion_dice == 1.0
    assert row.recognition_quality == pytest.approx(1 / (1 + 0.5 + 0.5))
    assert row.segmentation_quality == 1.0
    assert row.confusion == 0.0


def test_mass_of_the_visible_mineral_and_of_what_was_predicted(toys: SimpleNamespace) -> None:
    row = scored(toys).row
    # The vascular row is no soft-tissue calcification.
    assert (row.reference_ha_mg, row.predicted_ha_mg) == (20.0, 19.0)


def test_every_predictor_is_given_the_slope_of_the_case(toys: SimpleNamespace) -> None:
    case = toys.case()
    made = replace(case, meta={**case.meta, "acquisition": {"slope_factor": 1.25}})
    row = score_case(Truth.of(made, Surroundings()), toys.Oracle().predict(made)).row
    assert (row.reference_ha_mg, row.predicted_ha_mg) == (20.0, pytest.approx(19.0 / 1.25))


def test_lesions_carry_what_is_true_of_them(toys: SimpleNamespace) -> None:
    one, two = scored(toys).lesions
    assert (one.kind, one.compartment, one.contrast_hu) == ("C3", "muscle", 300.0)
    assert (one.found, one.dice, one.probability, one.volume_mm3) == (True, 1.0, 0.9, 128.0)
    # Lesion 2 has no row of its own; its contrast is measured: 350 - 50 HU.
    assert (two.kind, two.found, two.probability) == (None, False, None)
    assert two.contrast_hu == pytest.approx(300.0)


def test_the_false_positive_lies_on_bone(toys: SimpleNamespace) -> None:
    (false,) = scored(toys).false_positives
    assert (false.on, false.probability, false.volume_mm3) == (Ground.BONE, 0.4, 4.0)
    assert false.center_lps_mm == (18.0, 8.0, 8.0)
    assert [(c.probability, c.is_lesion) for c in scored(toys).candidates] == [
        (0.9, True),
        (0.4, False),
    ]


def test_a_case_without_lesions(toys: SimpleNamespace) -> None:
    row = scored(toys, lesions=False).row
    assert (row.dice, row.normalized_surface_dice) == (0.0, 0.0)
    diagonal = float(np.linalg.norm(np.array(toys.SHAPE) * toys.SPACING_MM))
    assert row.hd95_mm == pytest.approx(diagonal)
    assert row.lesion_dice is None
    assert row.flags == (
        CaseFlag.EMPTY_REFERENCE,
        CaseFlag.FALSE_POSITIVE_ON_EMPTY,
        CaseFlag.WORST_HD95,
    )


def test_two_empty_masks_agree(toys: SimpleNamespace) -> None:
    case = toys.case(lesions=False)
    row = score_case(Truth.of(case, Surroundings()), Prediction(np.zeros(toys.SHAPE, np.int32))).row
    assert (row.dice, row.normalized_surface_dice, row.hd95_mm) == (1.0, 1.0, 0.0)
    assert (row.f1, row.recognition_quality) == (None, None)
    assert row.predicted_ha_mg is None
    assert row.flags == (CaseFlag.EMPTY_REFERENCE,)


def test_everything_missed_gets_the_worst_values(toys: SimpleNamespace) -> None:
    case = toys.case()
    row = score_case(Truth.of(case, Surroundings()), Prediction(np.zeros(toys.SHAPE, np.int32))).row
    assert row.hd95_mm == pytest.approx(
        float(np.linalg.norm(np.array(toys.SHAPE) * toys.SPACING_MM))
    )
    assert row.flags == (CaseFlag.ALL_MISSED, CaseFlag.WORST_HD95)


def test_unscored_voxels_do_not_count(toys: SimpleNamespace) -> None:
    case = toys.case()
    case.labels.array[17:21, 7:10, 3:6] = IGNORE
    result = score_case(Truth.of(case, Surroundings()), toys.Oracle().predict(case))
    assert result.row.false_positives == 0
    assert result.row.predicted == 1
    # The speck's mass is excused with it.
    assert result.row.predicted_ha_mg == 18.0
    assert [c.is_lesion for c in result.candidates] == [True]


def test_a_better_outline_scores_no_worse(toys: SimpleNamespace) -> None:
    case = toys.case()
    truth = Truth.of(case, Surroundings())
    dices, surfaces = [], []
    for width in (1, 2, 3, 4):
        ids = np.zeros(toys.SHAPE, np.int32)
        ids[toys.ONE[0].start : toys.ONE[0].start + width, toys.ONE[1], toys.ONE[2]] = 1
        row = score_case(truth, Prediction(ids)).row
        dices.append(row.dice)
        surfaces.append(row.normalized_surface_dice)
    assert dices == sorted(dices)
    assert surfaces == sorted(surfaces)
