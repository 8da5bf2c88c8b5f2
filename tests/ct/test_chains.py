"""Chains of drawn rods, against what can be counted."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from calciscope.ct.chains import Member, find_chains
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import Lesion
from calciscope.labels import Compartment
from calciscope.locations import Laterality
from calciscope.volume import Volume

SETTINGS = MeasurementSettings()
GRID = Volume.from_spacing(np.zeros((1, 1, 1), np.int16), (1.0, 1.0, 1.0))
UP = np.array([0.0, 0.0, 1.0])
MakeRod = Callable[..., Member]


@pytest.fixture
def rod(lesion: Lesion) -> MakeRod:
    """Builds a rod of 10 voxels of 1 mm along z around a center."""

    def build(
        number: int, center: tuple[float, float, float], axis: np.ndarray = UP, **changes: object
    ) -> Member:
        voxels = np.round(np.array(center)).astype(int) + np.arange(-5, 5)[:, None] * [0, 0, 1]
        placed = replace(lesion, id=number, centroid_lps_mm=center, **changes)
        return Member(placed, voxels, axis)

    return build


def test_rods_in_a_row_are_a_chain_along_the_bone(rod: MakeRod) -> None:
    members = [rod(n, (20.0 + n % 2, 0.0, 18.0 * n)) for n in range(1, 7)]
    (chain,) = find_chains(members, GRID, SETTINGS)
    assert chain.lesion_ids == (1, 2, 3, 4, 5, 6)
    assert chain.linear_along_axis
    assert chain.angle_to_bone_axis_deg < 2
    assert chain.linearity > 0.99
    # Five steps of 18 mm and the length of a rod.
    assert chain.length_mm == pytest.approx(5 * 18 + 10, abs=0.2)
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
    assert len(find_chains(members, GRID, SETTINGS)) == chains


def test_a_row_across_the_bone_is_no_line_along_it(rod: MakeRod) -> None:
    sideways = np.array([1.0, 0.0, 0.0])
    members = [rod(n, (5.0 * n, 0.0, 0.0), sideways) for n in range(1, 8)]
    (chain,) = find_chains(members, GRID, SETTINGS)
    assert chain.linear_along_axis
    # The same lesions beside a bone that runs upwards: linked by their small steps, not along it.
    (across,) = find_chains([replace(m, bone_axis=UP) for m in members], GRID, SETTINGS)
    assert not across.linear_along_axis
    assert across.angle_to_bone_axis_deg == pytest.approx(90, abs=0.1)


def test_the_sides_are_never_joined(rod: MakeRod) -> None:
    left = [rod(n, (2.0, 0.0, 18.0 * n), laterality=Laterality.LEFT) for n in (1, 2)]
    right = [rod(n, (-2.0, 0.0, 18.0 * n), laterality=Laterality.RIGHT) for n in (3, 4)]
    assert find_chains(left + right, GRID, SETTINGS) == ()


def test_the_compartment_is_that_of_most_of_the_volume(rod: MakeRod) -> None:
    small = {"compartment": Compartment.SUBCUTANEOUS, "volume_pv_mm3": 10.0}
    members = [rod(1, (0.0, 0.0, 0.0)), rod(2, (0.0, 0.0, 18.0), **small)]
    members.append(rod(3, (0.0, 0.0, 36.0), **small))
    (chain,) = find_chains(members, GRID, SETTINGS)
    assert chain.compartment is Compartment.MUSCLE
