"""The check set: its file, its scores and its own inserter."""

from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.labels import Label
from calciscope.volume import Volume
from calciscope_train import check_inserter
from calciscope_train.check import check, inserted_lines, named_patients, real_lines
from calciscope_train.check_inserter import TISSUE_HU, insert
from calciscope_train.check_set import CheckPatient, CheckSet, Focus, read_check_set, score_real
from calciscope_train.host_config import read_host_config

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "check_set.yaml"
BOX = (slice(0, 5), slice(0, 5), slice(0, 5))
VESSEL = (slice(10, 15), slice(0, 5), slice(0, 5))
BOWEL = (slice(20, 25), slice(0, 5), slice(0, 5))


def test_the_shipped_check_set_agrees_with_the_split_of_the_hosts() -> None:
    check = read_check_set(CONFIG)
    hosts = read_host_config(ROOT / "configs" / "hosts.yaml").hosts
    split = {"test": "held_out", "train": "seen", "val": "val"}
    for patient in check.patients:
        expected = split[hosts[patient.name].split] if patient.name in hosts else "never_trained"
        assert patient.split == expected, patient.name
    what = [focus.what for patient in check.patients for focus in patient.foci]
    assert what.count("calcification") >= 9 and what.count("vascular") >= 12


def test_a_real_limb_is_scored_by_what_its_boxes_are() -> None:
    hu = np.full((40, 20, 10), 50, np.int16)
    hu[11:14, 1:4, 2] = 600
    ct = Volume.from_spacing(hu, (1.0, 1.0, 4.0))
    mask = np.zeros(hu.shape, dtype=bool)
    tissues = np.full(hu.shape, Label.MUSCLE, np.uint8)
    mask[2:4, 2:4, 2] = True  # the focus
    mask[21:24, 1:4, 2] = True  # bowel: 9 voxels
    mask[30:32, 10:12, 5] = True  # false: 16 mm3
    mask[38, 18, 8] = True  # a speck of 4 mm3
    tissues[11:14, 1:4, 2] = Label.VASCULAR
    patient = CheckPatient(
        "001",
        "seen",
        (Focus("calcification", BOX), Focus("vascular", VESSEL), Focus("bowel", BOWEL)),
    )
    check = CheckSet(Path(), "{id}", (patient,), ("001",), (), (), 0, 0)
    score = score_real(patient, ct, mask, tissues, check)
    assert (score.foci, score.found, score.false_positives) == (1, 1, 2)
    assert score.false_mm3 == pytest.approx((9 + 4 + 1) * 4)
    assert score.bowel_mm3 == pytest.approx(36)
    assert (score.vessels, score.vessels_named, score.vessels_called) == (1, 1, 0)
    wrong = mask.copy()
    wrong[11:14, 1:4, 2] = True
    tissues[wrong] = Label.CALCIFICATION
    score = score_real(patient, ct, wrong, tissues, check)
    assert (score.vessels_named, score.vessels_called, score.clean) == (0, 1, True)
    lines = "\n".join(real_lines([score]))
    assert "1 of 1 foci" in lines and "clean limbs" in lines


def test_taught_vessels_stand_apart_from_those_that_were_not(tmp_path: Path) -> None:
    shipped = read_check_set(CONFIG)
    hosts = read_host_config(ROOT / "configs" / "hosts.yaml").hosts
    taught = {n for n, h in hosts.items() if h.split == "train" and h.rules.vascular_boxes}
    labeled = taught & {patient.name for patient in shipped.patients}
    assert set(shipped.taught_vessels) == labeled
    ct = Volume.from_spacing(np.full((40, 20, 10), 300, np.int16), (1.0, 1.0, 4.0))
    tissues = np.full(ct.shape, Label.VASCULAR, np.uint8)
    two = tuple(CheckPatient(name, "seen", (Focus("vascular", VESSEL),)) for name in ("a", "b"))
    folder = CheckSet(tmp_path, "{id}", two, (), (), (), 0, 0, taught_vessels=("b",))
    empty = np.zeros(ct.shape, dtype=bool)
    lines = list(real_lines([score_real(p, ct, empty, tissues, folder) for p in two]))
    assert lines[1:] == [
        "  1 vascular foci: 1 named vascular, 0 called calcification",
        "  1 vascular foci taught as labels: 1 named vascular, 0 called calcification",
    ]


def test_patients_are_chosen_by_name_and_unknown_ones_refused(tmp_path: Path) -> None:
    shipped = read_check_set(CONFIG)
    names = [patient.name for patient in named_patients("046, 001", shipped, CONFIG)]
    assert names == ["001", "046"]
    assert len(named_patients("", shipped, CONFIG)) == len(shipped.patients)
    with pytest.raises(InputError, match=r"check_set\.yaml has no patient 1, 99; choose among 001"):
        check(tmp_path, CONFIG, patients="1,99")


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "check.yaml"
    file.write_text("patients: {'001': {split: other}}", encoding="utf-8")
    with pytest.raises(InputError, match=r"check\.yaml does not describe a check set"):
        read_check_set(file)


def test_the_inserter_shares_no_code_with_the_generator() -> None:
    source = Path(str(check_inserter.__file__)).read_text(encoding="utf-8")
    imports = [line for line in source.splitlines() if line.startswith(("import", "from"))]
    assert not any("phantom" in line or "host_" in line for line in imports)


def test_lesions_are_put_in_the_tissue_that_they_name() -> None:
    rng = np.random.default_rng(0)
    hu = rng.normal(50, 8, (120, 120, 40))
    hu[:, 70:] -= 150
    ct = Volume.from_spacing(np.rint(hu).astype(np.int16), (1.0, 1.0, 3.0))
    body = np.ones(ct.shape, dtype=bool)
    after, ids, lesions = insert(ct, body, 10, 5)
    assert len(lesions) == 10
    assert {x.compartment for x in lesions} == set(TISSUE_HU)
    added = after.array.astype(int) - ct.array
    for lesion in lesions:
        where = np.argwhere(ids == lesion.id)
        assert len(where) * 3 == pytest.approx(lesion.volume_mm3)
        assert (where[:, 1].mean() < 70) == (lesion.compartment == "muscle")
        assert added[ids == lesion.id].max() == pytest.approx(lesion.contrast_hu, abs=1)
        assert (added[ids == lesion.id] >= 0.5 * lesion.contrast_hu - 1).all()
    again, same, _ = insert(ct, body, 10, 5)
    assert (again.array == after.array).all() and (same == ids).all()


def test_figures_of_inserted_lesions_stand_by_split_compartment_and_size() -> None:
    row = {"split": "held_out", "compartment": "muscle", "volume_mm3": 20.0}
    rows = [
        {**row, "split": "seen", "found": True, "dice": 0.9},
        {**row, "found": True, "dice": 0.8},
        {**row, "volume_mm3": 25.0, "found": False, "dice": 0.0},
        {**row, "compartment": "subcutaneous", "volume_mm3": 900.0, "found": True, "dice": 0.9},
    ]
    assert list(inserted_lines(rows)) == [
        "inserted, held_out, muscle, 0-30 mm3: 1 of 2 found, mean Dice 0.40",
        "inserted, held_out, subcutaneous, 300-inf mm3: 1 of 1 found, mean Dice 0.90",
        "inserted, seen, muscle, 0-30 mm3: 1 of 1 found, mean Dice 0.90",
    ]
