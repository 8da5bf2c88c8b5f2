from pathlib import Path

import nibabel
import numpy as np
import pytest

from calciscope.ct.body import body_mask
from calciscope.volume import Volume

SPACING = (1.0, 1.0, 2.5)
SHAPE = (240, 160, 24)
AIR, FAT, MUSCLE, FOAM, SHELL = -1000.0, -100.0, 50.0, -900.0, 100.0
LEGS = (60.0, 180.0)
RADIUS = 42.0


def distance_mm(shape: tuple[int, int, int], x: float, y: float) -> np.ndarray:
    columns, rows = np.arange(shape[0])[:, None, None], np.arange(shape[1])[None, :, None]
    return np.hypot(columns - x, rows - y) * np.ones((1, 1, shape[2]))


def two_legs(shape: tuple[int, int, int] = SHAPE, noise_hu: float = 20.0) -> np.ndarray:
    """Two round legs, the right one at x = 60, with skin and fat of 10 mm; noisy air around."""
    hu = np.full(shape, AIR)
    for x in LEGS:
        distance = distance_mm(shape, x, 70.0)
        hu[distance < RADIUS] = FAT
        hu[distance < RADIUS - 10] = MUSCLE
        hu[distance < 12] = 900.0
    return hu + np.random.default_rng(0).normal(0.0, noise_hu, shape)


def legs_mask(shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    return np.logical_or(*[distance_mm(shape, x, 70.0) < RADIUS for x in LEGS])


def add_table(hu: np.ndarray, top: int) -> np.ndarray:
    """A foam core between two shells of 3 mm, right across the field of view."""
    hu = hu.copy()
    hu[:, top : top + 30] = FOAM
    hu[:, top : top + 3] = SHELL
    hu[:, top + 27 : top + 30] = SHELL
    return hu


def body_of(hu: np.ndarray, spacing: tuple[float, float, float] = SPACING) -> np.ndarray:
    return body_mask(Volume.from_spacing(np.rint(hu).astype(np.int16), spacing))


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_both_legs_are_found_to_the_skin() -> None:
    body = body_of(two_legs())
    assert body.dtype == bool
    assert body.shape == SHAPE
    assert (body == legs_mask()).mean() > 0.9999


def test_table_is_left_out() -> None:
    body = body_of(add_table(two_legs(), top=120))
    assert not body[:, 115:].any()
    assert (body == legs_mask()).mean() > 0.9999


def test_legs_lying_on_the_table_lose_nothing_and_gain_little() -> None:
    top = int(70 + RADIUS)
    body = body_of(add_table(two_legs(), top))
    legs = legs_mask()
    assert body[legs].mean() > 0.9999
    # Right under the legs a strip of shell cannot be told from skin; the rest is left out.
    extra = body & ~legs
    assert not extra[:, top + 8 :].any()
    assert extra.sum() < 0.04 * legs.sum()


def test_table_cut_lengthwise_by_the_field_of_view_stays_out() -> None:
    hu = two_legs()
    hu[:, -6:] = SHELL
    assert not body_of(hu)[:, 130:].any()


def test_blanket_and_loose_folds_are_left_out() -> None:
    hu = two_legs()
    over = [np.abs(distance_mm(SHAPE, x, 70.0) - RADIUS - 15) < 2 for x in LEGS]
    hu[np.logical_or(*over)] = -350.0
    hu[5:12, 20:24] = -50.0
    assert (body_of(hu) == legs_mask()).mean() > 0.999


def test_gas_inside_the_body_belongs_to_it() -> None:
    hu = two_legs()
    hu[distance_mm(SHAPE, LEGS[0], 95.0) < 6] = AIR
    assert (body_of(hu) == legs_mask()).mean() > 0.9999


def test_separate_arm_is_kept_and_small_things_are_not() -> None:
    hu = np.full((300, 160, 40), AIR)
    hu[distance_mm(hu.shape, 120, 80) < 60] = MUSCLE
    hu[distance_mm(hu.shape, 260, 80) < 25] = MUSCLE
    hu[20:34, 20:34, 10:14] = MUSCLE  # 14 x 14 x 10 mm: 2 mL
    body = body_of(hu)
    assert body[260, 80].all()
    assert not body[20:34, 20:34].any()


def test_metal_beside_the_leg_is_not_body() -> None:
    hu = two_legs()
    hu[110:130, 20:120] = 3000.0
    body = body_of(hu)
    assert not body[112:128].any()
    assert body[legs_mask()].mean() > 0.999


def test_sliver_of_a_leg_at_the_side_of_the_field_is_kept() -> None:
    hu = two_legs()[40:210]
    body = body_of(hu)
    expected = legs_mask()[40:210]
    assert dice(body, expected) > 0.999
    # The right leg cut down to a strip of 16 mm.
    narrow = two_legs()[86:]
    assert dice(body_of(narrow), legs_mask()[86:]) > 0.99


@pytest.mark.parametrize("slices", [1, 2, 4])
def test_scan_of_a_few_slices_is_enough(slices: int) -> None:
    shape = (240, 160, slices)
    body = body_of(add_table(two_legs(shape), top=120))
    assert (body == legs_mask(shape)).mean() > 0.9999


@pytest.mark.parametrize(
    "spacing", [(0.5, 0.5, 0.6), (0.98, 0.98, 3.27), (1.5, 1.5, 5.0), (4.0, 4.0, 4.0)]
)
def test_voxel_size_does_not_matter(spacing: tuple[float, float, float]) -> None:
    columns, rows = (round(mm / size) for mm, size in zip((120, 160), spacing, strict=False))
    x = (np.arange(columns) * spacing[0] - 60)[:, None, None]
    y = (np.arange(rows) * spacing[1] - 70)[None, :, None]
    distance = np.hypot(x, y) * np.ones((1, 1, 12))
    hu = np.where(distance < RADIUS, MUSCLE, AIR)
    assert dice(body_of(hu, spacing), distance < RADIUS) > 0.999


def test_heavy_noise_does_not_fray_the_skin() -> None:
    assert dice(body_of(two_legs(noise_hu=80.0)), legs_mask()) > 0.995


def test_without_any_limb_the_largest_thing_is_the_body() -> None:
    finger = np.full((40, 40, 16), AIR)
    finger[distance_mm(finger.shape, 20, 20) < 7] = MUSCLE
    assert dice(body_of(finger), distance_mm(finger.shape, 20, 20) < 7) > 0.98


def test_air_alone_has_no_body() -> None:
    assert not body_of(np.full((40, 40, 8), AIR)).any()


def test_cropped_tissue_is_all_body() -> None:
    assert body_of(np.full((40, 40, 8), MUSCLE)).all()


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("case", "table_ml"), [("STS_030", 0), ("STS_007", 250), ("STS_025", 175), ("STS_051", 140)]
)
def test_real_limbs_keep_their_tissue_and_lose_their_table(
    shared_data: Path, case: str, table_ml: float
) -> None:
    image = nibabel.nifti1.load(shared_data / "sts_ct" / f"{case}_ct.nii.gz")
    volume = Volume.from_ras(np.asarray(image.dataobj), image.affine).canonical().volume
    body = body_mask(volume)
    dense = volume.array > -300
    outside_ml = (dense & ~body).sum() * volume.voxel_volume_mm3 / 1000
    # Tables measured by eye on overlays; blanket seams and noise make up the rest.
    assert outside_ml == pytest.approx(table_ml, abs=12)
    gas = body & (volume.array < -550)
    assert gas.sum() < 0.01 * body.sum()
