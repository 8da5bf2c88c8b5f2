from dataclasses import replace

import numpy as np
import pytest

from calciscope.errors import ModelError
from calciscope.labels import Label
from calciscope.models import tiling
from calciscope.models.manifest import ModelManifest
from calciscope.models.onnxruntime_engine import OnnxRuntimeEngine
from calciscope.models.sliding_window import WindowedResult, run_windows
from calciscope.preprocessing import network_input


class FixedEngine:
    """Answers with one logit per label everywhere and remembers what it was given."""

    name, device, precision = "fixed", "CPU", "fp32"

    def __init__(self, logits: list[float]) -> None:
        self.logits = np.array(logits, dtype=np.float32)
        self.seen: list[np.ndarray] = []

    def run(self, batch: np.ndarray) -> np.ndarray:
        self.seen.append(batch)
        grid = np.ones((1, 1, *batch.shape[2:]), dtype=np.float32)
        return self.logits[None, :, None, None, None] * grid


def noise(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-300, 1500, shape, dtype=np.int16)


def whole(hu: np.ndarray, model: ModelManifest) -> tuple[np.ndarray, np.ndarray]:
    """Tissue and probability of the volume in one piece, with numpy's own argmax and exp."""
    logits = OnnxRuntimeEngine(model).run(network_input(hu[None], model.preprocessing))[0]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=0)
    others = logits.copy()
    others[Label.CALCIFICATION] = -np.inf
    return others.argmax(axis=0), probabilities[Label.CALCIFICATION]


def assert_same(result: WindowedResult, expected: tuple[np.ndarray, np.ndarray]) -> None:
    tissue, probability = expected
    np.testing.assert_allclose(result.probability, 255 * probability, atol=0.51)
    # Sums in another order may turn over a tie in the last bit, no more.
    assert (result.tissue == tissue).mean() > 0.9999


@pytest.mark.parametrize("most", [1 << 22, 1 << 16, 1 << 14])
def test_windows_equal_the_volume_in_one_piece(
    model: ModelManifest, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(tiling, "MOST_VOXELS", most)
    monkeypatch.setattr(tiling, "FEWEST_VOXELS", 1 << 10)
    hu = noise((96, 80, 40))
    result = run_windows(hu, np.ones(hu.shape, dtype=bool), model, OnnxRuntimeEngine(model))
    assert (result.windows > 1) == (most < hu.size)
    assert_same(result, whole(hu, model))


def test_small_body_equals_the_same_place_in_one_piece(model: ModelManifest) -> None:
    hu = noise((128, 128, 48))
    body = np.zeros(hu.shape, dtype=bool)
    body[50:90, 30:60, 20:31] = True
    result = run_windows(hu, body, model, OnnxRuntimeEngine(model))
    tissue, probability = whole(hu, model)
    np.testing.assert_allclose(result.probability[body], 255 * probability[body], atol=0.51)
    assert (result.tissue[body] == tissue[body]).mean() > 0.9999
    assert result.voxels < hu.size / 4
    assert not result.tissue[:, 100:].any()


@pytest.mark.parametrize("shape", [(50, 37, 9), (5, 5, 1), (16, 16, 4), (17, 33, 5)])
def test_volume_of_any_size_is_continued_by_its_edge(
    model: ModelManifest, shape: tuple[int, int, int]
) -> None:
    hu = noise(shape)
    result = run_windows(hu, np.ones(shape, dtype=bool), model, OnnxRuntimeEngine(model))
    missing = [(0, -count % multiple) for count, multiple in zip(shape, (16, 16, 4), strict=True)]
    tissue, probability = whole(np.pad(hu, missing, mode="edge"), model)
    inside = tuple(slice(count) for count in shape)
    assert_same(result, (tissue[inside], probability[inside]))


def test_probability_is_the_softmax_of_calcification(model: ModelManifest) -> None:
    engine = FixedEngine([1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0])
    result = run_windows(np.zeros((20, 20, 4)), np.ones((20, 20, 4), dtype=bool), model, engine)
    softmax = np.exp(3.0) / (np.exp([1.0, 2.0, 3.0]).sum() + 4.0)
    assert (result.probability == round(255 * softmax)).all()
    # The second best, since calcification is kept apart.
    assert (result.tissue == Label.MUSCLE).all()


@pytest.mark.parametrize(
    ("logits", "tissue", "probability"),
    [
        ([0.0] * 7, Label.BACKGROUND, round(255 / 7)),
        ([0, 0, 0, 0, 0, 0, 1e4], Label.BACKGROUND, 255),
        ([0, 0, 0, 9e3, 0, 0, -1e4], Label.BONE, 0),
        ([-5, -4, -3, -2, -1, -0.5, -50], Label.FOREIGN, 0),
    ],
)
def test_extreme_logits(
    model: ModelManifest, logits: list[float], tissue: Label, probability: int
) -> None:
    hu = np.zeros((16, 16, 4), dtype=np.int16)
    result = run_windows(hu, np.ones(hu.shape, dtype=bool), model, FixedEngine(logits))
    assert (result.tissue == tissue).all()
    assert (result.probability == probability).all()


def test_air_is_never_looked_at(model: ModelManifest) -> None:
    engine = FixedEngine([0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 5.0])
    hu = noise((64, 64, 16))
    nothing = run_windows(hu, np.zeros(hu.shape, dtype=bool), model, engine)
    assert engine.seen == []
    assert (nothing.windows, nothing.voxels) == (0, 0)
    assert not nothing.tissue.any()
    assert not nothing.probability.any()


def test_windows_are_float32_batches_of_one_shape(
    model: ModelManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiling, "MOST_VOXELS", 1 << 16)
    engine = FixedEngine([0.0] * 7)
    hu = noise((100, 90, 30))
    shares: list[float] = []
    result = run_windows(hu, np.ones(hu.shape, dtype=bool), model, engine, shares.append)
    assert {batch.shape for batch in engine.seen} == {engine.seen[0].shape}
    assert all(batch.dtype == np.float32 for batch in engine.seen)
    assert result.voxels == sum(batch[0, 0].size for batch in engine.seen)
    assert shares == [pytest.approx((n + 1) / result.windows) for n in range(result.windows)]


def test_answer_of_another_shape_is_refused(model: ModelManifest) -> None:
    hu = np.zeros((16, 16, 4), dtype=np.int16)
    with pytest.raises(ModelError, match=r"answers with shape \(1, 5, 16, 16, 4\)"):
        run_windows(hu, np.ones(hu.shape, dtype=bool), model, FixedEngine([0.0] * 5))


def test_nan_is_refused(model: ModelManifest) -> None:
    hu = np.zeros((16, 16, 4), dtype=np.int16)
    with pytest.raises(ModelError, match="NaN"):
        run_windows(hu, np.ones(hu.shape, dtype=bool), model, FixedEngine([0.0] * 6 + [np.nan]))


def test_window_sizes_follow_the_model(model: ModelManifest) -> None:
    engine = FixedEngine([0.0] * 7)
    coarse = replace(model, required_multiple=(32, 32, 16))
    run_windows(noise((40, 40, 10)), np.ones((40, 40, 10), dtype=bool), coarse, engine)
    assert engine.seen[0].shape == (1, 2, 64, 64, 16)
