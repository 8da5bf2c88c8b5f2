"""Figures at a threshold, against the evaluation's own matching; and the choice of modes."""

import numpy as np
import pytest

from calciscope.evaluation.matching import match_lesions
from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.candidates import (
    Candidate,
    CaseCandidates,
    Figures,
    case_candidates,
    figures_at,
)
from calciscope_train.operating_points import choose_modes, mean_sensitivity, threshold_curve


def row(overlaps: dict[int, int], outside: int = 0, ignored: bool = False) -> Candidate:
    return Candidate({}, 2.5 * (sum(overlaps.values()) + outside), overlaps, outside, ignored)


CASE = CaseCandidates(
    "a",
    {1: 20, 2: 40, 3: 10},
    2.5,
    (row({1: 15}, 5), row({2: 3}), row({}, 4), row({}, 6, ignored=True), row({3: 10}, 2)),
)
PROMISED = np.array([0.9, 0.8, 0.7, 0.95, 0.2])


def test_figures_by_hand() -> None:
    figures = figures_at([CASE], [PROMISED], 0.5)
    # Lesion 1 is found; 2 is hit in 3 of 40 voxels, less than a tenth; 3 was dropped.
    assert figures.sensitivity == pytest.approx(1 / 3)
    assert figures.false_positives_per_case == 1  # the ignored one does not count
    assert figures.false_positive_mm3_per_case == 10
    assert figures.f1 == pytest.approx(2 / (1 + 3 + 1))
    # Only lesions 1 (50 mm3) and 2 (100 mm3): 2 x 15 / (20 + 20) and 2 x 3 / (3 + 40).
    assert figures.dice == pytest.approx((30 / 40 + 6 / 43) / 2)


def test_nothing_kept_and_nothing_there() -> None:
    none = figures_at([CASE], [PROMISED], 1.0)
    assert (none.sensitivity, none.false_positives_per_case, none.dice) == (0, 0, 0)
    empty = CaseCandidates("b", {}, 2.5, ())
    assert figures_at([empty], [np.array([])], 0.5) == Figures(0, 0, 0, 0, 0)


def test_the_table_says_what_matching_says() -> None:
    generator = np.random.default_rng(0)
    shape = (48, 48, 16)
    labels = np.full(shape, Label.MUSCLE, np.uint8)
    hu = np.full(shape, 50, np.int16)
    probability = np.zeros(shape, np.uint8)
    for number in range(14):
        start = generator.integers(0, np.array(shape) - 6)
        box = tuple(
            slice(a, a + n) for a, n in zip(start, generator.integers(2, 6, 3), strict=True)
        )
        if number % 3:
            labels[box] = Label.CALCIFICATION
        if number % 4:
            hu[box], probability[box] = 500, 220
    labels[:6] = IGNORE
    ct = Volume.from_spacing(hu, (1.0, 1.0, 2.5))
    body = np.ones(shape, bool)
    tissue = np.full(shape, Label.MUSCLE, np.uint8)
    case = case_candidates(ct, labels, tissue, probability, body, 128, "a")
    figures = figures_at([case], [np.ones(len(case.candidates))], 0.5)
    ids = np.zeros(shape, np.int32)
    from calciscope.ct.boundaries import drawn_at_half_contrast
    from calciscope.ct.masks import component_voxels

    for number, voxels in enumerate(component_voxels(labels == Label.CALCIFICATION), start=1):
        ids[tuple(voxels.T)] = number
    drawn = drawn_at_half_contrast(ct, probability >= 128, tissue)
    expected = match_lesions(ids, drawn, ct.voxel_volume_mm3, labels == IGNORE)
    found = [lesion.found for lesion in expected.lesions]
    large = [lesion.dice for lesion in expected.lesions if lesion.volume_mm3 >= 30]
    assert 0 < sum(found) < len(found)
    assert figures.sensitivity == pytest.approx(np.mean(found))
    assert figures.false_positives_per_case == expected.false_positives
    assert figures.dice == pytest.approx(np.mean(large))


def point(sensitivity: float, false_positives: float, f1: float) -> Figures:
    return Figures(sensitivity, false_positives, 0.0, f1, 0.0)


CURVE = [
    (0.0, point(0.95, 40.0, 0.40)),
    (0.2, point(0.90, 9.0, 0.70)),
    (0.4, point(0.85, 5.0, 0.795)),
    (0.6, point(0.80, 3.0, 0.80)),
    (0.8, point(0.60, 0.5, 0.70)),
]


def test_balanced_is_best_f1_and_of_equals_the_one_that_misses_least() -> None:
    balanced, _, _ = choose_modes(CURVE, 1.0, 0.0)
    assert (balanced.name, balanced.lesion_probability) == ("balanced", 0.4)
    assert balanced.voxel_logit_bias == 1.0
    assert balanced.figures["sensitivity"] == 0.85
    assert "sensitivity 0.85 at 5.0 false positives" in balanced.aim


@pytest.mark.parametrize(("allowed", "least"), [(0.0, 0.2), (8.0, 0.2), (50.0, 0.0)])
def test_sensitive_misses_least_at_the_false_positives_it_may_have(
    allowed: float, least: float
) -> None:
    balanced, sensitive, _ = choose_modes(CURVE, 1.0, allowed)
    assert sensitive.lesion_probability == least
    assert sensitive.lesion_probability <= balanced.lesion_probability
    # The same voxels in both: what balanced finds, sensitive finds with the same outline.
    assert sensitive.least == balanced.least


def test_specific_invents_at_most_one_a_case() -> None:
    balanced, _, specific = choose_modes(CURVE, 1.0, 0.0)
    assert specific.name == "specific"
    within = [least for least, figures in CURVE if figures.false_positives_per_case <= 1]
    assert specific.lesion_probability == min(within)
    assert specific.figures["false_positives_per_case"] <= 1
    assert specific.least == balanced.least
    # No threshold reaches it: the highest is taken, and its figures say what it reaches.
    _, _, nearest = choose_modes(CURVE[:3], 1.0, 0.0)
    assert nearest.lesion_probability == CURVE[2][0]
    assert nearest.aim.startswith("fewest false positives of all thresholds; on validation")
    # Balanced has no more already.
    few = [(0.2, point(0.9, 0.9, 0.90)), (0.5, point(0.88, 0.5, 0.92))]
    balanced, _, specific = choose_modes(few, 1.0, 0.0)
    assert specific.lesion_probability == balanced.lesion_probability == 0.5
    assert specific.aim.startswith("as balanced; on validation cases")


def test_mean_sensitivity_is_taken_at_four_rates() -> None:
    # At most 1, 2, 4 and 8 false positives: 0.60, 0.60, 0.80, 0.85.
    assert mean_sensitivity(CURVE) == pytest.approx((0.6 + 0.6 + 0.8 + 0.85) / 4)
    assert mean_sensitivity(CURVE[:1]) == 0


def test_curve_falls_with_its_threshold() -> None:
    curve = threshold_curve([CASE], [PROMISED])
    assert curve[0][0] == 0
    rates = [figures.sensitivity for _, figures in curve]
    assert rates == sorted(rates, reverse=True)
