"""The threshold rules on a drawn limb and on a real one."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from calciscope.ct.body import body_mask
from calciscope.ct.masks import component_voxels
from calciscope.evaluation.baselines import BASELINES, ThresholdBaseline, bone_by_rule, smoothed_hu
from calciscope.volume import Volume

SPACING = (1.0, 1.0, 2.0)


def limb(noise_hu: float = 0.0) -> tuple[Volume, np.ndarray]:
    """A thigh of 100 mm with a hollow femur, a rod of 400 HU and one of 160 HU."""
    x = np.arange(-60.0, 60.0)[:, None]
    y = np.arange(-60.0, 60.0)[None, :]
    distance = np.hypot(x, y)
    plane = np.where(distance <= 50, 50.0, -1000.0)
    plane = np.where(distance <= 14, 1200.0, plane)
    plane = np.where(distance <= 8, -50.0, plane)
    hu = np.repeat(plane[:, :, None], 30, axis=2)
    hu[90:95, 58:63, 8:16] = 400.0
    hu[24:29, 58:63, 8:16] = 160.0
    hu = ndimage.gaussian_filter(hu, (0.5, 0.5, 0.2))
    hu += np.random.default_rng(0).normal(0, noise_hu, hu.shape) if noise_hu else 0.0
    return Volume.from_spacing(hu.astype(np.float32), SPACING), hu > -500


def test_bone_holds_its_marrow_and_nothing_of_the_rods() -> None:
    ct, _ = limb()
    bone = bone_by_rule(ct)
    assert bone[60, 60].all()
    assert bone[72, 60].all()
    assert not bone[80:, :].any()
    assert not bone[:40, :].any()


@pytest.mark.parametrize(("threshold_hu", "found"), [(130.0, 2), (200.0, 1)])
@pytest.mark.parametrize("smoothed", [False, True])
def test_what_reaches_the_threshold_is_found(
    threshold_hu: float, found: int, smoothed: bool
) -> None:
    ct, body = limb()
    prediction = ThresholdBaseline(threshold_hu, smoothed).find(ct, body, bone_by_rule(ct))
    assert len(component_voxels(prediction)) == found
    assert prediction[92, 60, 12]
    assert prediction[26, 60, 12] == (found == 2)


def test_smoothing_spares_the_rule_the_noise() -> None:
    ct, body = limb(noise_hu=60.0)
    bone = bone_by_rule(ct)
    raw = ThresholdBaseline(130.0, smoothed=False).find(ct, body, bone)
    smooth = ThresholdBaseline(130.0).find(ct, body, bone)
    assert len(component_voxels(raw)) > 10
    assert len(component_voxels(smooth)) <= 3


def test_small_components_and_what_lies_outside_the_body_are_dropped() -> None:
    hu = np.full((20, 20, 10), 50.0, np.float32)
    hu[2:4, 2:4, 2] = 500.0  # 4 voxels of 2 mm3
    hu[10:12, 10:12, 4:6] = 500.0  # 8 voxels
    ct = Volume.from_spacing(hu, SPACING)
    body = np.ones(hu.shape, bool)
    rule = ThresholdBaseline(200.0, smoothed=False)
    assert rule.find(ct, body, ~body).sum() == 8
    body[10:] = False
    assert rule.find(ct, body, np.zeros_like(body)).sum() == 0


def test_smoothing_stays_within_slices() -> None:
    hu = np.zeros((9, 9, 5), np.float32)
    hu[:, :, 2] = 300.0
    smooth = smoothed_hu(Volume.from_spacing(hu, SPACING))
    np.testing.assert_allclose(smooth, hu, atol=1e-3)


def test_names_tell_the_rules_apart() -> None:
    assert len({rule.name for rule in BASELINES}) == len(BASELINES)
    assert ThresholdBaseline(130.0).name == "smoothed HU >= 130 outside bone"


@pytest.mark.realdata
def test_the_rule_on_real_limbs(shared_data: Path) -> None:
    def components(name: str) -> list[float]:
        image = nibabel.load(shared_data / "sts_ct" / f"{name}_ct.nii.gz")
        ct = Volume.from_ras(np.asanyarray(image.dataobj), image.affine).canonical().volume
        prediction = ThresholdBaseline(130.0).find(ct, body_mask(ct), bone_by_rule(ct))
        return [len(v) * ct.voxel_volume_mm3 for v in component_voxels(prediction)]

    # STS_025 has a focus of about 34 mm3 between tibia and fibula; STS_034 is clean.
    assert any(20 < volume < 60 for volume in components("STS_025"))
    assert components("STS_034") == []
