"""Counting a training set: an empty cell is an error, a full set is none."""

from typing import Any

import pytest

from calciscope.errors import PhantomError
from calciscope_train.coverage import count_coverage


def lesion(kind: str, compartment: str, volume: float, contrast: float) -> dict[str, Any]:
    return {
        "kind": kind,
        "compartment": compartment,
        "volume_mm3": volume,
        "peak_contrast_hu": contrast,
        "visible": True,
    }


def full_case() -> dict[str, Any]:
    """One lesion in each size bin of each compartment."""
    lesions = [
        lesion("C3", compartment, volume, 200.0)
        for compartment in ("muscle", "subcutaneous")
        for volume in (10.0, 50.0, 200.0, 900.0)
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
    with pytest.raises(PhantomError, match="no muscle calcification of 0-30 mm3 in 60 cases"):
        count_coverage([case] * 60).check()


def test_a_kind_that_is_never_placed_is_refused() -> None:
    case = full_case() | {"requested": {"C3": 8, "H1": 1}}
    with pytest.raises(PhantomError, match="not one H1 of 60 requests was placed"):
        count_coverage([case] * 60).check()


def test_a_small_set_may_have_empty_cells() -> None:
    count_coverage([{"lesions": []}] * 5).check()
