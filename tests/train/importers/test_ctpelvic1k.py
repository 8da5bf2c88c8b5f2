"""CTPelvic1K: hips on either side of the conflict, in any orientation."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.cases import read_case
from calciscope_train.importers.ctpelvic1k import CtPelvic1k
from calciscope_train.importers.run import run_import

NAME = "dataset6_CLINIC_0001"
CASE = "ctpelvic1k_CLINIC_0001"
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, store: Callable[..., Path], ball: Callable[..., np.ndarray]) -> Make:
    """make(ct, mask, left=3) writes one case; `mask` may be another view of the same voxels."""

    def write(
        ct: Volume,
        left: int = 3,
        view: Callable[[Volume], Volume] = lambda volume: volume,
        oriented: bool = True,
        hips: tuple[int, int] = (1000, 700),
        lumbar: int = 4,
    ) -> Path:
        ids = np.zeros(ct.shape, np.uint8)
        ids[ct.array == hips[0]] = left
        ids[ct.array == hips[1]] = 5 - left
        middle = ct.lps_mm((np.array(ct.shape) - 1) / 2)
        ids[ball(ct, middle, 6)] = 1
        ids[ball(ct, middle, 3)] = lumbar
        folder = tmp_path / "CTPelvic1K"
        store(ct, folder / "CTPelvic1K_dataset6_data" / f"{NAME}_data.nii.gz")
        mask = folder / "ipcai2021_dataset6_Anonymized" / f"{NAME}_mask_4label.nii.gz"
        store(view(ct.with_array(ids)), mask, oriented)
        return folder

    return write


def split_folder(root: Path) -> Path:
    (case,) = root.glob(f"*/{CASE}")
    return case


@pytest.mark.parametrize("left", [2, 3])
def test_the_left_hip_is_the_one_that_lies_left(
    make: Make,
    tmp_path: Path,
    trunk: Volume,
    left: int,
    reoriented: Callable[..., Volume],
    label_at: Callable[..., int],
    hu_at: Callable[..., int],
) -> None:
    """Stored along other axes, flipped, with the mask along yet others than its CT."""
    stored = reoriented(trunk, (1, 2, 0), (True, False, True))
    view = lambda volume: reoriented(volume, (2, 0, 1), (False, True, True))  # noqa: E731
    run_import(CtPelvic1k(), make(stored, left, view), tmp_path / "cases")
    case = read_case(split_folder(tmp_path / "cases"))
    assert (case.meta["left_hip_id"], case.meta["right_hip_id"]) == (left, 5 - left)
    expected = {(32, 0): Label.BONE, (-32, 0): Label.BONE, (20, 20): IGNORE, (-58, -48): 0}
    assert {xy: label_at(case, (*xy, 112)) for xy in expected} == expected
    assert (hu_at(case, (32, 0, 112)), hu_at(case, (-32, 0, 112))) == (1000, 700)


def test_an_oblique_affine_keeps_labels_on_bone(
    make: Make, tmp_path: Path, trunk: Volume, turned: Callable[..., Volume]
) -> None:
    oblique = turned(trunk)
    run_import(CtPelvic1k(), make(oblique), tmp_path / "cases")
    case = read_case(split_folder(tmp_path / "cases"))
    assert case.meta["left_hip_id"] == 3
    np.testing.assert_allclose(case.meta["affine_lps"], oblique.affine, atol=1e-4)
    assert (case.ct[case.labels == Label.BONE] >= 50).all()
    assert ((case.labels == Label.BONE) == (case.ct >= 700))[[28, 91], 50, 6].all()


def test_mirrored_ids_are_told_by_geometry_and_not_by_number(
    make: Make, tmp_path: Path, trunk: Volume
) -> None:
    """A mirrored affine swaps the sides: the same array, the other id on the left."""
    mirrored = Volume(trunk.array, np.diag([-1.0, 1, 1, 1]) @ trunk.affine)
    run_import(CtPelvic1k(), make(mirrored, left=3), tmp_path / "cases")
    case = read_case(split_folder(tmp_path / "cases"))
    assert case.meta["left_hip_id"] == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"oriented": False}, "does not say how the patient lies"),
        ({"hips": (1000, 9999)}, "no voxel of hip 2: expected both hips"),
    ],
)
def test_where_the_side_cannot_be_told_the_case_is_refused(
    make: Make, tmp_path: Path, trunk: Volume, changes: dict[str, object], message: str
) -> None:
    outcome = run_import(CtPelvic1k(), make(trunk, **changes), tmp_path / "cases")
    assert message in outcome.refused[CASE]
    assert not (tmp_path / "cases").exists()


def test_hips_that_are_not_side_by_side_are_refused(
    make: Make, tmp_path: Path, trunk: Volume
) -> None:
    c, s = np.cos(np.radians(80)), np.sin(np.radians(80))
    turn = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    lying = Volume(trunk.array, turn @ trunk.affine)
    outcome = run_import(CtPelvic1k(), make(lying), tmp_path / "cases")
    assert "expected them at least 60 mm apart" in outcome.refused[CASE]


def test_part_7_has_its_number_only_in_front_of_the_ct(
    tmp_path: Path, trunk: Volume, store: Callable[..., Path]
) -> None:
    name = "CLINIC_metal_0000"
    store(trunk, tmp_path / "CTPelvic1K_dataset7_data" / f"dataset7_{name}_data.nii.gz")
    store(trunk, tmp_path / "CTPelvic1K_dataset7_mask" / f"{name}_mask_4label.nii.gz")
    (item,) = CtPelvic1k("CC-BY-4.0").find(tmp_path)
    assert (item.case_id, item.license) == (f"ctpelvic1k_{name}", "CC-BY-4.0")


def test_masks_alone_are_refused(tmp_path: Path, trunk: Volume, store: Callable[..., Path]) -> None:
    store(trunk, tmp_path / "dataset3_colon_001_mask_4label.nii.gz")
    with pytest.raises(InputError, match=r"expected <name>_mask_4label.* found dataset3_colon_001"):
        CtPelvic1k().find(tmp_path)


def test_unknown_ids_are_refused(make: Make, tmp_path: Path, trunk: Volume) -> None:
    folder = make(trunk, lumbar=9)
    outcome = run_import(CtPelvic1k(), folder, tmp_path / "cases")
    assert "holds the ids [9]: expected 1 sacrum" in outcome.refused[CASE]
