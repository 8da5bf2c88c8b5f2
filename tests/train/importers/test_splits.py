"""Splits: one for each patient, whatever the set, the order and the number of runs."""

import json
from pathlib import Path

import pytest

from calciscope.errors import InputError
from calciscope_train.host_config import Host, HostConfig
from calciscope_train.host_tissues import TissueRules
from calciscope_train.importers.item import Item
from calciscope_train.importers.splits import (
    hashed_split,
    host_splits,
    merged,
    splits_in,
    splits_of,
)


def item(case: str, patient: str, split: str | None = None) -> Item:
    return Item(case, patient, "CC-BY-4.0", {}, split)


def test_the_hash_is_stable_and_about_a_tenth_goes_to_each_of_val_and_test() -> None:
    splits = [hashed_split(f"patient-{number}") for number in range(4000)]
    assert splits.count("test") == pytest.approx(400, abs=60)
    assert splits.count("val") == pytest.approx(400, abs=60)
    # Fixed for ever: a change would move patients between the splits of those who import again.
    fixed = {"a": "train", "saros-1": "test", "coca-2": "val"}
    assert {name: hashed_split(name) for name in fixed} == fixed


def test_a_patient_whom_the_set_has_in_two_splits_is_tested_on() -> None:
    items = [item("1", "P", "train"), item("2", "P", "test"), item("3", "Q", "val")]
    assert splits_of(items) == {"P": "test", "Q": "val"}
    assert splits_of(items[::-1]) == {"P": "test", "Q": "val"}


def test_a_case_without_a_split_follows_its_patient() -> None:
    assert splits_of([item("1", "P"), item("2", "P", "val")]) == {"P": "val"}
    assert splits_of([item("1", "R")]) == {"R": hashed_split("R")}


def test_what_is_known_outranks_the_set() -> None:
    assert splits_of([item("1", "STS_025", "train")], {"STS_025": "test"}) == {"STS_025": "test"}


def test_hosts_are_known_by_the_id_that_tcia_gives_them() -> None:
    hosts = {"025": Host("test", TissueRules()), "003": Host("train", TissueRules())}
    config = HostConfig(Path(), "STS_{id}_ct.nii.gz", hosts, {"005": "kept apart"})
    expected = {"STS_025": "test", "STS_003": "train", "STS_005": "test"}
    assert host_splits(config) == expected


def test_a_root_tells_where_its_patients_are(tmp_path: Path) -> None:
    for split, case, meta in (("val", "a", {"patient_id": "P"}), ("train", "b", {})):
        (tmp_path / split / case).mkdir(parents=True)
        (tmp_path / split / case / "case.json").write_text(json.dumps(meta))
    assert splits_in(tmp_path) == {"P": "val"}


def test_a_root_that_has_a_host_in_the_wrong_split_is_refused(tmp_path: Path) -> None:
    assert merged({"P": "val"}, {"Q": "test"}, tmp_path) == {"P": "val", "Q": "test"}
    with pytest.raises(InputError, match=r"expected test, found val for P; remove those cases"):
        merged({"P": "val"}, {"P": "test"}, tmp_path)
