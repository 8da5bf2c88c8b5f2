"""Real data laid out as the sets have it: a TotalSegmentator case and a sarcoma in DICOM."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from calciscope.labels import IGNORE, Label
from calciscope.readers import read_ct
from calciscope.volume import Volume
from calciscope_train.cases import Case, read_case
from calciscope_train.importers.run import run_import
from calciscope_train.importers.soft_tissue_sarcoma import SoftTissueSarcoma
from calciscope_train.importers.totalsegmentator import TotalSegmentator

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

CLASS = re.compile(r'Label Key="(\d+)".*?<!\[CDATA\[(\w+)\]\]>')


@pytest.fixture(scope="module")
def example(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The multi-label example, cut into one binary mask for each of its classes."""
    source = shared_data / "ts_example"
    if not source.is_dir():
        pytest.skip("the TotalSegmentator example is not beside this checkout")
    folder = tmp_path_factory.mktemp("totalsegmentator")
    image = nibabel.nifti1.Nifti1Image.from_filename(source / "segmentation.nii.gz")
    ids = np.asarray(image.dataobj)
    text = image.header.extensions[0].get_content()
    names = dict(CLASS.findall(text.decode() if isinstance(text, bytes) else str(text)))
    (folder / "s0000" / "segmentations").mkdir(parents=True)
    for number in np.unique(ids)[1:]:
        mask = nibabel.nifti1.Nifti1Image((ids == number).astype(np.uint8), image.affine)
        path = folder / "s0000" / "segmentations" / f"{names[str(number)]}.nii.gz"
        nibabel.save(mask, path)
    shutil.copy(source / "ct.nii.gz", folder / "s0000" / "ct.nii.gz")
    (folder / "meta.csv").write_text("image_id;split\ns0000;val\n")
    return folder


@pytest.fixture(scope="module")
def abdomen(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    root = tmp_path_factory.mktemp("cases")
    outcome = run_import(TotalSegmentator(), example, root)
    assert outcome.refused == {}
    return read_case(root / "val" / "totalsegmentator_s0000")


def labels_of(case: Case, native: Volume, mask: np.ndarray) -> np.ndarray:
    """Labels of a case at the places of up to 20,000 native voxels."""
    index = np.argwhere(mask)
    index = index[np.random.default_rng(0).permutation(len(index))[:20_000]]
    grid = Volume(case.labels, np.array(case.meta["affine_lps"]))
    place = np.rint(grid.index(native.lps_mm(index))).astype(int)
    return np.asarray(grid.array[tuple(np.clip(place, 0, np.array(grid.shape) - 1).T)])


def mask_of(example: Path, name: str) -> Volume:
    """A mask of the example, as it is stored."""
    path = example / "s0000" / "segmentations" / f"{name}.nii.gz"
    image = nibabel.nifti1.Nifti1Image.from_filename(path)
    return Volume.from_ras(np.asarray(image.dataobj) > 0, image.affine)


def test_every_class_of_the_example_is_known(abdomen: Case) -> None:
    assert abdomen.meta["masks"] == 61
    assert abdomen.meta["unused_masks"] == []


def test_bone_and_muscle_lie_where_the_masks_have_them(abdomen: Case, example: Path) -> None:
    for name, label, least in (
        ("hip_left", Label.BONE, 0.99),
        ("femur_right", Label.BONE, 0.99),
        ("gluteus_maximus_right", Label.MUSCLE, 0.9),
        ("iliopsoas_left", Label.MUSCLE, 0.9),
    ):
        mask = mask_of(example, name)
        assert (labels_of(abdomen, mask, mask.array) == label).mean() > least, name


def test_stones_in_the_kidney_are_not_taught_as_background(abdomen: Case, example: Path) -> None:
    image = nibabel.nifti1.Nifti1Image.from_filename(example / "s0000" / "ct.nii.gz")
    kidneys = mask_of(example, "kidney_left")
    inside = ndimage.binary_erosion(kidneys.array | mask_of(example, "kidney_right").array)
    stones = inside & (np.asarray(image.dataobj) > 400)
    assert stones.any()
    assert (labels_of(abdomen, kidneys, stones) == IGNORE).all()


def test_the_screws_in_the_femur_are_metal(abdomen: Case, example: Path) -> None:
    image = nibabel.nifti1.Nifti1Image.from_filename(example / "s0000" / "ct.nii.gz")
    femurs = mask_of(example, "femur_left")
    inside = femurs.array | mask_of(example, "femur_right").array
    metal = inside & (np.asarray(image.dataobj) > 2700)
    assert metal.sum() > 20
    assert (labels_of(abdomen, femurs, metal) == Label.FOREIGN).mean() > 0.8


def test_nothing_is_called_calcification(abdomen: Case) -> None:
    assert set(np.unique(abdomen.labels)) <= {*map(int, Label), IGNORE}
    assert not (abdomen.labels == Label.CALCIFICATION).any()


def test_a_sarcoma_from_dicom(
    shared_data: Path, tmp_path: Path, label_at: Callable[..., int]
) -> None:
    source = shared_data / "sts_dicom" / "STS_025"
    if not source.is_dir():
        pytest.skip("the sarcoma in DICOM is not beside this checkout")
    root = tmp_path / "cases"
    known = {"STS_025": "test"}
    importer = SoftTissueSarcoma()
    outcome = run_import(importer, source.parent, root, limit=1, known_splits=known)
    assert outcome.written == ["sts_STS_025"]
    case = read_case(root / "test" / "sts_STS_025")
    study = read_ct(source / "CT" / "image")
    # The CT of the case is that of the files, at the same places.
    native, grid = study.volume, Volume(case.ct, np.array(case.meta["affine_lps"]))
    index = np.random.default_rng(0).integers(0, case.ct.shape, (20_000, 3))
    there = np.rint(native.index(grid.lps_mm(index))).astype(int)
    kept = ((there >= 0) & (there < native.shape)).all(axis=1)
    assert kept.mean() > 0.99
    difference = grid.array[tuple(index[kept].T)] - native.array[tuple(there[kept].T)].astype(int)
    assert np.median(np.abs(difference)) < 20
    tumor_ml = case.meta["tumor_mm3"] / 1000
    assert 20 < tumor_ml < 2000
    bone, muscle = (case.labels == label for label in (Label.BONE, Label.MUSCLE))
    assert case.ct[bone].mean() > 200
    assert 0 < case.ct[muscle].mean() < 80
    assert not (case.labels == Label.CALCIFICATION).any()
