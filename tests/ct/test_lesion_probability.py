"""Features of what may be a lesion, and what a mode keeps of it."""

import math

import numpy as np
import pytest
from scipy import ndimage

from calciscope.ct.lesion_probability import FEATURES, candidates_with_features, probable_lesions
from calciscope.ct.segmentation import draw_mineral
from calciscope.errors import ModelError
from calciscope.labels import Label
from calciscope.models.operating_point import Calibration, LesionCalibration, OperatingMode
from calciscope.preprocessing import PreprocessingSpec, preprocess
from calciscope.volume import Volume

SHAPE = (40, 40, 20)
SURE, FAINT = (slice(8, 14), slice(8, 14), slice(6, 12)), (slice(26, 30), slice(26, 30), 8)


def study() -> tuple[Volume, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Muscle with a sure lesion beside bone, and a faint one alone."""
    hu = np.full(SHAPE, 50, np.int16)
    tissue = np.full(SHAPE, Label.MUSCLE, np.uint8)
    tissue[15:20] = Label.BONE
    probability = np.zeros(SHAPE, np.uint8)
    hu[SURE], probability[SURE] = 450, 230
    hu[FAINT], probability[FAINT] = 190, 64
    mask = probability > 0
    return Volume.from_spacing(hu, (1.0, 1.0, 2.0)), mask, tissue, probability, np.ones(SHAPE, bool)


def test_features_are_what_can_be_counted() -> None:
    found = candidates_with_features(*study())
    (sure_voxels, sure), (faint_voxels, faint) = found
    assert tuple(sure) == FEATURES
    assert (len(sure_voxels), len(faint_voxels)) == (6 * 6 * 6, 16)
    assert sure["log_volume"] == pytest.approx(math.log(216 * 2))
    # Behind a Gaussian of 1.1 mm: all but 1.3 % of a cube of 6 mm, and 60 % of a plate of 2 mm.
    assert sure["log_contrast"] == pytest.approx(math.log(395), abs=0.02)
    assert faint["log_contrast"] == pytest.approx(math.log(85), abs=0.1)
    assert sure["peak_logit"] == pytest.approx(math.log(230 / 25))
    assert faint["mean_logit"] == pytest.approx(math.log(64 / 191))
    # One voxel of muscle parts the sure lesion from bone: its shell reaches two voxels into it.
    assert 0.05 < sure["bone_share"] < 0.3
    assert faint["bone_share"] == 0
    assert sure["foreign_share"] == faint["background_share"] == 0


def test_noise_is_told_from_what_stays() -> None:
    _, _, tissue, probability, _ = study()
    hu = np.random.default_rng(0).normal(50, 25, SHAPE)
    # The border of fat and muscle beside the lesion is not noise.
    hu[:, 34:] -= 150
    speck = (6, 30, 14)
    hu[FAINT] = hu[speck] = 190
    mask = np.zeros(SHAPE, bool)
    mask[FAINT] = mask[speck] = True
    tissue[:] = Label.MUSCLE
    ct = Volume.from_spacing(hu.round().astype(np.int16), (1.0, 1.0, 2.0))
    body = np.ones(SHAPE, bool)
    found = candidates_with_features(ct, mask, tissue, probability, body)
    small, lesion = sorted((features for _, features in found), key=lambda f: f["log_volume"])
    assert math.exp(small["log_contrast"]) < 50 < 80 < math.exp(lesion["log_contrast"])
    still = ct.with_array(np.where(mask, ct.array, 50).astype(np.int16))
    (_, quiet), _ = candidates_with_features(still, mask, tissue, probability, body)
    assert math.exp(lesion["log_noise"]) > 4 * math.exp(quiet["log_noise"])


@pytest.mark.parametrize("spacing", [(0.4, 0.4, 1.0), (0.7, 0.7, 1.25), (0.98, 0.98, 3.27)])
def test_features_keep_their_meaning_on_every_grid(spacing: tuple[float, float, float]) -> None:
    """Fitted on the model's grid, used on the grid of any CT."""
    shape = tuple(round(size / step) for size, step in zip((48, 48, 60), spacing, strict=True))
    axes = [(np.arange(n) - n / 2) * step for n, step in zip(shape, spacing, strict=True)]
    radius = np.sqrt(sum(c**2 for c in np.meshgrid(*axes, indexing="ij")))
    noise = ndimage.gaussian_filter(
        np.random.default_rng(1).normal(0, 1, shape), [0.8 / step for step in spacing]
    )
    hu = 50 + 250 / (1 + np.exp((radius - 4) / 0.4)) + 12 * noise / noise.std()
    native = Volume.from_spacing(hu.round().astype(np.int16), spacing)
    model = preprocess(native, PreprocessingSpec()).volume
    features = []
    for ct in (native, model):
        mask = ndimage.gaussian_filter(ct.array.astype(float), 1.0 / ct.spacing_mm) > 175
        ones = np.ones(ct.shape, np.uint8)
        found = candidates_with_features(ct, mask, ones * Label.MUSCLE, ones * 200, ones > 0)
        features.append(max((f for _, f in found), key=lambda f: f["log_volume"]))
    for name in ("log_volume", "log_contrast", "log_noise"):
        assert features[0][name] == pytest.approx(features[1][name], abs=0.3), name


def test_memory_order_and_a_cut_at_the_border_change_nothing() -> None:
    ct, mask, tissue, probability, body = study()
    fortran = [np.asfortranarray(array) for array in (mask, tissue, probability, body)]
    again = candidates_with_features(ct.with_array(np.asfortranarray(ct.array)), *fortran)
    for (_, one), (_, other) in zip(candidates_with_features(*study()), again, strict=True):
        assert one == pytest.approx(other)
    full = np.ones(SHAPE, bool)
    ((voxels, features),) = candidates_with_features(ct, full, tissue, probability, body)
    assert len(voxels) == full.size
    assert all(np.isfinite(list(features.values())))


def by_peak(intercept: float = 0.0) -> LesionCalibration:
    return LesionCalibration(intercept, {"peak_logit": 1.0})


def test_a_lesion_less_probable_than_wanted_is_dropped() -> None:
    parts = study()
    kept = probable_lesions(*parts, by_peak(), least=0.5)
    assert set(np.unique(kept[SURE])) == {230}
    assert not kept[FAINT].any()
    both = probable_lesions(*parts, by_peak(), least=0.2)
    assert set(np.unique(both[FAINT])) == {64}
    assert (probable_lesions(*parts, by_peak(-99.0), least=0.0)[SURE] == 1).all()


def test_a_feature_from_a_later_program_is_refused() -> None:
    later = LesionCalibration(0.0, {"texture": 1.0})
    with pytest.raises(ModelError, match="calibration wants texture"):
        probable_lesions(*study(), later, least=0.5)


@pytest.mark.parametrize("seed", range(3))
def test_the_sensitive_mode_finds_all_that_the_balanced_one_finds(seed: int) -> None:
    generator = np.random.default_rng(seed)
    ct, _, tissue, probability, body = study()
    speckle = generator.random(SHAPE) > 0.98
    probability[speckle] = generator.integers(60, 255, int(speckle.sum()))
    calibration = Calibration(1.0, 0.0, by_peak())
    masks = []
    for least in (0.9, 0.6, 0.2):
        mode = OperatingMode("", "", 1.0, least)
        mask, _ = draw_mineral(ct, probability, tissue, body, calibration, mode)
        masks.append(mask)
    strict, middle, sensitive = masks
    assert strict.any()
    assert (sensitive >= middle).all()
    assert (middle >= strict).all()
    assert sensitive.sum() > strict.sum()


def test_without_calibration_there_is_no_lesion_probability() -> None:
    ct, _, tissue, probability, body = study()
    mask, lesions = draw_mineral(ct, probability, tissue, body, None, OperatingMode("", ""))
    assert lesions is None
    assert mask[SURE].all()
    assert not mask[FAINT].any()
