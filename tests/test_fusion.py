"""Concordance: which mineral is hot, which is cold, and what cannot be told."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope.findings import Chain, Lesion
from calciscope.fusion import Fusion, fuse
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.locations import Laterality, Region
from calciscope.spect.findings import Concordance, ConcordanceClass, HotSpot, UptakeRatios
from calciscope.spect.settings import SpectSettings
from calciscope.volume import Volume

HOT, COLD = ConcordanceClass.CALCIFIED_HOT, ConcordanceClass.CALCIFIED_COLD
ALONE, UNKNOWN = ConcordanceClass.HOT_WITHOUT_CALCIFICATION, ConcordanceClass.NOT_ASSESSABLE


def hot_spot(
    number: int, compartment: Compartment = Compartment.MUSCLE, physiologic: bool = False
) -> HotSpot:
    return HotSpot(
        id=number,
        compartment=compartment,
        probability=0.9,
        probabilities={each: 0.9 * (each is compartment) for each in HOT_SPOT_COMPARTMENTS},
        physiologic=physiologic,
        laterality=Laterality.LEFT,
        region=Region.LOWER_LEG,
        centroid_lps_mm=(0.0, 0.0, 0.0),
        peak_lps_mm=(0.0, 0.0, 0.0),
        volume_ml=1.0,
        uptake_max=5.0,
        suv_max=5.0,
        suv_mean=4.0,
        suv_peak=4.5,
        total_uptake_suv_ml=4.0,
        ratios=UptakeRatios(None, None, None),
    )


class Bench:
    """A line along x of 2 mm CT voxels from 0 to 200 mm, seen by 4 mm SPECT voxels to 160 mm."""

    def __init__(self, lesion: Lesion) -> None:
        self.lesion = lesion
        self.lesions: list[Lesion] = []
        self.spots: list[HotSpot] = []
        self.ids = Volume.from_spacing(np.zeros((100, 4, 4), np.uint16), (2, 2, 2), (1, 1, 1))
        self.hot = Volume.from_spacing(np.zeros((40, 2, 2), np.uint16), (4, 4, 4), (2, 2, 2))
        self.relative = self.hot.with_array(np.ones(self.hot.shape, np.float32))

    def mineral(self, x_mm: float, volume_mm3: float = 600.0, longest_mm: float = 9.0) -> None:
        """A lesion whose one voxel begins at x."""
        number = len(self.lesions) + 1
        self.ids.array[round(x_mm / 2), 0, 0] = number
        self.lesions.append(
            replace(
                self.lesion, id=number, volume_pv_mm3=volume_mm3, longest_diameter_mm=longest_mm
            )
        )

    def uptake(
        self,
        x_mm: float,
        compartment: Compartment = Compartment.MUSCLE,
        physiologic: bool = False,
    ) -> None:
        """A hot spot whose one voxel begins at x."""
        self.spots.append(hot_spot(len(self.spots) + 1, compartment, physiologic))
        self.hot.array[round(x_mm / 4), 0, 0] = len(self.spots)

    def chain(self, *ids: int) -> Chain:
        return Chain(
            1, ids, Compartment.MUSCLE, Laterality.LEFT, Region.LOWER_LEG, 50, 0, 1, True, 1, 1
        )

    def fused(self, *chains: Chain, outside_ct: tuple[int, ...] = ()) -> Fusion:
        return fuse(
            self.lesions, chains, self.ids, self.spots, self.hot, outside_ct, self.relative,
            SpectSettings(),
        )  # fmt: skip


@pytest.fixture
def bench(lesion: Lesion) -> Bench:
    return Bench(lesion)


# The center of a lesion's voxel lies 1 mm behind x, so its gap to a voxel that begins at 40 is
# 39 - x before it.
@pytest.mark.parametrize(("x_mm", "expected"), [(40.0, HOT), (30.0, HOT), (28.0, COLD)])
def test_matched_up_to_10_mm(bench: Bench, x_mm: float, expected: ConcordanceClass) -> None:
    bench.mineral(x_mm)
    bench.uptake(40.0)
    fusion = bench.fused()
    assert fusion.rows[0].classified is expected
    if expected is HOT:
        assert fusion.rows == (Concordance(HOT, (1,), (1,)),)
        assert fusion.lesions_of == {1: (1,)}
    else:
        assert fusion.rows[1:] == (Concordance(ALONE, (), (1,)),)
        assert fusion.lesions_of == {}


def test_mineral_where_no_uptake_was_measured_is_not_cold(bench: Bench) -> None:
    """Corners between bed positions, and what lies outside of a round field of view, hold 0."""
    bench.mineral(20.0)
    bench.mineral(100.0)
    bench.relative.array[20:30] = 0.0
    classes = {row.lesion_ids: row.classified for row in bench.fused().rows}
    assert classes == {(1,): COLD, (2,): UNKNOWN}


@pytest.mark.parametrize(
    ("volume_mm3", "longest_mm", "expected"),
    [(500.0, 3.0, COLD), (499.0, 8.0, COLD), (499.0, 7.9, UNKNOWN)],
)
def test_only_what_is_large_enough_is_cold(
    bench: Bench, volume_mm3: float, longest_mm: float, expected: ConcordanceClass
) -> None:
    bench.mineral(40.0, volume_mm3, longest_mm)
    assert bench.fused().rows == (Concordance(expected, (1,), ()),)


def test_neighbors_are_one_cluster_of_the_sum_of_their_volumes(bench: Bench) -> None:
    bench.mineral(40.0, 300.0, 5.0)
    bench.mineral(50.0, 300.0, 5.0)
    bench.mineral(70.0, 300.0, 5.0)
    assert bench.fused().rows == (
        Concordance(COLD, (1, 2), ()),
        Concordance(UNKNOWN, (3,), ()),
    )


def test_compartments_and_states_do_not_share_a_cluster(bench: Bench) -> None:
    bench.mineral(40.0)
    bench.mineral(48.0)
    bench.lesions[1] = replace(bench.lesions[1], compartment=Compartment.SUBCUTANEOUS)
    bench.mineral(56.0)
    bench.uptake(32.0)
    assert bench.fused().rows == (
        Concordance(HOT, (1,), (1,)),
        Concordance(COLD, (2,), ()),
        Concordance(COLD, (3,), ()),
    )


def test_a_chain_is_hot_where_half_of_it_is(bench: Bench) -> None:
    for x_mm in (20.0, 40.0, 60.0, 80.0):
        bench.mineral(x_mm)
    bench.uptake(24.0)
    bench.uptake(44.0)
    fusion = bench.fused(bench.chain(1, 2, 3, 4))
    assert fusion.rows == (Concordance(HOT, (1, 2, 3, 4), (1, 2)),)
    assert fusion.lesions_of == {1: (1,), 2: (2,)}


def test_a_cold_chain_whose_end_is_near_the_uptake_of_another_stays_cold(bench: Bench) -> None:
    for x_mm in (40.0, 60.0, 80.0):
        bench.mineral(x_mm)
    bench.mineral(24.0)
    bench.uptake(28.0)
    assert bench.fused(bench.chain(1, 2, 3)).rows == (
        Concordance(HOT, (4,), (1,)),
        Concordance(COLD, (1, 2, 3), ()),
    )


def test_uptake_with_one_chain_near_it_is_that_chain_s(bench: Bench) -> None:
    for x_mm in (40.0, 60.0, 80.0):
        bench.mineral(x_mm)
    bench.uptake(28.0)
    assert bench.fused(bench.chain(1, 2, 3)).rows == (Concordance(HOT, (1, 2, 3), (1,)),)


@pytest.mark.parametrize(
    ("compartment", "physiologic"),
    [
        (Compartment.BONE, False),
        (Compartment.JOINT, True),
        (Compartment.URINARY, True),
        (Compartment.ARTEFACT, False),
    ],
)
def test_uptake_of_other_kinds_neither_matches_nor_has_a_row(
    bench: Bench, compartment: Compartment, physiologic: bool
) -> None:
    bench.mineral(30.0)
    bench.mineral(80.0)
    bench.uptake(36.0, compartment, physiologic)
    # What lies beside it cannot be told, what is away from it can.
    assert bench.fused().rows == (Concordance(COLD, (2,), ()), Concordance(UNKNOWN, (1,), ()))


def test_uptake_called_bone_that_mineral_lies_in_is_the_mineral_s(bench: Bench) -> None:
    bench.mineral(40.0)
    bench.uptake(40.0, Compartment.BONE)
    assert bench.fused().rows == (Concordance(HOT, (1,), (1,)),)


def test_an_indeterminate_hot_spot_counts(bench: Bench) -> None:
    bench.uptake(40.0, Compartment.INDETERMINATE)
    assert bench.fused().rows == (Concordance(ALONE, (), (1,)),)


def test_beyond_either_field_nothing_can_be_told(bench: Bench) -> None:
    bench.mineral(180.0)
    bench.uptake(40.0)
    assert bench.fused(outside_ct=(1,)).rows == (
        Concordance(UNKNOWN, (), (1,)),
        Concordance(UNKNOWN, (1,), ()),
    )


@pytest.mark.parametrize(("times", "expected"), [(1.9, COLD), (2.1, UNKNOWN)])
def test_faint_uptake_is_neither_hot_nor_cold(
    bench: Bench, times: float, expected: ConcordanceClass
) -> None:
    bench.mineral(40.0)
    bench.relative.array[:] = times
    assert bench.fused().rows == (Concordance(expected, (1,), ()),)


def test_nothing_found_gives_no_rows(bench: Bench) -> None:
    assert bench.fused().rows == ()
