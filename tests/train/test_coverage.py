"""Counting a training set: an empty cell is an error, a full set is none."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope_train.cases import write_case
from calciscope_train.coverage import count_coverage, report


def lesion(kind: str, compartment: str, volume: float, contrast: float) -> dict[str, Any]:
    return {
        "kind": kind,
        "compartment": compartment,
        "volume_mm3": volume,
        "peak_contrast_hu": contrast,
        "visible": True,
    }


def full_case() -> dict[str, Any]:
    """One lesion in each size bin and in each contrast bin of each compartment."""
    lesions = [
        lesion("C3", compartment, volume, contrast)
        for compartment in ("muscle", "subcutaneous")
        for volume, contrast in ((10.0, 200.0), (50.0, 90.0), (200.0, 800.0), (900.0, 200.0))
    ]
    return {"requested": {"C3": 8}, "placed": {"C3": 8}, "lesions": lesions}


def test_counts_by_compartment_size_and_contrast() -> None:
    coverage = count_coverage([full_case(), {"requested": {}, "placed": {}, "lesions": []}])
    assert (coverage.cases, coverage.empty) == (2, 1)
    assert coverage.cells["muscle", 0, 1] == 1
    assert coverage.cells["subcutaneous", 3, 1] == 1
    assert sum(coverage.cells.values()) == 8


def test_invisible_lesions_and_confounders_fill_no_cell() -> None:
    hidden = lesion("C1", "muscle", 10.0, 20.0) | {"visible": False}
    vessel = lesion("V2", "vascular", 10.0, 300.0)
    coverage = count_coverage([{"lesions": [hidden, vessel]}])
    assert not coverage.cells
    assert coverage.kinds == {"V2": 1}
    assert coverage.empty == 1


def test_a_full_set_passes() -> None:
    coverage = count_coverage([full_case()] * 60)
    coverage.check()
    assert any("muscle 30-100 mm3" in line for line in coverage.lines())


def test_a_set_without_muscle_is_refused() -> None:
    case = full_case()
    case["lesions"] = [x for x in case["lesions"] if x["compartment"] != "muscle"]
    with pytest.raises(PhantomError, match=r"no muscle calcification of 0-30 mm3.* in 60 cases"):
        count_coverage([case] * 60).check()


def test_a_kind_that_is_never_placed_is_refused() -> None:
    case = full_case() | {"requested": {"C3": 8, "H1": 1}}
    with pytest.raises(PhantomError, match="not one H1 of 60 requests was placed"):
        count_coverage([case] * 60).check()


def test_a_set_without_faint_mineral_is_refused() -> None:
    case = full_case()
    case["lesions"] = [
        x for x in case["lesions"] if x["peak_contrast_hu"] > 150 or x["compartment"] != "muscle"
    ] + [lesion("C3", "muscle", 50.0, 200.0)]
    with pytest.raises(PhantomError, match="no muscle calcification of 0-150 HU contrast in 60"):
        count_coverage([case] * 60).check()


def test_a_kind_that_is_placed_and_never_seen_is_refused() -> None:
    case = full_case() | {"requested": {"C3": 8, "C6": 1}, "placed": {"C3": 8, "C6": 1}}
    with pytest.raises(PhantomError, match="not one C6 of 60 placed can be seen"):
        count_coverage([case] * 60).check()
    seen = lesion("C6", "subcutaneous", 200.0, 200.0) | {"name": "C6"}
    count_coverage([case | {"lesions": [*case["lesions"], seen]}] * 60).check()


def test_kinds_are_told_apart_by_their_entry() -> None:
    net = lesion("C2", "subcutaneous", 200.0, 300.0) | {"name": "C2_net"}
    chain = lesion("C3", "muscle", 200.0, 300.0) | {"name": "RM1"}
    assert count_coverage([{"lesions": [net, chain]}]).kinds == {"C2_net": 1, "C3": 1}


def test_every_kind_can_be_demanded() -> None:
    with pytest.raises(PhantomError, match="H1 was never requested"):
        count_coverage([full_case()] * 60).check(kinds=["C3", "H1"])


def test_the_command_reads_a_set_and_refuses_an_empty_cell(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blank = np.zeros((4, 4, 4))
    for number, record in enumerate((full_case(), full_case())):
        folder = tmp_path / "train" / f"case-{number}"
        record |= {"case_id": folder.name, "source": "phantom", "spacing_mm": [1.0, 1.0, 2.5]}
        record |= {"acquisition": {}}
        write_case(folder, blank.astype(np.int16), blank.astype(np.uint8), record)
    with caplog.at_level(logging.INFO):
        assert report(tmp_path, minimum_cases=2).placed["C3"] == 16
    assert "placed of requested: C3 16/16" in caplog.text
    with pytest.raises(PhantomError, match="C5_focus was never requested"):
        report(tmp_path, all_kinds=True, minimum_cases=2)


def test_of_hosts_every_kind_is_that_of_their_configuration(tmp_path: Path) -> None:
    blank = np.zeros((4, 4, 4))
    folder = tmp_path / "train" / "host_001_000"
    record = full_case() | {"case_id": folder.name, "source": "host", "spacing_mm": [1, 1, 2.5]}
    write_case(folder, blank.astype(np.int16), blank.astype(np.uint8), record)
    hosts = tmp_path / "hosts.yaml"
    text = "folder: .\npattern: '{id}'\nhosts: {'001': {split: train}}\ncounts: {C3: 1, C1: 0}\n"
    hosts.write_text(text)
    report(tmp_path, all_kinds=True, minimum_cases=1, hosts=hosts)
    hosts.write_text(text + "negative_counts: {V1: 0.5}\n")
    with pytest.raises(PhantomError, match="V1 was never requested in 1 cases"):
        report(tmp_path, all_kinds=True, minimum_cases=1, hosts=hosts)


def test_a_small_set_may_have_empty_cells() -> None:
    count_coverage([{"lesions": []}] * 5).check()
