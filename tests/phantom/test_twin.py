"""The digital twin holds what the case report's table says, where it says."""

from collections import defaultdict

import numpy as np
import pytest
from scipy import ndimage

from calciscope.errors import PhantomError
from calciscope.labels import Label
from calciscope.phantom.twin import RANGES_MM, SOFT, Twin, make_twin, twin_rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def twin() -> Twin:
    return make_twin()


def test_counts_volume_and_mass_of_the_table(twin: Twin) -> None:
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for row in twin.acquired.lesions:
        entry = sums[row["side"], row["compartment"]]
        entry[0] += 1
        entry[1] += row["volume_mm3"]
        entry[2] += row["ha_mass_mg"]
    expected = {
        ("R", "muscle"): (33, 3080, 1099),
        ("L", "muscle"): (39, 3677, 1346),
        ("R", "subcutaneous"): (15, 1272, 382),
        ("L", "subcutaneous"): (18, 1527, 458),
    }
    assert set(sums) == set(expected)
    for key, figures in expected.items():
        assert sums[key] == pytest.approx(figures, abs=0.6), key


def test_every_lesion_can_be_seen(twin: Twin) -> None:
    assert len(twin.acquired.lesions) == 105
    assert all(row["visible"] for row in twin.acquired.lesions)


def test_lesions_lie_in_the_lower_half_and_on_their_side(twin: Twin) -> None:
    for lesion in twin.lesions:
        assert 30 < lesion.center_mm[2] < 210
        assert (lesion.center_mm[0] < 0) == (lesion.side == "R")


def test_no_lesion_touches_bone(twin: Twin) -> None:
    labels = twin.acquired.labels
    distance = ndimage.distance_transform_edt(labels.array != Label.BONE, labels.spacing_mm)
    calcification = labels.array == Label.CALCIFICATION
    assert distance[calcification].min() >= 2.0


def test_rods_run_along_the_leg(twin: Twin) -> None:
    rods = [x.deposits[0].shape for x in twin.lesions if x.kind == "C3"]
    assert len(rods) == 72
    for rod in rods:
        axis = rod.end - rod.start  # type: ignore[attr-defined]
        assert abs(axis[2]) / np.linalg.norm(axis) > np.cos(np.deg2rad(8.5))


def test_geometry_and_protocol(twin: Twin) -> None:
    ct = twin.acquired.ct
    assert ct.spacing_mm == pytest.approx([0.98, 0.98, 2.5])
    z = [ct.lps_mm([0, 0, k])[2] for k in (0, ct.shape[2] - 1)]
    low, high = RANGES_MM["legs"]
    assert z[0] == pytest.approx(low, abs=2.5)
    assert z[1] == pytest.approx(high, abs=2.5)
    muscle = ct.array[(twin.acquired.labels.array == Label.MUSCLE)]
    assert np.median(muscle) == pytest.approx(50, abs=8)
    assert SOFT.kvp == 130


def test_rows_are_those_of_the_case_report() -> None:
    rows = twin_rows()
    assert len(rows) == 18
    assert sum(row["n"] for row in rows) == 109
    assert {row["side"] for row in rows} == {"L", "R"}


def test_unknown_variant_is_refused() -> None:
    with pytest.raises(PhantomError, match="choose one of legs, two-bed"):
        make_twin("arms")
