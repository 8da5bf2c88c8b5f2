"""TotalSegmentator: class masks become labels where they lie in the patient."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.cases import read_case
from calciscope_train.importers.claims import Claim
from calciscope_train.importers.run import run_import
from calciscope_train.importers.totalsegmentator import CLASSES, TotalSegmentator, rank_of

META = "\ufeffimage_id;age;gender;institute;study_type;split;manufacturer;scanner_model;kvp\n"


@pytest.fixture
def dataset(
    tmp_path: Path,
    trunk: Volume,
    store: Callable[..., Path],
    reoriented: Callable[..., Volume],
    ball: Callable[..., np.ndarray],
) -> Path:
    """Two cases as in release 2.0.1: RAS files, some empty masks, a row whose case is not there.

    A stone of 500 HU lies in the liver, contrast of 400 HU in the colon, and the aorta is outlined.
    """
    folder = tmp_path / "Totalsegmentator_dataset_v201"
    hu = trunk.array.copy()
    liver = ball(trunk, (0, -20, 112), 8)
    colon = ball(trunk, (0, 20, 112), 8)
    hu[ball(trunk, (0, -20, 112), 3)] = 500
    hu[ball(trunk, (0, 20, 112), 4)] = 400
    masks = {
        "hip_left": hu == 1000,
        "hip_right": hu == 700,
        "gluteus_maximus_left": ball(trunk, (15, -15, 112), 4),
        "liver": liver,
        "colon": colon,
        "aorta": ball(trunk, (-12, 0, 112), 4),
        "brain": np.zeros(hu.shape, bool),
        "some_new_class": liver,
    }
    for case in ("s0000", "s0004"):
        ras = reoriented(trunk.with_array(hu), (0, 1, 2), (True, True, False))
        store(ras, folder / case / "ct.nii.gz")
        for name, mask in masks.items():
            part = reoriented(
                trunk.with_array(mask.astype(np.uint8)), (0, 1, 2), (True, True, False)
            )
            store(part, folder / case / "segmentations" / f"{name}.nii.gz")
    rows = [
        "s0000;50;m;A;ct pelvis;train;;;",
        "s0004;60;f;B;ct;test;;;",
        "s0009;1;f;B;ct;val;;;",
    ]
    (folder / "meta.csv").write_text(META + "\n".join(rows), encoding="utf-8")
    return folder


def test_masks_become_labels_in_the_world(
    dataset: Path, tmp_path: Path, label_at: Callable[..., int], hu_at: Callable[..., int]
) -> None:
    outcome = run_import(TotalSegmentator(), dataset, tmp_path / "cases")
    assert outcome.written == ["totalsegmentator_s0000", "totalsegmentator_s0004"]
    case = read_case(tmp_path / "cases" / "test" / "totalsegmentator_s0004")
    expected = {
        (32, 0, 112): Label.BONE,
        (-32, 0, 112): Label.BONE,
        (15, -15, 112): Label.MUSCLE,
        (5, -22, 112): Label.BACKGROUND,  # liver
        (0, -20, 112): IGNORE,  # the stone in it
        (0, 20, 112): Label.FOREIGN,  # contrast in the colon
        (0, 27, 112): Label.BACKGROUND,  # the colon beside it
        (-12, 0, 112): IGNORE,  # the aorta
        (20, 20, 112): IGNORE,  # muscle that has no mask
        (0, -38, 112): IGNORE,  # fat
        (-58, -48, 112): Label.BACKGROUND,  # air
    }
    assert {place: label_at(case, place) for place in expected} == expected
    # The left hip is the dense one: nothing was mirrored.
    assert (hu_at(case, (32, 0, 112)), hu_at(case, (-32, 0, 112))) == (1000, 700)
    assert case.meta["license"] == "CC-BY-4.0"
    assert case.meta["split"] == "test"
    assert case.meta["unused_masks"] == ["some_new_class"]
    assert case.meta["voxels"]["bone"] == int((case.labels == Label.BONE).sum()) > 0


def test_masks_of_the_users_own_are_read_too(
    dataset: Path,
    tmp_path: Path,
    trunk: Volume,
    store: Callable[..., Path],
    label_at: Callable[..., int],
) -> None:
    for name, mask in (
        ("subcutaneous_fat", trunk.array == -100),
        ("skeletal_muscle", trunk.array == 50),
    ):
        part = trunk.with_array(mask.astype(np.uint8))
        store(part, tmp_path / "tissues" / "s0000" / f"{name}.nii.gz")
    run_import(TotalSegmentator(tmp_path / "tissues"), dataset, tmp_path / "cases", limit=1)
    case = read_case(tmp_path / "cases" / "train" / "totalsegmentator_s0000")
    assert label_at(case, (0, -38, 112)) == Label.SUBCUTANEOUS
    assert label_at(case, (20, 20, 112)) == Label.MUSCLE
    assert label_at(case, (5, -22, 112)) == Label.BACKGROUND  # the liver outranks the tissues
    assert label_at(case, (-12, 0, 112)) == IGNORE  # and so does the aorta


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("femur_left", Claim.BONE),
        ("hip_right", Claim.BONE),
        ("vertebrae_L5", Claim.BONE),
        ("rib_left_12", Claim.BONE),
        ("iliopsoas_right", Claim.MUSCLE),
        ("kidney_cyst_left", Claim.ORGAN),
        ("small_bowel", Claim.BOWEL),
        ("iliac_vena_left", Claim.UNKNOWN),
        ("costal_cartilages", Claim.UNKNOWN),
        ("tibia", Claim.BONE),
        ("subcutaneous_fat", Claim.SUBCUTANEOUS),
        ("hip_implant", Claim.FOREIGN),
    ],
)
def test_classes_by_name(name: str, claim: Claim) -> None:
    rank = rank_of(name)
    assert rank is not None
    assert CLASSES[rank][0] == claim


def test_a_name_that_only_begins_alike_is_not_a_class() -> None:
    assert rank_of("brainstem") is None
    assert rank_of("tibia_left_plate") is None


def test_another_layout_is_refused_with_what_was_expected_and_found(
    tmp_path: Path, dataset: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "imagesTr").mkdir()
    with pytest.raises(InputError, match=r"expected meta\.csv, and s0000/ct.* found imagesTr"):
        TotalSegmentator().find(tmp_path / "other")
    with pytest.raises(InputError, match="found no such folder"):
        TotalSegmentator().find(tmp_path / "nowhere")
    (dataset / "meta.csv").write_text("image_id,split\ns0000,train\n")
    with pytest.raises(InputError, match=r"expected them separated by ';', found image_id,split"):
        TotalSegmentator().find(dataset)


def test_a_mask_of_another_grid_is_refused_and_nothing_is_written(
    dataset: Path, tmp_path: Path, trunk: Volume, store: Callable[..., Path]
) -> None:
    moved = Volume.from_spacing(np.ones(trunk.shape, np.uint8), (1, 1, 2.5), (-60, -50, 103))
    store(moved, dataset / "s0000" / "segmentations" / "liver.nii.gz")
    outcome = run_import(TotalSegmentator(), dataset, tmp_path / "cases")
    assert list(outcome.refused) == ["totalsegmentator_s0000"]
    assert "does not lie on its CT: expected 120 x 100 x 12" in next(iter(outcome.refused.values()))
    assert outcome.written == ["totalsegmentator_s0004"]
    assert [path.name for path in (tmp_path / "cases").iterdir()] == ["test"]


def test_a_case_without_known_masks_is_refused(dataset: Path, tmp_path: Path) -> None:
    for mask in (dataset / "s0000" / "segmentations").iterdir():
        if mask.name != "some_new_class.nii.gz":
            mask.unlink()
    outcome = run_import(TotalSegmentator(), dataset, tmp_path / "cases", limit=1)
    assert "expected such as femur_left.nii.gz, found some_new_class" in str(outcome.refused)
