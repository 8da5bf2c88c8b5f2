"""The tracer of the twin: sleeves and sheets as the table of the case report has them."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.phantom.activity.foci import Focus
from calciscope.phantom.activity.maps import ActivityMap
from calciscope.phantom.deposits import Lesion
from calciscope.phantom.shapes import Capsule
from calciscope.phantom.twin import RANGES_MM, lesions_of_twin, twin_legs, twin_rows
from calciscope.phantom.twin_activity import Uptake, twin_activity, uptakes_of_lesions
from calciscope.spect.findings import ConcordanceClass

pytestmark = pytest.mark.slow

Lesions = tuple[Lesion, ...]

LEGS = twin_legs(130)


@pytest.fixture(scope="module")
def lesions() -> Lesions:
    return lesions_of_twin(variant="two-bed")


@pytest.fixture(scope="module")
def activity(lesions: Lesions) -> ActivityMap:
    return twin_activity(LEGS, lesions, RANGES_MM["two-bed"])


def foci(activity: ActivityMap) -> dict[str, Focus]:
    return {focus.kind: focus for focus in activity.foci}


def test_every_chain_has_a_sleeve_and_nodules_have_none(activity: ActivityMap) -> None:
    chains = {row["id"] for row in twin_rows() if row["shape"] == "capsule"}
    plates = {row["id"] for row in twin_rows() if row["shape"] == "plate"}
    assert len(chains) == 14
    assert set(foci(activity)) == chains | plates
    for focus in activity.foci:
        muscle = focus.kind in chains
        assert focus.compartment == (Compartment.MUSCLE if muscle else Compartment.SUBCUTANEOUS)
        assert focus.classified is ConcordanceClass.CALCIFIED_HOT
        assert not focus.physiologic


def test_activity_of_right_left_thigh_and_plates(activity: ActivityMap) -> None:
    for name, focus in foci(activity).items():
        expected = 7.0 if name in ("RS1", "LS1", "LT1") else {"R": 8.0, "L": 9.0}[name[0]]
        assert focus.suv == expected
        assert (focus.center_mm[0] > 0) == (name[0] == "L")


def test_sleeves_have_the_volume_of_a_capsule(activity: ActivityMap) -> None:
    """pi r^2 (L + 4/3 r), r = 5, L from the middle of the lowest cap to that of the highest."""
    for row in twin_rows():
        if row["shape"] != "capsule" or row["id"] == "LT1":
            continue
        length = row["z_to_mm"] - row["z_from_mm"] - row["diam_mm"]
        expected = np.pi * 25 * (length + 20 / 3) / 1000
        # Chains lean by up to 8 degrees, and lie up to 1.5 mm beside their line.
        assert foci(activity)[row["id"]].volume_ml == pytest.approx(expected, rel=0.03), row["id"]


def test_the_thigh_has_one_sleeve_on_the_left(activity: ActivityMap) -> None:
    """14 x 90 mm: pi 49 (76 + 28/3) mm3; the right thigh is cold."""
    thigh = foci(activity)["LT1"]
    assert thigh.volume_ml == pytest.approx(np.pi * 49 * (76 + 28 / 3) / 1000, rel=0.02)
    assert thigh.center_mm[2] == pytest.approx(600, abs=1)
    z = activity.suv.lps_mm([[0, 0, k] for k in range(activity.suv.shape[2])])[:, 2]
    x = activity.suv.lps_mm([[i, 0, 0] for i in range(activity.suv.shape[0])])[:, 0]
    planes = activity.suv.array[:, :, (z > 500) & (z < 680)]
    assert planes[x < 0].max() <= 1.3 + 1e-5  # the femur's shaft
    assert planes[x > 0].max() == pytest.approx(7.0, abs=0.01)


def test_sheets_are_wider_than_their_plates(activity: ActivityMap) -> None:
    """Plates of 18 x 12 mm, 5 mm more all around and 4 mm thick: pi 14 11 4 mm3 each."""
    each = np.pi * 14 * 11 * 4 / 1000
    for name, count in (("RS1", 5), ("LS1", 6)):
        # Flat sheets in a round leg: some of their edge is outside of the skin.
        volume = foci(activity)[name].volume_ml
        assert 0.85 * count * each < volume <= 1.02 * count * each


def test_excess_of_the_map_is_that_of_its_foci(activity: ActivityMap, lesions: Lesions) -> None:
    """Activity (SUV x mL) above a map without foci: each volume times what it adds."""
    chains = {lesion.name for lesion in lesions}
    cold = twin_activity(LEGS, lesions, RANGES_MM["two-bed"], cold=sorted(chains))
    assert {focus.classified for focus in cold.foci} == {ConcordanceClass.CALCIFIED_COLD}
    assert cold.suv.array.max() <= 2.5 + 1e-5
    added = (activity.suv.array - cold.suv.array).sum() * activity.suv.voxel_volume_mm3 / 1000
    expected = sum(
        focus.volume_ml * (focus.suv - (0.7 if focus.compartment == "muscle" else 0.25))
        for focus in activity.foci
    )
    assert added == pytest.approx(expected, rel=0.03)


def test_foci_name_their_mineral(activity: ActivityMap, lesions: Lesions) -> None:
    """Numbers are those of the lesion table: from 1, in the order of the lesions."""
    for kind, focus in foci(activity).items():
        assert {lesions[n - 1].name for n in focus.lesion_ids} == {kind}
    rods = {row["id"]: row["n"] for row in twin_rows()}
    assert all(len(f.lesion_ids) == rods[kind] for kind, f in foci(activity).items())


def test_compartments_and_activity_cover_the_same_body(activity: ActivityMap) -> None:
    inside = activity.compartments.array != 255
    assert (activity.suv.array[inside] > 0).all()
    assert (activity.suv.array[~inside] == 0).all()
    hot = activity.suv.array > 6.0
    names = {HOT_SPOT_COMPARTMENTS[n] for n in np.unique(activity.compartments.array[hot])}
    assert names == {Compartment.MUSCLE, Compartment.SUBCUTANEOUS}


def test_grid_is_fine_and_canonical(activity: ActivityMap) -> None:
    assert activity.suv.spacing_mm == pytest.approx([2.4, 2.4, 2.4])
    assert activity.suv.same_grid(activity.compartments)
    low = activity.suv.lps_mm([0, 0, 0])[2] - 1.2
    assert low == pytest.approx(-30.0)
    assert low + 2.4 * activity.suv.shape[2] == pytest.approx(700.0, abs=2.4)
    assert activity.suv.array[[0, -1]].max() == 0
    assert activity.suv.array[:, [0, -1]].max() == 0


def test_a_cold_chain_and_uptake_without_mineral(lesions: Lesions) -> None:
    ball = Capsule(np.array([-60.0, 10, 250]), np.array([-60.0, 10, 280]), 7.0)
    classified = ConcordanceClass.HOT_WITHOUT_CALCIFICATION
    early = Uptake("early", Compartment.MUSCLE, 6.0, (ball,), classified)
    result = twin_activity(LEGS, lesions, (-30.0, 360.0), cold=["RM1"], more=[early])
    found = foci(result)
    assert found["RM1"].classified is ConcordanceClass.CALCIFIED_COLD
    assert found["RM1"].suv == pytest.approx(0.7, abs=0.05)
    assert found["RM2"].classified is ConcordanceClass.CALCIFIED_HOT
    assert "LT1" not in found
    assert found["early"].classified is classified
    assert found["early"].volume_ml == pytest.approx(np.pi * 49 * (30 + 28 / 3) / 1000, rel=0.02)
    with pytest.raises(PhantomError, match="no chain XY1"):
        twin_activity(LEGS, lesions, (-30.0, 360.0), cold=["XY1"])


def test_a_rod_that_is_new_has_a_sleeve_of_its_own(lesions: Lesions) -> None:
    """A rod of 15 x 4 mm: its cap centers are 11 mm apart, pi 25 (11 + 20/3) mm3."""
    rod = next(lesion for lesion in lesions if lesion.name == "LT1")
    alone = uptakes_of_lesions([replace(rod, name="LM3 new")])
    assert [uptake.kind for uptake in alone] == ["LM3 new"]
    assert alone[0].shapes[0].volume_mm3 == pytest.approx(np.pi * 25 * (11 + 20 / 3))
