"""Counts of what a set of SPECT cases holds; an empty cell is a fault."""

from typing import Any

import pytest

from calciscope.errors import PhantomError
from calciscope.labels import HOT_SPOT_COMPARTMENTS
from calciscope_train.spect.coverage import count_spect_coverage


def focus(compartment: str, suv: float, volume: float, **more: Any) -> dict[str, Any]:
    """A row of the foci table."""
    row = {"compartment": compartment, "kind": "x", "suv": suv, "volume_ml": volume,
           "classified": None, "physiologic": False}  # fmt: skip
    return {**row, **more}


def test_foci_are_counted_and_cold_lesions_are_not_foci() -> None:
    rows = [
        focus("muscle", 7.0, 2.0, classified="calcified_hot"),
        focus("muscle", 0.3, 2.0, classified="calcified_cold"),
        focus("joint", 0.5, 0.1),
        focus("urinary", 20.0, 90.0, physiologic=True),
    ]
    coverage = count_spect_coverage([{"body_part": "calf", "foci": rows}])
    assert dict(coverage.compartments) == {"muscle": 1, "urinary": 1}
    assert coverage.physiologic["urinary"] == 1
    assert coverage.sizes["muscle", 1] == 1
    assert coverage.suvs["muscle", 2] == 1
    assert dict(coverage.classes) == {"calcified_hot": 1, "calcified_cold": 1}
    assert any(line.startswith("muscle: 1 (50 %)") for line in coverage.lines())


def test_a_large_set_without_a_compartment_is_refused() -> None:
    sizes = (0.5, 2.0, 10.0, 50.0)
    rows = [focus(c, 5.0, sizes[n % 4]) for n, c in enumerate(HOT_SPOT_COMPARTMENTS)]
    rows += [
        focus("muscle", s, 2.0, classified=c)
        for s, c in ((5, "calcified_hot"), (0, "calcified_cold"), (4, "hot_without_calcification"))
    ]
    count_spect_coverage([{"body_part": "calf", "foci": rows}] * 60).check()
    without = [r for r in rows if r["compartment"] != "breast"]
    coverage = count_spect_coverage([{"body_part": "calf", "foci": without}] * 60)
    with pytest.raises(PhantomError, match="no focus of breast in 60 cases"):
        coverage.check()
    count_spect_coverage([{"body_part": "calf", "foci": without}] * 59).check()
