"""A plain folder: the YAML file explains it, or is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.cases import read_case
from calciscope_train.importers.plain import read_plain
from calciscope_train.importers.run import run_import

MAPPING = """\
license: CC BY 4.0
source: clinic
images: images/{id}.nii.gz
labels: labels/{id}_seg.nii.gz
values: {0: unknown, 1: muscle, 2: bone, 7: calcification}
patient: "(P[0-9]+)_.*"
splits: {P1: test}
mineral_is_labeled: true
"""


@pytest.fixture
def dataset(
    tmp_path: Path, trunk: Volume, store: Callable[..., Path], ball: Callable[..., np.ndarray]
) -> Path:
    """Two scans of one patient and a CT without labels; 7 marks one of two dense spots."""
    folder = tmp_path / "clinic"
    hu = trunk.array.copy()
    ids = np.select([hu >= 700, hu == 50], [2, 1], 0).astype(np.int16)
    for x_mm in (0, 10):
        hu[ball(trunk, (x_mm, 15, 112), 3.5)] = 400
    ids[ball(trunk, (0, 15, 112), 3.5)] = 7
    for name in ("P1_a", "P1_b", "P2_a"):
        store(trunk.with_array(hu), folder / "images" / f"{name}.nii.gz")
        if name != "P2_a":
            store(trunk.with_array(ids), folder / "labels" / f"{name}_seg.nii.gz")
    (folder / "mapping.yaml").write_text(MAPPING)
    return folder


def test_values_become_labels_as_the_file_says(
    dataset: Path, tmp_path: Path, label_at: Callable[..., int]
) -> None:
    importer = read_plain(dataset / "mapping.yaml")
    outcome = run_import(importer, dataset, tmp_path / "cases")
    assert outcome.written == ["clinic_P1_a", "clinic_P1_b"]
    case = read_case(tmp_path / "cases" / "test" / "clinic_P1_b")
    expected = {
        (0, 15): Label.CALCIFICATION,
        (10, 15): Label.MUSCLE,  # dense, but the set labels all mineral
        (32, 0): Label.BONE,
        (0, -38): IGNORE,
        (-58, -48): Label.BACKGROUND,
    }
    assert {xy: label_at(case, (*xy, 112)) for xy in expected} == expected
    assert (case.meta["patient_id"], case.meta["license"]) == ("clinic-P1", "CC-BY-4.0")
    assert len(case.centers["lesions"]) == 1


def test_dense_spots_are_unknown_unless_all_mineral_is_labeled(
    dataset: Path, tmp_path: Path, label_at: Callable[..., int]
) -> None:
    file = dataset / "mapping.yaml"
    file.write_text(MAPPING.replace("mineral_is_labeled: true", ""))
    run_import(read_plain(file), dataset, tmp_path / "cases", limit=1)
    case = read_case(tmp_path / "cases" / "test" / "clinic_P1_a")
    assert label_at(case, (10, 15, 112)) == IGNORE
    assert label_at(case, (0, 15, 112)) == Label.CALCIFICATION


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2: bone", "2: skeleton", "values: found skeleton, expected among background, subcut"),
        ("{P1: test}", "{P1: exam}", "splits: expected among train, val, test"),
        ("images/{id}.nii.gz", "images", "expected a path with {id}"),
        ("(P[0-9]+)_.*", "P[0-9]+_.*", "expected a pattern with a group"),
        ("license: CC BY 4.0\n", "", "expected the keys license, source"),
        ("source:", "sauce:", "expected the keys license, source"),
        ("values: {", "values: [", "expected the keys license, source"),
    ],
)
def test_a_wrong_file_is_refused(dataset: Path, old: str, new: str, message: str) -> None:
    file = dataset / "mapping.yaml"
    file.write_text(MAPPING.replace(old, new))
    with pytest.raises(InputError) as refusal:
        read_plain(file)
    assert message in str(refusal.value)
    assert str(file) in str(refusal.value)


def test_a_value_that_is_not_explained_is_refused(dataset: Path, tmp_path: Path) -> None:
    file = dataset / "mapping.yaml"
    file.write_text(MAPPING.replace(", 7: calcification", ""))
    outcome = run_import(read_plain(file), dataset, tmp_path / "cases")
    assert "holds the values [7]: expected among [0, 1, 2]" in outcome.refused["clinic_P1_a"]
    assert outcome.written == []


def test_another_layout_is_refused(dataset: Path, tmp_path: Path) -> None:
    importer = read_plain(dataset / "mapping.yaml")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"expected images/\{id\}.* found an empty folder"):
        importer.find(tmp_path / "empty")
    (dataset / "images" / "P1_a.nii.gz").rename(dataset / "images" / "X.nii.gz")
    with pytest.raises(InputError, match="holds the case X, which the pattern of patients"):
        importer.find(dataset)
