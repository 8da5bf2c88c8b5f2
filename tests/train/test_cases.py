"""Prepared cases: written whole or not at all, and read without loading them."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError, OutputError
from calciscope.labels import Label
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.cases import case_key, find_centers, list_cases, read_case, write_case

META = {"case_id": "a", "source": "phantom", "spacing_mm": [1.0, 1.0, 2.5]}
Make = Callable[..., Path]


def two_lesions() -> np.ndarray:
    labels = np.zeros((20, 10, 6), dtype=np.uint8)
    labels[2, 3, 1] = Label.CALCIFICATION
    labels[10:15, 2:8, 2:5] = Label.CALCIFICATION
    labels[0, 0, 0] = 255
    return labels


def test_a_case_comes_back_as_it_was_written(make_case: Make) -> None:
    labels = two_lesions()
    case = read_case(make_case(labels, seed=7))
    np.testing.assert_array_equal(case.labels, labels)
    np.testing.assert_array_equal(case.ct, labels.astype(np.int16) * 100)
    assert case.ct.dtype == np.int16
    assert isinstance(case.ct, np.memmap)
    assert (case.case_id, case.meta["seed"]) == ("made", 7)
    assert case.meta["split"] == case.folder.parent.name
    assert case.voxel_volume_mm3 == pytest.approx(1.0 * 1.0 * 2.5)


def test_hounsfield_units_are_rounded_not_cut(tmp_path: Path) -> None:
    ct = np.array([[[-0.6, 0.4, 99.7]]])
    write_case(tmp_path / "a", ct, np.zeros(ct.shape, np.uint8), META)
    assert read_case(tmp_path / "a").ct.tolist() == [[[-1, 0, 100]]]


def test_centers_lie_on_their_label_and_every_lesion_has_one() -> None:
    labels = two_lesions()
    centers = find_centers(labels)
    for label in Label:
        found = centers[str(int(label))]
        assert found.dtype == np.int16
        assert (labels[tuple(found.T)] == label).all()
    assert len(centers["6"]) == 1 + 5 * 6 * 3
    lesions = {tuple(center) for center in centers["lesions"].tolist()}
    assert len(lesions) == 2
    assert (2, 3, 1) in lesions


def test_no_more_than_4000_centers_of_one_label() -> None:
    centers = find_centers(np.zeros((20, 20, 20), dtype=np.uint8))["0"]
    assert len(np.unique(centers, axis=0)) == 4000


def test_lesions_that_touch_at_a_corner_are_one() -> None:
    labels = np.zeros((4, 4, 4), dtype=np.uint8)
    labels[1, 1, 1] = labels[2, 2, 2] = Label.CALCIFICATION
    assert len(find_centers(labels)["lesions"]) == 1


def test_listing_leaves_out_drafts_and_halves(make_case: Make, tmp_path: Path) -> None:
    second = make_case(two_lesions(), "b")
    first = make_case(two_lesions(), "a")
    (tmp_path / "train" / ".c-draft").mkdir()
    (tmp_path / "train" / "d").mkdir()
    assert list_cases(tmp_path, "train") == [first, second]
    assert list_cases(tmp_path, "val") == []


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    bad = {**META, "what": object()}
    with pytest.raises(TypeError):
        write_case(tmp_path / "a", np.zeros((2, 2, 2)), np.zeros((2, 2, 2), np.uint8), bad)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_case_is_not_overwritten(make_case: Make) -> None:
    make_case(two_lesions())
    with pytest.raises(OutputError, match="exists already"):
        make_case(two_lesions())


@pytest.mark.parametrize(
    ("ct", "labels", "meta", "message"),
    [
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 3), np.uint8), META, "one shape"),
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2), np.int64), META, "uint8"),
        (np.zeros((2, 2)), np.zeros((2, 2), np.uint8), META, "3D"),
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2), np.uint8), {"case_id": "a"}, "lacks source"),
    ],
)
def test_what_is_not_a_case_is_refused(
    tmp_path: Path, ct: np.ndarray, labels: np.ndarray, meta: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        write_case(tmp_path / "a", ct, labels, meta)


@pytest.mark.parametrize("name", ["ct.npy", "centers.npz", "case.json"])
def test_a_cut_off_file_is_named_by_its_case(make_case: Make, name: str) -> None:
    folder = make_case(two_lesions())
    (folder / name).write_bytes((folder / name).read_bytes()[:7])
    with pytest.raises(InputError, match="made is not a whole prepared case"):
        read_case(folder)


def test_the_key_follows_what_shapes_the_arrays_and_nothing_else() -> None:
    key = case_key(PreprocessingSpec())
    assert key == case_key(PreprocessingSpec(windows_hu=((0.0, 100.0),), patch_size=(8, 8, 8)))
    others = {
        case_key(PreprocessingSpec(spacing_mm=(1.0, 1.0, 3.0))),
        case_key(PreprocessingSpec(spacing_band=(0.9, 1.1))),
        case_key(PreprocessingSpec(), data_version=2),
    }
    assert len(others | {key}) == 4


def test_a_case_says_how_it_was_made(tmp_path: Path) -> None:
    labels = np.zeros((4, 4, 2), dtype=np.uint8)
    fine = PreprocessingSpec(spacing_mm=(0.5, 0.5, 1.0))
    for name, spec, wanted in (("a", None, PreprocessingSpec()), ("b", fine, fine)):
        write_case(tmp_path / name, labels, labels, META, spec)
        assert read_case(tmp_path / name).meta["key"] == case_key(wanted)


def test_a_case_travels_to_another_process_as_a_path(make_case: Make) -> None:
    case = read_case(make_case(np.zeros((100, 100, 50), dtype=np.uint8)))
    sent = pickle.dumps(case)
    assert len(sent) < 1000
    np.testing.assert_array_equal(pickle.loads(sent).ct, case.ct)


def test_hard_places_are_read_and_a_case_without_any_has_none(make_case: Make) -> None:
    folder = make_case(np.zeros((8, 8, 4), dtype=np.uint8))
    assert read_case(folder).hard.shape == (0, 4)
    np.save(folder / "hard.npy", np.array([[7, 7, 3, 1]], dtype=np.int16))
    assert read_case(folder).hard.tolist() == [[7, 7, 3, 1]]


@pytest.mark.parametrize(
    "wrong", [[[8, 0, 0, 0]], [[0, 0, 0, 2]], [[-1, 0, 0, 0]], [[0, 0, 0]], [[0.5, 0, 0, 0]]]
)
def test_hard_places_outside_of_the_case_are_refused(
    make_case: Make, wrong: list[list[float]]
) -> None:
    folder = make_case(np.zeros((8, 8, 4), dtype=np.uint8))
    given = np.array(wrong)
    np.save(folder / "hard.npy", given if given.dtype == float else given.astype(np.int16))
    with pytest.raises(InputError, match=r"hard\.npy must hold int16 rows .* mine again"):
        read_case(folder)
