"""A small study with two lesions and a vessel, alone and with a SPECT of two hot spots."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from calciscope.labels import Compartment, Label
from calciscope.locations import Laterality, Level, Region
from calciscope.patterns import LesionPattern
from calciscope.phantom.nm_dicom import write_nm_series
from calciscope.readers.spect_study import SpectStudy
from calciscope.spect.findings import (
    ActivitySummary,
    Concordance,
    ConcordanceClass,
    HotSpot,
    SpectDefinition,
    SpectFindings,
    UptakeRatios,
)
from calciscope.volume import Volume
from calciscope.writers.dicom.hot_spot_segmentation import SpectOutputs

SHAPE = (7, 6, 5)


@pytest.fixture
def two_lesions(make_study: Any, make_lesion: Any, make_findings: Any) -> Callable[..., Any]:
    """Study, lesion ids, findings, tissues: muscle left 3 voxels, subcutaneous right 1 voxel."""

    def build(affine: NDArray[np.float64] | None = None, **changes: Any) -> Any:
        matrix = np.diag([0.9, 0.8, 2.5, 1.0]) if affine is None else affine
        study = make_study(np.zeros(SHAPE, np.int16), matrix, **changes)
        ids = np.zeros(SHAPE, np.uint16)
        ids[1, 2, 3], ids[2, 2, 3], ids[2, 2, 4], ids[5, 1, 0] = 1, 1, 1, 2
        tissues = np.full(SHAPE, Label.MUSCLE, np.uint8)
        tissues[ids > 0] = Label.CALCIFICATION
        tissues[6, 5, 4] = Label.VASCULAR
        findings = make_findings(
            [
                make_lesion(
                    1,
                    level=Level.DISTAL,
                    ha_mass_uncertainty_mg=2.5,
                    calcium_mass_mg=7.98,
                    pattern=LesionPattern.LINEAR,
                ),
                make_lesion(
                    2,
                    compartment=Compartment.SUBCUTANEOUS,
                    laterality=Laterality.RIGHT,
                    region=Region.UNKNOWN,
                    volume_mm3=7.25,
                    volume_pv_mm3=6.5,
                    ha_mass_mg=1.25,
                    agatston=0.0,
                    angle_to_bone_axis_deg=None,
                ),
            ]
        )
        grid = study.volume
        return study, grid.with_array(ids), findings, grid.with_array(tissues)

    return build


SPECT_SHAPE = (9, 8, 6)
SPECT_SPACING_MM = (4.8, 4.4, 5.0)

DEFINITION = SpectDefinition(
    hot_spot="rule",
    relative_threshold=0.41,
    minimum_suv=1.5,
    background_factor=3.0,
    minimum_volume_ml=1.0,
    split_distance_mm=15.0,
    spacing_mm=SPECT_SPACING_MM,
    reconstruction="OSEM",
    radiopharmaceutical="Tc-99m medronate",
    suv="SUVbw",
    abstention="rule",
    minimum_probability=0.6,
    matching="rule",
    matching_distance_mm=10.0,
    assessable="rule",
    assessable_volume_ml=0.5,
    assessable_diameter_mm=8.0,
)


def hot_spot(number: int, **changes: Any) -> HotSpot:
    """A hot spot of left calf muscle."""
    spot = HotSpot(
        id=number,
        compartment=Compartment.MUSCLE,
        probability=0.93,
        probabilities={Compartment.MUSCLE: 0.93},
        physiologic=False,
        laterality=Laterality.LEFT,
        region=Region.LOWER_LEG,
        centroid_lps_mm=(1.0, 2.0, 3.0),
        peak_lps_mm=(1.0, 2.0, 3.0),
        volume_ml=4.25,
        uptake_max=5.5,
        suv_max=5.5,
        suv_mean=3.25,
        suv_peak=4.75,
        total_uptake_suv_ml=13.81,
        ratios=UptakeRatios(contralateral=6.5, muscle=8.25, bone=3.5),
        lesion_ids=(1,),
        level=Level.DISTAL,
        longest_diameter_mm=31.5,
        linearity=0.9,
        angle_to_bone_axis_deg=12.5,
    )
    return replace(spot, **changes)


def spect_findings(*spots: HotSpot, suv_refused: str | None = None) -> SpectFindings:
    """The SPECT part of the findings, with sums made here."""
    known = [spot for spot in spots if not spot.physiologic and spot.suv_max is not None]
    summary = ActivitySummary(
        hot_spots=len(spots),
        physiologic=sum(spot.physiologic for spot in spots),
        suv_max=max((spot.suv_max or 0.0 for spot in known), default=None),
        total_uptake_suv_ml=sum(spot.total_uptake_suv_ml or 0.0 for spot in known),
        by_compartment={},
        by_class={},
    )
    units = "Bq/mL" if suv_refused else "SUVbw"
    return SpectFindings(spots, suv_refused, units, DEFINITION, summary)


@pytest.fixture
def with_spect(two_lesions: Any, tmp_path: Path) -> Callable[..., Any]:
    """The case of `two_lesions` with a SPECT: hot spot 1 of three voxels, 2 of one, a knee.

    Lesion 1 lies with hot spot 1; lesion 2 is cold.
    """

    def build(
        directions: NDArray[np.float64] | None = None,
        spots: tuple[HotSpot, ...] | None = None,
        dicom: bool = True,
        suv_refused: str | None = None,
        study_uid: str = "1.2.3",
        **options: Any,
    ) -> Any:
        study, lesions, findings, tissues = two_lesions()
        matrix = np.eye(4)
        turned = np.eye(3) if directions is None else directions
        matrix[:3, :3] = turned @ np.diag(SPECT_SPACING_MM)
        matrix[:3, 3] = (-101.5, -88.25, 412.75)
        grid = Volume(np.ones(SPECT_SHAPE, np.float32), matrix)
        path = write_nm_series(grid, tmp_path / "nm", uid_seed="spect", **options)
        header = pydicom.dcmread(path, stop_before_pixels=True)
        header.StudyInstanceUID = study_uid
        header.FrameOfReferenceUID = "1.2.3.5"
        header.PatientName, header.PatientID = "Doe^Jane", "P1"
        spect = SpectStudy(
            tmp_path / "nm", grid, "SUVbw", suv_refused, instances=(header,) if dicom else ()
        )
        ids = np.zeros(SPECT_SHAPE, np.uint8)
        ids[2, 3, 4], ids[3, 3, 4], ids[3, 3, 5], ids[7, 1, 0] = 1, 1, 1, 2
        if spots is None:
            knee = hot_spot(
                2,
                compartment=Compartment.JOINT,
                physiologic=True,
                laterality=Laterality.RIGHT,
                region=Region.KNEE,
                level=None,
                suv_max=3.0,
                ratios=UptakeRatios(None, 4.5, None),
                lesion_ids=(),
                angle_to_bone_axis_deg=None,
                runner_up=Compartment.BONE,
                mixed=True,
            )
            spots = (hot_spot(1), knee)
        rows = (
            Concordance(ConcordanceClass.CALCIFIED_HOT, (1,), (1,)),
            Concordance(ConcordanceClass.CALCIFIED_COLD, (2,), ()),
        )
        found = replace(
            findings, spect=spect_findings(*spots, suv_refused=suv_refused), concordance=rows
        )
        outputs = SpectOutputs(spect, grid.with_array(ids if spots else ids * 0))
        return study, lesions, found, tissues, outputs

    return build
