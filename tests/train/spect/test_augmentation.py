"""Changes of patches: mirrored patients, shifted CTs, tissues that a CT network got wrong."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope.spect.patch_facts import HotSpotFacts
from calciscope.spect.patch_inputs import FEATURES, network_inputs
from calciscope.spect.patch_spec import FINE_CHANNELS, PatchSpec
from calciscope.spect.patches import RawPatch
from calciscope_train.spect.augmentation import (
    PatchAugmentation,
    augmented,
    cropped,
    flipped,
    without_ct,
)

SPEC = PatchSpec(fine_size=8, fine_mm=6.0, coarse_size=4, coarse_mm=28.0)
MARGIN = 2
NONE = PatchAugmentation(
    shift_mm=0.0,
    tissue_shift_probability=0.0,
    flip_probability=0.0,
    gain_deviation=0.0,
    no_suv_probability=0.0,
    noise_probability=0.0,
    blur_probability=0.0,
    hu_noise=0.0,
    hu_shift=0.0,
    lost_calcification_probability=0.0,
    confusion_probability=0.0,
    no_tissues_probability=0.0,
    no_ct_probability=0.0,
)


def patch() -> RawPatch:
    rng = np.random.default_rng(0)
    tissues = np.zeros((7, 12, 12, 12), np.float32)
    tissues[1], tissues[-1] = 1.0, 1.0
    mask = np.zeros((8, 8, 8), bool)
    mask[3:6, 3:5, 3:5] = True
    return RawPatch(
        rng.gamma(2.0, 1.0, (8, 8, 8)).astype(np.float32),
        mask,
        rng.normal(50, 5, (12, 12, 12)).astype(np.float32),
        tissues,
        np.ones((4, 4, 4, 4), np.float32),
        HotSpotFacts((1.0, 2.0, 3.0), 4.0, 9.0, 5.0, 0.5, True, 0.3, (1.0, 0.0, 0.0),
                     (-120.0, 40.0, -70.0, 60.0), 300.0, 0.4),
    )  # fmt: skip


def test_without_any_change_the_margin_is_all_that_goes() -> None:
    changed = augmented(patch(), MARGIN, 6.0, NONE, np.random.default_rng(1))
    plain = cropped(patch(), MARGIN)
    np.testing.assert_array_equal(network_inputs(changed, SPEC), network_inputs(plain, SPEC))
    np.testing.assert_array_equal(plain.ct, patch().ct[2:-2, 2:-2, 2:-2])


def test_a_mirrored_patient_has_mirrored_channels_and_the_sign_of_the_side_changes() -> None:
    plain = cropped(patch(), MARGIN)
    row, other = network_inputs(plain, SPEC), network_inputs(flipped(plain), SPEC)
    length = len(FINE_CHANNELS) * 512
    fine, mirrored = (r[:length].reshape(-1, 8, 8, 8) for r in (row, other))
    np.testing.assert_array_equal(mirrored, fine[:, ::-1])
    names = np.array(FEATURES)
    changed = {str(n) for n in names[row[-len(names) :] != other[-len(names) :]]}
    assert changed == {"lateral"}
    lateral = dict(zip(FEATURES, row[-len(names) :], strict=True))["lateral"]
    # The middle of the body lies 40 mm to the right, its half width is 80 mm.
    assert lateral == pytest.approx(40.0 / 80.0)
    np.testing.assert_array_equal(network_inputs(flipped(flipped(plain)), SPEC), row)


def test_a_shift_moves_the_ct_by_no_more_than_its_margin() -> None:
    given = patch()
    settings = replace(NONE, shift_mm=100.0)
    changed = augmented(given, MARGIN, 6.0, settings, np.random.default_rng(1))
    np.testing.assert_array_equal(changed.uptake, given.uptake)
    corners = [
        (x, y, z)
        for x in (0, 4)
        for y in (0, 4)
        for z in (0, 4)
        if np.array_equal(changed.ct, given.ct[x : x + 8, y : y + 8, z : z + 8])
    ]
    assert len(corners) == 1


def test_confusion_moves_some_of_a_tissue_and_never_makes_any() -> None:
    settings = replace(NONE, confusion_probability=1.0, confused_share=0.5)
    totals = []
    for seed in range(40):
        changed = augmented(patch(), MARGIN, 6.0, settings, np.random.default_rng(seed))
        assert changed.tissues.min() >= 0.0
        assert changed.tissues[:5].sum(axis=0).max() <= 1.0
        assert (changed.tissues[-1] == 1.0).all()
        totals.append(float(changed.tissues[1].mean()))
    assert min(totals) < 0.95
    assert max(totals) == 1.0


def test_a_hot_spot_beyond_the_ct_shows_no_ct() -> None:
    plain = cropped(patch(), MARGIN)
    row = network_inputs(without_ct(plain), SPEC)
    fine = dict(zip(FINE_CHANNELS, row[: 15 * 512].reshape(15, 8, 8, 8), strict=True))
    assert not fine["ct_seen"].any()
    assert not fine["muscle"].any()
    assert fine["ct_soft"].max() == -1.0
    assert fine["spect_seen"].all()


def test_a_changed_gain_moves_muscle_and_hides_nothing() -> None:
    settings = replace(NONE, gain_deviation=0.5, no_suv_probability=1.0)
    facts = augmented(patch(), MARGIN, 6.0, settings, np.random.default_rng(3)).facts
    assert not facts.is_suv
    assert facts.muscle_uptake != 0.5
    assert facts.maximum == 9.0
