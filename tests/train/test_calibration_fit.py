"""Fitting finds what the data was made with."""

import math

import numpy as np
import pytest

from calciscope.ct.lesion_probability import FEATURES
from calciscope.models.operating_point import logit_of_map
from calciscope_train.calibration_fit import (
    fit_lesions,
    fit_voxels,
    negative_log_likelihood,
    out_of_fold,
    probabilities,
)
from calciscope_train.candidates import Candidate, CaseCandidates


def case(
    features: np.ndarray, real: np.ndarray, patient: str, ignored: bool = False
) -> CaseCandidates:
    rows = tuple(
        Candidate(
            dict(zip(FEATURES, row.tolist(), strict=True)), 20.0, {1: 5} if hit else {}, 3, ignored
        )
        for row, hit in zip(features, real, strict=True)
    )
    return CaseCandidates(patient, {1: 8}, 2.5, rows)


def drawn(seed: int, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Features, and outcomes of known log odds: 1.5 x first - 2 x fifth - 0.5."""
    generator = np.random.default_rng(seed)
    features = generator.normal(0, [2, 2, 1, 1] + 5 * [0.3], (count, len(FEATURES)))
    logits = 1.5 * features[:, 0] - 2.0 * features[:, 4] - 0.5
    return features, generator.random(count) < 1 / (1 + np.exp(-logits))


def test_temperature_and_offset_are_those_the_data_was_made_with() -> None:
    logits = logit_of_map(np.arange(256, dtype=np.uint8))
    true = 1 / (1 + np.exp(-(logits / 1.8 - 0.9)))
    share = np.full(256, 100_000)
    share[0] = 0
    positive = np.rint(share * true).astype(np.int64)
    counts = np.stack([share - positive, positive])
    temperature, offset = fit_voxels(counts)
    assert temperature == pytest.approx(1.8, rel=0.01)
    assert offset == pytest.approx(-0.9, abs=0.01)
    best = negative_log_likelihood(counts, temperature, offset)
    assert best < negative_log_likelihood(counts, 1.0, 0.0)


def test_likelihood_of_one_voxel_of_each_kind() -> None:
    counts = np.zeros((2, 256), np.int64)
    counts[0, 51] = counts[1, 204] = 1  # probability 0.2 and 0.8: both right by 0.8
    assert negative_log_likelihood(counts, 1.0, 0.0) == pytest.approx(-math.log(0.8))


def test_regression_finds_its_weights() -> None:
    features, real = drawn(0, 6000)
    fitted = fit_lesions([case(features, real, "a")])
    assert fitted.intercept == pytest.approx(-0.5, abs=0.15)
    assert fitted.weights[FEATURES[0]] == pytest.approx(1.5, abs=0.1)
    assert fitted.weights[FEATURES[4]] == pytest.approx(-2.0, abs=0.3)
    assert abs(fitted.weights[FEATURES[1]]) < 0.1


def test_a_plane_that_parts_all_lesions_gives_finite_weights() -> None:
    features, _ = drawn(1)
    fitted = fit_lesions([case(features, features[:, 2] > 0, "a")])
    assert fitted.weights["log_volume"] > 1
    assert all(np.isfinite(list(fitted.weights.values())))


def test_what_is_ignored_teaches_nothing() -> None:
    features, real = drawn(2)
    lies = case(features, np.zeros(len(real), bool), "b", ignored=True)
    alone = fit_lesions([case(features, real, "a")])
    assert fit_lesions([case(features, real, "a"), lies]) == alone


def test_out_of_fold_never_sees_the_patient() -> None:
    # Patient "b" is the opposite of all others: a fit that saw it would partly follow it.
    cases = [case(*drawn(seed), patient) for seed, patient in enumerate("acde")]
    features, real = drawn(9)
    odd = case(features, ~real, "b")
    promised = out_of_fold([*cases, odd])[-1]
    np.testing.assert_allclose(promised, probabilities(odd, fit_lesions(cases)), atol=0.12)
    assert ((promised > 0.5) == real).mean() > 0.8


def test_one_patient_alone_is_fitted_on_itself() -> None:
    only = case(*drawn(3), "a")
    (promised,) = out_of_fold([only])
    np.testing.assert_allclose(promised, probabilities(only, fit_lesions([only])))
