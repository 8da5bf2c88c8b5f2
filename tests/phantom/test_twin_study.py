"""Variants of the twin's study, without scans where these are not the question."""

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope.labels import Compartment
from calciscope.phantom.spect import planar_views
from calciscope.phantom.twin import make_twin, twin_legs
from calciscope.phantom.twin_activity import twin_activity
from calciscope.phantom.twin_study import (
    CAMERA,
    THICK,
    VARIANTS,
    early_uptake,
    radiating_mm,
    twin_study,
)
from calciscope.spect.findings import ConcordanceClass


def test_variants_are_those_of_the_domain_figures() -> None:
    assert list(VARIANTS) == [
        "two-bed", "legs", "confounders", "cold_and_early", "hypercalcemia", "follow_up",
        "thick_slices",
    ]  # fmt: skip
    with pytest.raises(PhantomError, match="choose one of two-bed, legs"):
        twin_study("arms")


def test_camera_and_thick_ct_are_those_of_the_domain_figures() -> None:
    assert (CAMERA.dose_mbq, CAMERA.delay_h, CAMERA.weight_kg) == (740, 3, 72)
    assert (CAMERA.views, CAMERA.seconds_per_view, CAMERA.voxel_mm) == (60, 15, 4.8)
    assert (CAMERA.iterations, CAMERA.subsets, CAMERA.filter_mm) == (3, 10, 8)
    assert (THICK.slice_mm, THICK.fwhm_mm, THICK.kvp) == (5.0, 2.2, 130)


def test_the_camera_sees_two_planes_more_at_each_end() -> None:
    assert radiating_mm("two-bed") == pytest.approx((-30 - 9.6, 700 + 9.6))
    low, high = radiating_mm("legs")
    # One bed: 83 planes of 4.8 mm in a field of 400 mm.
    assert int((high - low) / 4.8 + 1e-6) == 83


def test_early_uptake_is_in_muscle_of_the_right_calf_above_all_mineral() -> None:
    """A capsule of 14 mm around 30 mm: pi 49 (30 + 28/3) mm3, none of it outside of muscle."""
    pair = twin_legs(130)
    activity = twin_activity(pair, [], (230.0, 330.0), more=[early_uptake(pair[0])])
    (focus,) = activity.foci
    assert focus.compartment is Compartment.MUSCLE
    assert focus.classified is ConcordanceClass.HOT_WITHOUT_CALCIFICATION
    assert focus.volume_ml == pytest.approx(np.pi * 49 * (30 + 28 / 3) / 1000, rel=0.02)
    assert focus.center_mm[0] < 0
    assert focus.center_mm[2] == pytest.approx(277, abs=1)


@pytest.mark.slow
def test_the_left_thigh_is_hot_in_both_planar_views() -> None:
    """The case report tells of it on planar images: 10 mm around its axis against the mirror."""
    twin = make_twin("two-bed")
    activity = twin_activity(twin.legs, twin.lesions, (-30.0, 700.0))
    thigh = next(focus for focus in activity.foci if focus.kind == "LT1")
    views = planar_views(
        activity.suv, twin.acquired.ct, CAMERA, np.random.default_rng(5), seconds=120
    )
    for counts in (views.anterior, views.posterior[::-1]):
        size, length = counts.shape
        # Both views now run to the patient's left; the grid is centered on the map.
        middle = activity.suv.lps_mm(0.5 * (np.array(activity.suv.shape) - 1))
        column = round((thigh.center_mm[0] - middle[0]) / views.pixel_mm + 0.5 * (size - 1))
        mirror = round((-thigh.center_mm[0] - middle[0]) / views.pixel_mm + 0.5 * (size - 1))
        row = round((thigh.center_mm[2] - middle[2]) / views.pixel_mm + 0.5 * (length - 1))
        here = counts[column - 2 : column + 3, row - 6 : row + 7].mean()
        there = counts[mirror - 2 : mirror + 3, row - 6 : row + 7].mean()
        assert here > 1.3 * there
        # Mean counts of 65 pixels: far more than noise.
        assert here - there > 8 * np.sqrt(there / 65)
