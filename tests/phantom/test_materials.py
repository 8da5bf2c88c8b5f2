"""Material that is no mineral takes the tissue's place, and is not labelled as mineral."""

import numpy as np
import pytest

from calciscope.labels import IGNORE, Label
from calciscope.phantom.deposits import Deposit, Lesion
from calciscope.phantom.mineral import (
    contrast_hu,
    half_maximum,
    rasterize,
    truth_contrast_hu,
    write_truth,
)
from calciscope.phantom.shapes import Ellipsoid
from calciscope.volume import Volume

GRID = Volume.from_spacing(np.zeros((30, 30, 30), np.uint8), (1, 1, 1), (-15, -15, -15))
BALL = Ellipsoid.sphere(np.zeros(3), 16.0)
GRAIN = Ellipsoid.sphere(np.zeros(3), 8.0)


def seen(lesion: Lesion, tissue: float) -> tuple[float, float, np.ndarray]:
    """HU painted and HU of the truth in the middle, and the labels on muscle."""
    patch = rasterize(lesion, GRID)
    assert patch is not None
    under = np.full(patch.fraction.shape, tissue, np.float32)
    painted = contrast_hu(patch, under, 1.3)
    truth = truth_contrast_hu(lesion, patch, under, 1.3)
    visible, faint = half_maximum(truth, lesion.cover_of(patch), np.ones(3), 60.0)
    labels = np.full(painted.shape, Label.MUSCLE, np.uint8)
    write_truth(labels, lesion, visible, faint)
    middle = tuple(n // 2 for n in painted.shape)
    return float(painted[middle]), float(truth[middle]), labels


def test_a_material_has_its_own_hu_whatever_it_lies_in() -> None:
    for tissue in (-100.0, 50.0):
        painted, _, _ = seen(Lesion("X2", "foreign", (Deposit.material(BALL, 300.0),)), tissue)
        assert painted == pytest.approx(300.0 - tissue)


def test_a_soft_mass_around_mineral_is_not_the_mineral() -> None:
    mass = (Deposit.material(BALL, 40.0), Deposit(GRAIN, 150.0))
    painted, truth, labels = seen(Lesion("C5", "muscle", mass), -100.0)
    # 40 HU (1 - 150 / 3160) + 1.3 x 150 over fat of -100 HU; the truth counts the mineral alone.
    assert painted == pytest.approx(40 * (1 - 150 / 3160) + 195 + 100, abs=1)
    assert truth == pytest.approx(195 + 100 * 150 / 3160, abs=1)
    voxels = int((labels == Label.CALCIFICATION).sum())
    assert voxels == pytest.approx(GRAIN.volume_mm3, rel=0.2)


def test_gas_is_ignored_and_no_foreign_body() -> None:
    _, _, labels = seen(Lesion("X3", "foreign", (Deposit.material(BALL, -950.0),)), 50.0)
    assert set(np.unique(labels).tolist()) == {int(Label.MUSCLE), IGNORE}


def test_what_lies_outside_the_body_changes_no_label() -> None:
    painted, _, labels = seen(Lesion("X4", "outside", (Deposit.material(BALL, 2000.0),)), -1000.0)
    assert painted == pytest.approx(3000.0)
    assert set(np.unique(labels).tolist()) == {int(Label.MUSCLE)}


@pytest.mark.parametrize(
    ("kind", "label"),
    [("B3", Label.BONE), ("J2", Label.BONE), ("V1", Label.VASCULAR), ("X1", Label.FOREIGN),
     ("H1", Label.CALCIFICATION), ("C9", Label.CALCIFICATION)],
)  # fmt: skip
def test_labels_by_kind(kind: str, label: Label) -> None:
    _, _, labels = seen(Lesion(kind, "", (Deposit(BALL, 600.0),)), 50.0)
    assert labels[tuple(n // 2 for n in labels.shape)] == label


def test_what_is_painted_later_lies_on_top() -> None:
    marrow = (Deposit(BALL, 800.0), Deposit.material(GRAIN, -60.0))
    patch = rasterize(Lesion("H1", "", marrow), GRID)
    assert patch is not None
    middle = tuple(n // 2 for n in patch.fraction.shape)
    assert patch.ha_mg_cc[middle] == 0
    assert patch.ha_mg_cc.max() == pytest.approx(800)
