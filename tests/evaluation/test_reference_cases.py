"""References in every layout, and references that cannot be believed."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from calciscope.errors import InputError, UnreadableFileError
from calciscope.evaluation.case_layouts import find_cases
from calciscope.evaluation.predictions import SavedPredictions
from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope.writers.nifti import write_volume


def nifti(path: Path, array: np.ndarray, toys: SimpleNamespace) -> Volume:
    path.parent.mkdir(parents=True, exist_ok=True)
    volume = Volume.from_spacing(array, toys.SPACING_MM, (-50.0, 20.0, 300.0))
    write_volume(path, volume, array.dtype)
    return volume


def test_a_prepared_case(tmp_path: Path, toys: SimpleNamespace) -> None:
    toys.write_prepared(tmp_path / "deep" / "test", "phantom-1", host="017", license="CC BY 3.0")
    (tmp_path / "deep" / "test" / ".draft").mkdir()
    (files,) = find_cases(tmp_path)
    case = files.read()
    assert (case.case_id, files.case_id, case.patient, case.source) == (
        "phantom-1", "phantom-1", "017", "phantom",
    )  # fmt: skip
    assert (case.synthetic, case.license, case.is_placed) == (True, "CC BY 3.0", False)
    assert case.ct is not None
    assert np.allclose(case.ct.spacing_mm, toys.SPACING_MM)
    strata = case.strata
    assert (strata.slice_thickness_mm, strata.kernel, strata.noise_hu, strata.kvp) == (
        2.0, "soft", 15.0, 120.0,
    )  # fmt: skip
    assert strata.metal is False


def test_a_folder_of_nifti(tmp_path: Path, toys: SimpleNamespace) -> None:
    labels = toys.labels()
    nifti(tmp_path / "p1" / "labels.nii.gz", labels, toys)
    nifti(tmp_path / "p1" / "ct.nii.gz", toys.ct(labels), toys)
    (tmp_path / "p1" / "case.json").write_text('{"body_part": "thigh", "patient": "A"}')
    (files,) = find_cases(tmp_path)
    case = files.read()
    assert (case.case_id, case.patient, case.has_tissues) == ("p1", "A", True)
    assert (case.strata.body_part, case.strata.kvp, case.synthetic) == ("thigh", None, None)
    assert np.array_equal(case.labels.array, labels)
    assert case.ct is not None and case.ct.same_grid(case.labels)


def test_flat_masks_with_and_without_a_ct(tmp_path: Path, toys: SimpleNamespace) -> None:
    mask = (toys.labels() == Label.CALCIFICATION).astype(np.uint8)
    nifti(tmp_path / "a.nii.gz", mask, toys)
    nifti(tmp_path / "a_ct.nii.gz", toys.ct(toys.labels()), toys)
    nifti(tmp_path / "b.nii.gz", mask, toys)
    one, two = (files.read() for files in find_cases(tmp_path))
    assert (one.case_id, one.ct is None, one.has_tissues) == ("a", False, False)
    assert (two.case_id, two.ct is None) == ("b", True)
    assert np.array_equal(one.labels.array == Label.CALCIFICATION, mask == 1)


def test_masks_of_lesion_numbers(tmp_path: Path, toys: SimpleNamespace) -> None:
    numbers = np.zeros(toys.SHAPE, np.uint8)
    numbers[toys.ONE] = 3
    nifti(tmp_path / "c" / "lesions.nii.gz", numbers, toys)
    (files,) = find_cases(tmp_path)
    assert set(np.unique(files.read().labels.array)) == {0, Label.CALCIFICATION}


def test_values_of_no_known_meaning_are_refused(tmp_path: Path, toys: SimpleNamespace) -> None:
    numbers = np.zeros(toys.SHAPE, np.uint8)
    numbers[toys.ONE] = 3
    nifti(tmp_path / "c.nii.gz", numbers, toys)
    (files,) = find_cases(tmp_path)
    with pytest.raises(InputError, match='say "reference"'):
        files.read()
    (tmp_path / "c.json").write_text('{"reference": "lesions"}')
    (files,) = find_cases(tmp_path)
    assert int((files.read().labels.array == Label.CALCIFICATION).sum()) == 64
    numbers[0, 0, 0] = 77
    nifti(tmp_path / "d" / "labels.nii.gz", numbers, toys)
    with pytest.raises(InputError, match="0 to 6 and 255"):
        next(files for files in find_cases(tmp_path) if files.name == "d").read()


@pytest.mark.parametrize(
    ("named", "patient"),
    [
        ({"patient_id": "STS_025"}, "025"),
        ({"host": "025"}, "025"),
        ({"patient": "A", "patient_id": "B"}, "A"),
        ({"patient_id": None}, "one"),
    ],
)
def test_a_patient_has_one_name_in_all_sets(
    tmp_path: Path, toys: SimpleNamespace, named: dict[str, str | None], patient: str
) -> None:
    toys.write_prepared(tmp_path, "one", **named)
    assert find_cases(tmp_path)[0].read().patient == patient


def test_a_mask_of_0_and_255_is_lesions_and_not_unscored(
    tmp_path: Path, toys: SimpleNamespace
) -> None:
    mask = np.zeros(toys.SHAPE, np.uint8)
    mask[toys.ONE] = IGNORE
    nifti(tmp_path / "a" / "lesions.nii.gz", mask, toys)
    labels = find_cases(tmp_path)[0].read().labels.array
    assert int((labels == Label.CALCIFICATION).sum()) == 64
    assert not (labels == IGNORE).any()


def test_labels_without_a_tissue_have_none(tmp_path: Path, toys: SimpleNamespace) -> None:
    labels = toys.labels()
    toys.write_prepared(tmp_path, "tissues")
    bare = np.where(labels == Label.CALCIFICATION, labels, 0).astype(np.uint8)
    np.save(toys.write_prepared(tmp_path, "bare") / "labels.npy", bare)
    nifti(tmp_path / "flat" / "labels.nii.gz", bare, toys)
    cases = {files.name: files.read() for files in find_cases(tmp_path)}
    told = {name: case.has_tissues for name, case in cases.items()}
    assert told == {"tissues": True, "bare": False, "flat": False}


def test_unscored_voxels_of_a_mask(tmp_path: Path, toys: SimpleNamespace) -> None:
    mask = np.zeros(toys.SHAPE, np.uint8)
    mask[toys.ONE] = 1
    mask[20:] = IGNORE
    nifti(tmp_path / "e" / "lesions.nii.gz", mask, toys)
    (files,) = find_cases(tmp_path)
    labels = files.read().labels.array
    assert (labels[20:] == IGNORE).all()
    assert int((labels == Label.CALCIFICATION).sum()) == 64


def test_what_is_broken_is_refused(tmp_path: Path, toys: SimpleNamespace) -> None:
    with pytest.raises(InputError, match="holds no references"):
        find_cases(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        find_cases(tmp_path / "absent")
    (tmp_path / "x.nii.gz").write_bytes(b"nothing")
    (files,) = find_cases(tmp_path)
    with pytest.raises(UnreadableFileError, match=r"x\.nii\.gz"):
        files.read()
    folder = toys.write_prepared(tmp_path / "more", "y")
    (folder / "ct.npy").unlink()
    with pytest.raises(InputError, match="not a whole prepared case"):
        next(f for f in find_cases(tmp_path) if f.name == "y").read()


def test_a_reference_on_another_grid_is_refused(tmp_path: Path, toys: SimpleNamespace) -> None:
    nifti(tmp_path / "p" / "labels.nii.gz", toys.labels(), toys)
    moved = Volume.from_spacing(toys.ct(toys.labels()), toys.SPACING_MM)
    write_volume(tmp_path / "p" / "ct.nii.gz", moved, np.int16)
    with pytest.raises(InputError, match="does not lie on the grid"):
        find_cases(tmp_path)[0].read()


def test_two_cases_of_one_name_are_refused(tmp_path: Path, toys: SimpleNamespace) -> None:
    toys.write_prepared(tmp_path / "a", "same")
    toys.write_prepared(tmp_path / "b", "same")
    with pytest.raises(InputError, match="more than one case named same"):
        find_cases(tmp_path)


def test_saved_masks_and_results_of_a_run(tmp_path: Path, toys: SimpleNamespace) -> None:
    toys.write_prepared(tmp_path / "cases", "toy")
    case = find_cases(tmp_path / "cases")[0].read()
    ids = np.zeros(toys.SHAPE, np.uint8)
    ids[toys.ONE], ids[18, 8, 4] = 1, 2
    saved = SavedPredictions(tmp_path / "saved")
    with pytest.raises(InputError, match="holds no prediction for toy"):
        saved.predict(case)
    nifti(tmp_path / "saved" / "toy.nii.gz", (ids > 0).astype(np.uint8), toys)
    plain = saved.predict(case)
    assert np.array_equal(plain.mask, ids > 0)
    assert (dict(plain.probabilities), plain.ha_mass_mg) == ({}, None)
    nifti(tmp_path / "saved" / "toy" / "calcification_lesions.nii.gz", ids, toys)
    rows = [{"id": n, "probability": p, "ha_mass_mg": 2.0 * n} for n, p in ((1, 0.8), (2, 0.3))]
    findings = {"ct": {"lesions": rows}}
    (tmp_path / "saved" / "toy" / "findings.json").write_text(json.dumps(findings))
    whole = saved.predict(case)
    assert np.array_equal(whole.ids, ids)
    assert (whole.probabilities, whole.ha_mass_mg) == ({1: 0.8, 2: 0.3}, {1: 2.0, 2: 4.0})


def test_predictions_in_another_axis_order_are_turned(
    tmp_path: Path, toys: SimpleNamespace
) -> None:
    labels = toys.labels()
    grid = nifti(tmp_path / "cases" / "p" / "labels.nii.gz", labels, toys)
    mask = grid.with_array((labels == Label.CALCIFICATION).astype(np.uint8))
    affine = mask.affine.copy()
    affine[:, 0] *= -1
    affine[:3, 3] = mask.lps_mm((labels.shape[0] - 1, 0, 0))
    (tmp_path / "saved").mkdir()
    write_volume(tmp_path / "saved" / "p.nii.gz", Volume(mask.array[::-1], affine), np.uint8)
    case = find_cases(tmp_path / "cases")[0].read()
    predicted = SavedPredictions(tmp_path / "saved").predict(case)
    assert np.array_equal(predicted.mask, mask.array > 0)
    moved = Volume(mask.array, mask.affine + np.array([[0, 0, 0, 5.0]] + [[0] * 4] * 3))
    write_volume(tmp_path / "saved" / "p.nii.gz", moved, np.uint8)
    with pytest.raises(InputError, match="does not lie on the grid of the reference"):
        SavedPredictions(tmp_path / "saved").predict(case)
