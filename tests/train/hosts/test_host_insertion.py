"""Inserted mineral: the right HU, the right mass, labels by half-maximum."""

import numpy as np
import pytest

from calciscope.labels import IGNORE, Label
from calciscope.phantom.mineral import Deposit, Lesion
from calciscope.phantom.shapes import Ellipsoid
from calciscope.volume import Volume
from calciscope_train.host_insertion import Imaging, insert_lesions

IMAGING = Imaging(fwhm_mm=1.6, slope_hu_per_mg_cc=1.3, minimum_contrast_hu=70.0)
GRID = Volume.from_spacing(np.full((48, 48, 16), 50, dtype=np.int16), (1.0, 1.0, 3.0))
TISSUES = np.full(GRID.shape, Label.MUSCLE, dtype=np.uint8)
MIDDLE = (24.0, 24.0, 24.0)


def ball(kind: str, diameter_mm: float, ha_mg_cc: float, at: tuple[float, ...] = MIDDLE) -> Lesion:
    shape = Ellipsoid.sphere(np.array(at), diameter_mm)
    return Lesion(kind, "muscle", (Deposit(shape, ha_mg_cc),))


def test_the_contrast_in_the_middle_of_a_large_lesion_is_that_of_its_mineral() -> None:
    ct, _, records = insert_lesions(GRID, TISSUES, [ball("C1", 12.0, 300.0)], IMAGING)
    # HU = 50 (1 - 300 / 3160) + 1.3 x 300 = 435.3
    assert ct[24, 24, 8] == pytest.approx(435, abs=2)
    assert records[0]["peak_contrast_hu"] == pytest.approx(385.3, abs=2)


def test_blur_loses_no_mineral() -> None:
    ct, _, records = insert_lesions(GRID, TISSUES, [ball("C1", 6.0, 400.0)], IMAGING)
    added = float((ct.astype(float) - 50).sum()) * 3.0  # HU mm3
    mass_mg = np.pi / 6 * 6.0**3 * 400 / 1000
    assert records[0]["ha_mass_mg"] == pytest.approx(mass_mg, rel=1e-3)
    assert added / (1.3 - 50 / 3160) / 1000 == pytest.approx(mass_mg, rel=0.05)


def test_the_label_is_about_as_large_as_the_lesion() -> None:
    _, labels, records = insert_lesions(GRID, TISSUES, [ball("C3", 12.0, 500.0)], IMAGING)
    voxels = int((labels == Label.CALCIFICATION).sum())
    assert voxels * 3.0 == pytest.approx(np.pi / 6 * 12.0**3, rel=0.15)
    assert records[0]["voxels"] == voxels and records[0]["visible"]
    assert labels[tuple(records[0]["center_index"])] == Label.CALCIFICATION


def test_mineral_too_faint_to_be_seen_is_ignored() -> None:
    _, labels, records = insert_lesions(GRID, TISSUES, [ball("C5", 8.0, 40.0)], IMAGING)
    assert not (labels == Label.CALCIFICATION).any()
    assert labels[24, 24, 8] == IGNORE
    assert records[0]["visible"] is False and "center_index" not in records[0]


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("C4", Label.CALCIFICATION),
        ("H1", Label.CALCIFICATION),
        ("V3", Label.VASCULAR),
        ("J1", Label.BONE),
        ("X2", Label.FOREIGN),
    ],
)
def test_each_kind_gets_its_label(kind: str, label: Label) -> None:
    _, labels, _ = insert_lesions(GRID, TISSUES, [ball(kind, 6.0, 500.0)], IMAGING)
    assert labels[24, 24, 8] == label


def test_unknown_voxels_stay_unknown() -> None:
    tissues = TISSUES.copy()
    tissues[:24] = IGNORE
    _, labels, _ = insert_lesions(GRID, tissues, [ball("C1", 8.0, 400.0)], IMAGING)
    assert (labels[:24] == IGNORE).all()
    assert labels[26, 24, 8] == Label.CALCIFICATION


def test_nothing_inserted_changes_nothing() -> None:
    ct, labels, records = insert_lesions(GRID, TISSUES, [], IMAGING)
    assert np.array_equal(ct, GRID.array) and np.array_equal(labels, TISSUES)
    assert records == []


def test_a_lesion_at_the_border_is_cut_there() -> None:
    lesion = ball("C1", 8.0, 400.0, at=(0.0, 24.0, 24.0))
    ct, labels, _ = insert_lesions(GRID, TISSUES, [lesion], IMAGING)
    assert labels[0, 24, 8] == Label.CALCIFICATION
    assert ct[20, 24, 8] == 50


def test_metal_is_clipped_and_streaks() -> None:
    ct, labels, _ = insert_lesions(GRID, TISSUES, [ball("X1", 5.0, 9000.0)], IMAGING)
    assert ct.max() == 3071
    assert labels[24, 24, 8] == Label.FOREIGN
    assert (ct[:, :, 8] < 40).any()
