"""What is true of lesions: from metadata, and measured where they are silent."""

from types import SimpleNamespace

import numpy as np
import pytest

from calciscope.evaluation.lesion_truth import (
    central_voxel,
    contrast_hu,
    lesion_truths,
    reference_mass_mg,
)
from calciscope.evaluation.predictions import numbered
from calciscope.labels import Label
from calciscope.volume import Volume


def test_contrast_of_a_ball_in_water() -> None:
    hu = np.zeros((30, 30, 30), np.int16)
    hu[12:18, 12:18, 12:18] = 240
    hu[0:4] = 1000  # farther than 6 mm
    voxels = np.argwhere(hu == 240)
    ct = Volume.from_spacing(hu, (1.0, 1.0, 1.0))
    assert contrast_hu(ct, voxels, hu == 240) == pytest.approx(240.0)
    # A neighbor that is mineral too is no background.
    hu[19:22, 8:22, 8:22] = 500
    assert contrast_hu(ct, voxels, hu >= 240) == pytest.approx(240.0)


def test_the_central_voxel_lies_in_the_lesion() -> None:
    ring = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0], [4, 4, 0], [1, 2, 0]])
    assert central_voxel(ring) == (1, 2, 0)


def test_rows_are_found_by_index_or_by_position(toys: SimpleNamespace) -> None:
    case = toys.case()
    ids = numbered(case.labels.array == Label.CALCIFICATION)
    rows = [{"kind": "H2", "center_lps_mm": [13.0, 3.0, 6.0], "ha_mass_mg": 4.0}]
    case.meta["lesions"] = rows
    truths = lesion_truths(case, ids)
    assert (truths[1].kind, truths[2].kind, truths[2].ha_mass_mg) == (None, "H2", 4.0)
    assert reference_mass_mg(case) == 4.0


def test_the_larger_of_two_in_one_component_names_it(toys: SimpleNamespace) -> None:
    case = toys.case()
    ids = numbered(case.labels.array == Label.CALCIFICATION)
    case.meta["lesions"] = [
        {"kind": "C1", "volume_mm3": 90.0, "center_index": [3, 3, 3]},
        {"kind": "C2", "volume_mm3": 20.0, "center_index": [4, 4, 4]},
        {"kind": "C4", "volume_mm3": 999.0, "center_index": [99, 0, 0]},
    ]
    assert lesion_truths(case, ids)[1].kind == "C1"
    # A mass that is not known makes the sum unknown, not smaller.
    assert reference_mass_mg(case) is None


def test_a_case_that_says_nothing_of_lesions(toys: SimpleNamespace) -> None:
    case = toys.case()
    del case.meta["lesions"]
    assert reference_mass_mg(case) is None
    truths = lesion_truths(case, numbered(case.labels.array == Label.CALCIFICATION))
    assert [truth.kind for truth in truths.values()] == [None, None]
