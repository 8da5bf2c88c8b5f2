"""Two legs with bones, mineral and uptake, small enough for tests, and what was found in them.

Uptake lies on a grid of 4.8 mm, blurred; hot spots and figures are made by hand.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.findings import Findings
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.locations import Laterality, Level, Region
from calciscope.readers.study import CtStudy
from calciscope.spect.findings import (
    Concordance,
    ConcordanceClass,
    HotSpot,
    SpectDefinition,
    SpectFindings,
    UptakeRatios,
)
from calciscope.spect.summary import summarize
from calciscope.volume import Volume
from calciscope.writers.spect.input import SpectPictureInput

CT_MM = (1.6, 1.6, 2.5)
SPECT_MM = (4.8, 4.8, 4.8)
LEG_X_MM, LEG_RADIUS_MM, LENGTH_MM = 85.0, 55.0, 300.0
FWHM_MM = 10.0

DEFINITION = SpectDefinition(
    hot_spot="connected voxels above the highest of 41 % of the maximum, SUV 1.5 and 3 x tissue",
    relative_threshold=0.41,
    minimum_suv=1.5,
    background_factor=3.0,
    minimum_volume_ml=1.0,
    split_distance_mm=15.0,
    spacing_mm=SPECT_MM,
    reconstruction="OSEM 3 x 10, Gaussian 8 mm",
    radiopharmaceutical="99mTc medronate",
    suv="SUVbw, decay from injection to start of acquisition",
    abstention="indeterminate where no compartment reaches the minimum probability",
    minimum_probability=0.6,
    matching="a lesion belongs to a hot spot whose mask is at most 10 mm away",
    matching_distance_mm=10.0,
    assessable="cold is said only of lesions of at least 0.5 mL or 8 mm",
    assessable_volume_ml=0.5,
    assessable_diameter_mm=8.0,
)


@dataclass(frozen=True)
class Focus:
    """A sleeve of uptake along z; mineral within it where `lesion` is not 0."""

    id: int
    center: tuple[float, float, float]
    length_mm: float
    suv: float
    compartment: Compartment
    region: Region = Region.LOWER_LEG
    physiologic: bool = False
    lesion: int = 0
    radius_mm: float = 7.0


FOCI = (
    Focus(1, (85.0, 38.0, 110.0), 70.0, 7.5, Compartment.MUSCLE, lesion=1),
    Focus(2, (-80.0, 36.0, 120.0), 60.0, 6.6, Compartment.MUSCLE, lesion=2),
    Focus(3, (108.0, 42.0, 90.0), 40.0, 6.0, Compartment.SUBCUTANEOUS, lesion=3),
    Focus(4, (-108.0, 40.0, 95.0), 36.0, 5.4, Compartment.SUBCUTANEOUS, lesion=4),
    Focus(5, (95.0, -28.0, 215.0), 30.0, 5.0, Compartment.MUSCLE),
    Focus(6, (85.0, 0.0, 285.0), 12.0, 5.6, Compartment.JOINT, Region.KNEE, True, radius_mm=22.0),
    Focus(7, (-85.0, 0.0, 285.0), 12.0, 5.2, Compartment.JOINT, Region.KNEE, True, radius_mm=22.0),
)
COLD_LESION = 5
"""A rod in the right leg without uptake."""


@dataclass(frozen=True)
class Legs:
    """A study with SPECT, as the writers are given it."""

    study: CtStudy
    segmentation: Any
    lesions: Volume
    findings: Findings
    spect: SpectPictureInput


def world(volume: Volume) -> tuple[NDArray[np.float64], ...]:
    points = volume.lps_mm(np.stack(np.indices(volume.shape), axis=-1))
    return tuple(np.moveaxis(points, -1, 0))


def sleeve(volume: Volume, focus: Focus, radius_mm: float) -> NDArray[np.bool_]:
    x, y, z = world(volume)
    cx, cy, cz = focus.center
    near = np.hypot(x - cx, y - cy) <= radius_mm
    return np.asarray(near & (np.abs(z - cz) <= focus.length_mm / 2))


def in_legs(volume: Volume) -> NDArray[np.bool_]:
    x, y, _ = world(volume)
    return np.asarray(np.hypot(np.abs(x) - LEG_X_MM, y) < LEG_RADIUS_MM)


def in_bone(volume: Volume) -> NDArray[np.bool_]:
    x, y, _ = world(volume)
    tibia = np.hypot(np.abs(x) - 75.0, y + 15.0) < 13.0
    return np.asarray(tibia | (np.hypot(np.abs(x) - 112.0, y - 8.0) < 6.0))


def draw_ct() -> tuple[Volume, Volume, Volume]:
    """HU, body and lesion ids."""
    blank = Volume.from_spacing(np.zeros((200, 84, 120), np.int16), CT_MM, (-160.0, -66.0, 0.0))
    x, y, _ = world(blank)
    body, bone = in_legs(blank), in_bone(blank)
    hu = np.where(body, 50, -1000)
    hu[body & (np.hypot(np.abs(x) - LEG_X_MM, y) > LEG_RADIUS_MM - 9.0)] = -95
    hu[bone] = 1100
    ids = np.zeros(blank.shape, np.uint16)
    for focus in (f for f in FOCI if f.lesion):
        ids[sleeve(blank, replace(focus, length_mm=0.8 * focus.length_mm), 3.0)] = focus.lesion
    cold = Focus(0, (-95.0, -30.0, 60.0), 25.0, 0.0, Compartment.MUSCLE)
    ids[sleeve(blank, cold, 2.5)] = COLD_LESION
    hu[ids > 0] = 420
    noise = np.random.default_rng(1).normal(0, 12, hu.shape)
    return (
        blank.with_array((hu + noise).astype(np.int16)),
        blank.with_array(body),
        blank.with_array(ids),
    )


def draw_spect(foci: tuple[Focus, ...]) -> tuple[Volume, Volume]:
    """SUV and hot-spot ids."""
    blank = Volume.from_spacing(np.zeros((80, 40, 66), np.float32), SPECT_MM, (-190.0, -94.0, -8.0))
    suv = np.where(in_legs(blank), 0.6, 0.0)
    suv[in_legs(blank) & in_bone(blank)] = 1.8
    ids = np.zeros(blank.shape, np.uint16)
    for focus in foci:
        here = sleeve(blank, focus, focus.radius_mm)
        suv[here] = 1.6 * focus.suv
        ids[here] = focus.id
    blurred = ndimage.gaussian_filter(suv, FWHM_MM / 2.355 / 4.8)
    noise = np.random.default_rng(2).normal(0, 0.1, blank.shape) * np.sqrt(blurred)
    array = np.clip(blurred + noise, 0.0, None).astype(np.float32)
    return blank.with_array(array), blank.with_array(ids)


def hot_spot(focus: Focus, **changes: Any) -> HotSpot:
    """A hot spot with figures that fit its focus; the network was sure of it."""
    others = 0.1 / (len(HOT_SPOT_COMPARTMENTS) - 1)
    probabilities = dict.fromkeys(HOT_SPOT_COMPARTMENTS, others) | {focus.compartment: 0.9}
    volume_ml = np.pi * focus.radius_mm**2 * focus.length_mm / 1000
    joint = focus.compartment is Compartment.JOINT
    spot = HotSpot(
        id=focus.id,
        compartment=focus.compartment,
        probability=0.9,
        probabilities=probabilities,
        physiologic=focus.physiologic,
        laterality=Laterality.LEFT if focus.center[0] > 0 else Laterality.RIGHT,
        region=focus.region,
        centroid_lps_mm=focus.center,
        peak_lps_mm=focus.center,
        volume_ml=volume_ml,
        uptake_max=focus.suv,
        suv_max=focus.suv,
        suv_mean=0.6 * focus.suv,
        suv_peak=0.85 * focus.suv,
        total_uptake_suv_ml=0.6 * focus.suv * volume_ml,
        ratios=UptakeRatios(1.1, focus.suv / 0.6, None if joint else focus.suv / 1.6),
        lesion_ids=(focus.lesion,) if focus.lesion else (),
        level=None if joint else Level.DISTAL,
        longest_diameter_mm=focus.length_mm,
        linearity=0.9,
        angle_to_bone_axis_deg=4.0,
    )
    return replace(spot, **changes)


def spect_findings(spots: tuple[HotSpot, ...], **changes: Any) -> SpectFindings:
    """Findings of these hot spots."""
    made = SpectFindings(
        hot_spots=spots,
        suv_refused=None,
        units="SUVbw",
        definition=DEFINITION,
        summary=summarize(spots, ()),
        muscle_mean=0.6,
        bone_mean=1.6,
        misregistration_mm=2.4,
        series="3: BONE TOMO (NM, 1 file)",
        acquired_on="2026-01-01",
    )
    return replace(made, **changes)


CONCORDANCE = (
    Concordance(ConcordanceClass.CALCIFIED_HOT, (1,), (1,)),
    Concordance(ConcordanceClass.CALCIFIED_HOT, (2,), (2,)),
    Concordance(ConcordanceClass.CALCIFIED_HOT, (3,), (3,)),
    Concordance(ConcordanceClass.CALCIFIED_HOT, (4,), (4,)),
    Concordance(ConcordanceClass.CALCIFIED_COLD, (5,), ()),
    Concordance(ConcordanceClass.HOT_WITHOUT_CALCIFICATION, (), (5,)),
)


@pytest.fixture(scope="session")
def make_spot() -> Callable[..., HotSpot]:
    """One of the hot spots by its number, with changes."""
    return lambda number, **changes: hot_spot(FOCI[number - 1], **changes)


@pytest.fixture(scope="session")
def make_spect_findings() -> Callable[..., SpectFindings]:
    """Findings of hot spots, with changes."""
    return spect_findings


@pytest.fixture(scope="session")
def make_legs(make_study: Any, make_lesion: Any, make_findings: Any) -> Callable[..., Legs]:
    """The two legs; with fewer foci where numbers are given, with changes of the SPECT findings."""
    hu, body, ids = draw_ct()

    def build(numbers: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7), **changes: Any) -> Legs:
        foci = tuple(focus for focus in FOCI if focus.id in numbers)
        uptake, spot_ids = draw_spect(foci)
        kinds = {focus.lesion: focus.compartment for focus in FOCI if focus.lesion}
        lesions = []
        for number in range(1, COLD_LESION + 1):
            voxels = np.argwhere(ids.array == number)
            x, y, z = (float(v) for v in ids.lps_mm(voxels).mean(axis=0))
            volume = len(voxels) * ids.voxel_volume_mm3
            lesions.append(
                make_lesion(
                    number,
                    compartment=kinds.get(number, Compartment.MUSCLE),
                    laterality=Laterality.LEFT if x > 0 else Laterality.RIGHT,
                    centroid_lps_mm=(x, y, z),
                    volume_mm3=volume,
                    volume_pv_mm3=0.8 * volume,
                    longest_diameter_mm=50.0,
                )
            )
        concordance = tuple(
            row for row in CONCORDANCE if set(row.hot_spot_ids) <= set(numbers) or row.lesion_ids
        )
        found = spect_findings(tuple(hot_spot(focus) for focus in foci), **changes)
        findings = replace(make_findings(lesions), spect=found, concordance=concordance)
        spect = SpectPictureInput(uptake, spot_ids, found, concordance)
        segmentation = _Segmented(body)
        return Legs(make_study(hu.array, hu.affine), segmentation, ids, findings, spect)

    return build


@dataclass(frozen=True)
class _Segmented:
    body: Volume


@pytest.fixture(scope="session")
def legs(make_legs: Callable[..., Legs]) -> Legs:
    """All foci."""
    return make_legs()
