"""Which hot spots are shown, and where they are."""

from dataclasses import replace
from typing import Any

import numpy as np

from calciscope.labels import Compartment
from calciscope.volume import Volume
from calciscope.writers.spect.input import SpectPictureInput, most_active


def test_each_compartment_has_its_turn(make_spot: Any) -> None:
    skin = Compartment.SUBCUTANEOUS
    spots = (
        make_spot(1, uptake_max=9.0),
        make_spot(2, uptake_max=8.0),
        make_spot(3, uptake_max=2.0, compartment=skin),
        make_spot(6, uptake_max=50.0),
        make_spot(5, uptake_max=7.0),
    )
    assert [spot.id for spot in most_active(spots, 2)] == [1, 3]
    assert [spot.id for spot in most_active(spots, 3)] == [1, 2, 3]
    # The knee is physiologic, however hot.
    assert [spot.id for spot in most_active(spots, 9)] == [1, 2, 5, 3]
    assert most_active((), 3) == ()


def test_peaks_are_those_of_the_uptake(make_spot: Any, make_spect_findings: Any) -> None:
    uptake = np.zeros((4, 4, 4), np.float32)
    uptake[1, 2, 3], uptake[3, 3, 3] = 5.0, 9.0
    ids = np.zeros((4, 4, 4), np.uint16)
    ids[1, 2, 2:] = 1
    native = Volume.from_spacing(ids, (4.0, 4.0, 4.0))
    moved = Volume.from_spacing(uptake, (4.0, 4.0, 4.0), (10.0, 0.0, 0.0))
    lost = make_spot(2, peak_lps_mm=(7.0, 8.0, 9.0))
    found = make_spect_findings((make_spot(1), lost))
    made = SpectPictureInput(moved, native, found)
    peaks = made.peaks_lps_mm()
    assert peaks[1].tolist() == [14.0, 8.0, 12.0]
    # What has no voxel is where the findings say.
    assert peaks[2].tolist() == [7.0, 8.0, 9.0]
    assert made.aligned_ids.same_grid(moved)
    # Ids of another grid stay where they are.
    other = Volume.from_spacing(np.zeros((2, 2, 2), np.uint16), (8.0, 8.0, 8.0))
    apart = replace(made, hot_spot_ids=other)
    assert apart.aligned_ids is other
    assert apart.peaks_lps_mm()[2].tolist() == [7.0, 8.0, 9.0]
