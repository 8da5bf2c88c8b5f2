"""Phantom cases on disk: on the model grid, never twice, splits apart."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError, PhantomError
from calciscope.labels import IGNORE, Label
from calciscope.phantom.cases import PhantomCase, random_case
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train import synthesis
from calciscope_train.cases import read_case, write_case
from calciscope_train.synthesis import FIRST_SEED, SEEDS_PER_SPLIT, synthesise, write_phantom

SPEC = PreprocessingSpec()


def small_case(seed: int, settings: str = "training") -> PhantomCase:
    return random_case(seed, (40.0, 45.0), settings, "forearm")


@pytest.mark.slow
def test_a_case_lies_on_the_model_grid_with_its_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesis, "random_case", small_case)
    assert write_phantom(tmp_path, "train", 4, SPEC)
    case = read_case(tmp_path / "train" / "phantom-000004")
    assert case.ct.shape == case.labels.shape
    for spacing, wanted in zip(case.meta["spacing_mm"], SPEC.spacing_mm, strict=True):
        assert SPEC.spacing_band[0] <= spacing / wanted <= SPEC.spacing_band[1]
    assert set(np.unique(case.labels).tolist()) <= {*map(int, Label), IGNORE}
    assert sum(case.meta["requested"].values()) >= sum(case.meta["placed"].values()) > 0
    for row in case.meta["lesions"]:
        if row["visible"]:
            assert all(0 <= c < n for c, n in zip(row["center_index"], case.ct.shape, strict=True))
    before = (tmp_path / "train" / "phantom-000004" / "case.json").stat().st_mtime_ns
    assert write_phantom(tmp_path, "train", 4, SPEC)
    assert (tmp_path / "train" / "phantom-000004" / "case.json").stat().st_mtime_ns == before
    json.dumps(dict(case.meta))


def test_a_phantom_without_room_is_told_and_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cramped(seed: int, settings: str) -> PhantomCase:
        raise PhantomError("only 1 of 9 lesions found room")

    told: list[str] = []
    monkeypatch.setattr(synthesis, "random_case", cramped)
    monkeypatch.setattr(synthesis.LOGGER, "warning", lambda text, *given: told.append(text % given))
    assert not write_phantom(tmp_path, "train", 7, SPEC)
    assert told == ["seed 7 left out: only 1 of 9 lesions found room"]
    assert not (tmp_path / "train" / "phantom-000007").exists()


def test_held_out_cases_have_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesis, "random_case", small_case)
    assert write_phantom(tmp_path, "test", 950_001, SPEC, "held_out")
    case = read_case(tmp_path / "test" / "held-out-950001")
    assert case.meta["settings"] == "held_out"
    assert case.meta["kernel"] not in ("soft", "medium", "enhanced", "bone", "hawkeye")


@pytest.mark.parametrize(("split", "scanners"), [("train", "training"), ("test", "held_out")])
def test_test_cases_come_from_held_out_scanners_unless_asked_otherwise(
    split: str, scanners: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers: int, mp_context: object) -> None:
            super().__init__(workers)

    def made(seed: int, settings: str) -> PhantomCase:
        jobs.append(settings)
        raise PhantomError("only 1 of 9 lesions found room")

    monkeypatch.setattr(synthesis, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(synthesis, "random_case", made)
    with pytest.raises(PhantomError, match="only 0 of 1 phantoms"):
        synthesise(tmp_path, split, count=1)
    assert jobs == [scanners]


def test_a_large_set_must_have_every_kind(tmp_path: Path) -> None:
    blank = np.zeros((4, 4, 4))
    record = {"source": "phantom", "spacing_mm": [1.0, 1.0, 2.5], "lesions": []}
    record |= {"requested": {"C3": 1}, "placed": {"C3": 1}, "case_id": "a"}
    write_case(tmp_path / "a", blank.astype(np.int16), blank.astype(np.uint8), record)
    few, many = [tmp_path / "a"] * 60, [tmp_path / "a"] * 500
    for folders, told in ((few, False), (many, True)):
        with pytest.raises(PhantomError) as error:
            synthesis.report_coverage(folders, tmp_path, ["C3", "X1_nail"])
        assert ("X1_nail was never requested" in str(error.value)) == told


def test_splits_never_share_a_seed() -> None:
    ranges = [range(first, first + SEEDS_PER_SPLIT) for first in FIRST_SEED.values()]
    assert len({seed for r in ranges for seed in (r[0], r[-1])}) == 2 * len(ranges)
    starts = sorted(r[0] for r in ranges)
    assert all(b - a >= SEEDS_PER_SPLIT for a, b in itertools.pairwise(starts))


def test_unknown_splits_and_too_many_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose one of train, val, test"):
        synthesise(tmp_path, "training")
    with pytest.raises(InputError, match="held_out settings are for the split test"):
        synthesise(tmp_path, "train", settings="held_out")
    with pytest.raises(InputError, match="choose one of training, held_out"):
        synthesise(tmp_path, "test", settings="unseen")
    with pytest.raises(InputError, match="at least 1"):
        synthesise(tmp_path, "val", processes=0)
    with pytest.raises(InputError, match="a split has 50000 seeds"):
        synthesise(tmp_path, "val", count=60_000)
