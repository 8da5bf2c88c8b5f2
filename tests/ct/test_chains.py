"""Chains of drawn rods, against what can be counted; the spread between sides and along legs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from calciscope.ct.chains import Member, find_chains
from calciscope.ct.distribution import distribution_of
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import Lesion
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Region

SETTINGS = MeasurementSettings()
UP = np.array([0.0, 0.0, 1.0])
MakeRod = Callable[..., Member]


@pytest.fixture
def rod(lesion: Lesion) -> MakeRod:
    """Builds a rod of 10 mm along z, of 1 mm steps, around a center."""

    def build(
        number: int, center: tuple[float, float, float], axis: np.ndarray = UP, **changes: object
    ) -> Member:
        points = np.array(center) + np.arange(-4.5, 5)[:, None] * UP
        placed = replace(lesion, id=number, centroid_lps_mm=center, **changes)
        return Member(placed, points, axis)

    return build


def test_rods_in_a_row_are_a_chain_along_the_bone(rod: MakeRod) -> None:
    members = [rod(n, (20.0 + n % 2, 0.0, 18.0 * n)) for n in range(1, 7)]
    (chain,) = find_chains(members, SETTINGS)
    assert chain.lesion_ids == (1, 2, 3, 4, 5, 6)
    assert chain.linear_along_axis
    assert chain.angle_to_bone_axis_deg < 2
    assert chain.linearity > 0.99
    # Five steps of 18 mm and nine between the outermost voxel centers of a rod.
    assert chain.length_mm == pytest.approx(5 * 18 + 9, abs=0.2)
    assert chain.ha_mass_mg == pytest.approx(6 * members[0].lesion.ha_mass_mg)


@pytest.mark.parametrize(
    ("centers", "chains"),
    [
        ([(0, 0, 0), (0, 0, 18)], 0),  # two are no chain
        ([(0, 0, 0), (0, 0, 21), (0, 0, 42)], 0),  # too far apart along the bone
        ([(0, 0, 0), (7, 0, 15), (14, 0, 30)], 0),  # too far apart across it
        ([(0, 0, 0), (5, 0, 15), (10, 0, 30)], 1),
        ([(0, 0, 18 * n) for n in range(3)] + [(10, 0, 18 * n) for n in range(3)], 2),
    ],
)
def test_what_is_linked(rod: MakeRod, centers: list[tuple[int, int, int]], chains: int) -> None:
    members = [rod(n, tuple(map(float, c))) for n, c in enumerate(centers, start=1)]
    assert len(find_chains(members, SETTINGS)) == chains


def test_a_row_across_the_bone_is_no_line_along_it(rod: MakeRod) -> None:
    sideways = np.array([1.0, 0.0, 0.0])
    members = [rod(n, (5.0 * n, 0.0, 0.0), sideways) for n in range(1, 8)]
    (chain,) = find_chains(members, SETTINGS)
    assert chain.linear_along_axis
    # The same lesions beside a bone that runs upwards: linked by their small steps, not along it.
    (across,) = find_chains([replace(m, bone_axis=UP) for m in members], SETTINGS)
    assert not across.linear_along_axis
    assert across.angle_to_bone_axis_deg == pytest.approx(90, abs=0.1)


def test_the_sides_are_never_joined(rod: MakeRod) -> None:
    left = [rod(n, (2.0, 0.0, 18.0 * n), laterality=Laterality.LEFT) for n in (1, 2)]
    right = [rod(n, (-2.0, 0.0, 18.0 * n), laterality=Laterality.RIGHT) for n in (3, 4)]
    assert find_chains(left + right, SETTINGS) == ()


def test_the_compartment_is_that_of_most_of_the_volume(rod: MakeRod) -> None:
    small = {"compartment": Compartment.SUBCUTANEOUS, "volume_pv_mm3": 10.0}
    members = [rod(1, (0.0, 0.0, 0.0)), rod(2, (0.0, 0.0, 18.0), **small)]
    members.append(rod(3, (0.0, 0.0, 36.0), **small))
    (chain,) = find_chains(members, SETTINGS)
    assert chain.compartment is Compartment.MUSCLE


def test_spread_by_hand(lesion: Lesion) -> None:
    left = replace(lesion, volume_pv_mm3=30.0, ha_mass_mg=9.0, bone_fraction=0.2)
    right = replace(
        lesion,
        laterality=Laterality.RIGHT,
        volume_pv_mm3=10.0,
        ha_mass_mg=1.0,
        bone_fraction=0.7,
    )
    ankle = replace(left, region=Region.ANKLE, bone_fraction=0.01, volume_pv_mm3=20.0)
    knee = replace(left, region=Region.KNEE, bone_fraction=None, volume_pv_mm3=40.0)
    spread = distribution_of((left, right))
    assert spread.symmetry_index_volume == pytest.approx(0.5)
    assert spread.symmetry_index_ha_mass == pytest.approx(0.8)
    assert spread.lower_half_share == pytest.approx(0.75)
    assert distribution_of((left, right, ankle, knee)).lower_half_share == pytest.approx(50 / 60)
    nothing = distribution_of(())
    assert (nothing.symmetry_index_volume, nothing.lower_half_share) == (None, None)
    assert distribution_of((knee,)).lower_half_share is None
