"""The whole SPECT analysis on drawn legs: found, placed, measured, matched, warned of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.ct.measurements import CtMeasurement, measure_study
from calciscope.errors import InputError
from calciscope.followup.rigid import Rigid, euler
from calciscope.labels import Compartment, Label
from calciscope.locations import Laterality
from calciscope.readers.spect_study import SUVBW, SpectStudy
from calciscope.readers.study import CtAcquisition
from calciscope.spect.analysis import SpectAnalysis, analyze_spect
from calciscope.spect.findings import NOT_MOVED, ConcordanceClass
from calciscope.spect.registration import Misregistration, moved
from calciscope.spect.rule import MajorityTissue
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

from .conftest import Blob, leg_labels, positions

Draw = Callable[..., Volume]

DEPOSIT = (110.0, 0.0, -12.0)
LONE = (-85.0, 30.0, 40.0)


@dataclass(frozen=True, eq=False)
class Segmented:
    tissues: Volume
    tissue_beneath: Volume
    probability: Volume
    body: Volume
    lesion_probability: Volume | None = None


@pytest.fixture(scope="module")
def study_of_ct(leg_ct: tuple[Volume, Volume]) -> tuple[Volume, Segmented, CtMeasurement]:
    """The legs with a deposit of 10 mm in the left calf."""
    ct, labels = leg_ct
    tissues = leg_labels(labels)
    inside = np.linalg.norm(positions(labels) - np.array(DEPOSIT), axis=-1) <= 5.0
    tissues[inside] = Label.CALCIFICATION
    hu = ct.with_array(np.where(inside, 400, ct.array).astype(np.int16))
    segmented = Segmented(
        labels.with_array(tissues),
        labels,
        labels.with_array(np.where(inside, 230, 0).astype(np.uint8)),
        labels.with_array(labels.array > 0),
    )
    return hu, segmented, measure_study(hu, segmented, CtAcquisition(kvp=120.0))


Analyze = Callable[..., SpectAnalysis]


@pytest.fixture
def analyze(study_of_ct: tuple[Volume, Segmented, CtMeasurement]) -> Analyze:
    def run(
        uptake: Volume, units: str = SUVBW, refused: str | None = None, register: bool = False
    ) -> SpectAnalysis:
        study = SpectStudy(Path("spect.nii"), uptake, units, refused)
        return analyze_spect(study, *study_of_ct, MajorityTissue(), register=register)

    return run


def test_a_deposit_and_a_focus_without_mineral(
    spect_grid: Volume, draw_uptake: Draw, analyze: Analyze
) -> None:
    uptake = draw_uptake(spect_grid, [Blob(DEPOSIT, 9.5, 18.0), Blob(LONE, 6.0, 18.0)])
    result = analyze(uptake)
    first, second = result.findings.hot_spots
    assert (first.compartment, second.compartment) == (Compartment.MUSCLE, Compartment.MUSCLE)
    assert (first.laterality, second.laterality) == (Laterality.LEFT, Laterality.RIGHT)
    assert not first.physiologic
    assert not second.physiologic
    np.testing.assert_allclose(first.centroid_lps_mm, DEPOSIT, atol=2.0)
    # 9.5 on 0.5 of muscle, seen by voxels of 4.8 mm.
    assert first.suv_max == pytest.approx(10.0, rel=0.08)
    assert first.suv_max == first.uptake_max == uptake.array.max()
    assert first.ratios.muscle == pytest.approx(20.0, rel=0.12)
    assert first.suv_max > (first.suv_peak or 0) > (first.suv_mean or 0)
    rows = [(row.classified, row.lesion_ids, row.hot_spot_ids) for row in result.concordance]
    assert rows == [
        (ConcordanceClass.CALCIFIED_HOT, (1,), (1,)),
        (ConcordanceClass.HOT_WITHOUT_CALCIFICATION, (), (2,)),
    ]
    assert (first.lesion_ids, second.lesion_ids) == ((1,), ())
    summary = result.findings.summary
    assert (summary.hot_spots, summary.physiologic, summary.suv_max) == (2, 0, first.suv_max)
    assert summary.by_compartment == {Compartment.MUSCLE: 2}
    assert summary.by_class[ConcordanceClass.CALCIFIED_COLD] == 0
    assert summary.total_uptake_suv_ml == pytest.approx(
        sum(spot.total_uptake_suv_ml or 0 for spot in (first, second))
    )
    assert result.hot_spot_ids.same_grid(uptake)
    assert result.warnings == ()


def test_without_suv_there_are_ratios_only(
    spect_grid: Volume, draw_uptake: Draw, analyze: Analyze
) -> None:
    suv = draw_uptake(spect_grid, [Blob(DEPOSIT, 9.5, 18.0)])
    result = analyze(suv.with_array(suv.array * 100), "counts", "the dose is missing")
    spot = result.findings.hot_spots[0]
    assert (spot.suv_max, spot.suv_mean, spot.suv_peak, spot.total_uptake_suv_ml) == (None,) * 4
    assert spot.uptake_max == pytest.approx(100 * suv.array.max())
    assert spot.ratios.muscle == pytest.approx(20.0, rel=0.12)
    assert result.findings.summary.suv_max is None
    assert result.findings.suv_refused == "the dose is missing"
    assert any("the dose is missing" in warning for warning in result.warnings)


def test_a_deposit_of_10_mm_without_uptake_is_cold(
    spect_grid: Volume, draw_uptake: Draw, analyze: Analyze
) -> None:
    result = analyze(draw_uptake(spect_grid))
    assert result.findings.hot_spots == ()
    assert [row.classified for row in result.concordance] == [ConcordanceClass.CALCIFIED_COLD]
    assert result.findings.summary.suv_max is None


def test_what_the_spect_does_not_show_is_told(
    spect_grid: Volume, draw_uptake: Draw, analyze: Analyze
) -> None:
    upper = draw_uptake(spect_grid).crop((0, 0, 28), spect_grid.shape)
    result = analyze(upper)
    assert [row.classified for row in result.concordance] == [ConcordanceClass.NOT_ASSESSABLE]
    assert any("does not show 1 of 1 calcifications" in text for text in result.warnings)


def test_a_spect_in_pet_objects_is_not_warned_of(
    spect_grid: Volume,
    draw_uptake: Draw,
    study_of_ct: tuple[Volume, Segmented, CtMeasurement],
) -> None:
    """Whether it is a PET, the reader knows by its radionuclide and has told."""
    study = SpectStudy(Path("x"), draw_uptake(spect_grid), SUVBW, None, modality="PT")
    assert analyze_spect(study, *study_of_ct, MajorityTissue()).warnings == ()


def test_no_overlap_is_told(spect_grid: Volume, draw_uptake: Draw, analyze: Analyze) -> None:
    uptake = draw_uptake(spect_grid, [Blob(DEPOSIT, 9.5, 18.0)])
    affine = uptake.affine.copy()
    affine[2, 3] += 1000.0
    result = analyze(Volume(uptake.array, affine))
    assert any("do not overlap" in text for text in result.warnings)
    # What lies nowhere in the CT is of no compartment that could be told.
    assert result.findings.hot_spots[0].compartment is Compartment.INDETERMINATE


def test_the_motion_onto_the_ct_leads_from_the_masks_to_the_findings(
    spect_grid: Volume,
    draw_uptake: Draw,
    analyze: Analyze,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uptake = draw_uptake(spect_grid, [Blob(DEPOSIT, 9.5, 18.0)])
    motion = Rigid.about((110.0, 12.0, -12.0), euler(0.0, 0.0, 4.0), DEPOSIT)
    aside = moved(uptake, motion.inverse)
    found = Misregistration(12.0, motion, 0.9)
    monkeypatch.setattr("calciscope.spect.analysis.find_misregistration", lambda *_: found)
    plain, result = analyze(aside), analyze(aside, register=True)
    assert plain.findings.spect_to_ct == NOT_MOVED
    (spot,) = result.findings.hot_spots
    np.testing.assert_allclose(spot.centroid_lps_mm, DEPOSIT, atol=2.0)
    assert result.hot_spot_ids.same_grid(aside)
    center = aside.lps_mm(np.argwhere(result.hot_spot_ids.array == 1)).mean(axis=0)
    np.testing.assert_allclose(center, (110.0, 12.0, -12.0), atol=2.0)
    there = np.array(result.findings.spect_to_ct) @ [*center, 1.0]
    np.testing.assert_allclose(there[:3], spot.centroid_lps_mm, atol=1e-3)


def test_a_classifier_that_answers_wrongly_is_refused(
    spect_grid: Volume,
    draw_uptake: Draw,
    study_of_ct: tuple[Volume, Segmented, CtMeasurement],
) -> None:
    class Broken:
        def classify(
            self, scene: SpectScene, hot_spot_ids: Volume, ids: Sequence[int]
        ) -> NDArray[np.float32]:
            return np.zeros((len(ids), 3), np.float32)

    uptake = draw_uptake(spect_grid, [Blob(DEPOSIT, 9.5, 18.0)])
    with pytest.raises(InputError, match="classifier"):
        analyze_spect(SpectStudy(Path("x"), uptake, SUVBW, None), *study_of_ct, Broken())
