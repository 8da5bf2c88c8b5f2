"""The uptake of the 3D viewer."""

from typing import Any

import numpy as np

from calciscope.volume import Volume
from calciscope.writers.spect.input import SpectPictureInput
from calciscope.writers.spect.viewer import STOPS, TOP, uptake_volume, viewer_colors


def test_uptake_lies_where_the_ct_is(make_spot: Any, make_spect_findings: Any) -> None:
    """A hot block of SUV 8 around (20, 8, 12) mm; 8 is the top of the scale."""
    array = np.full((12, 8, 8), 0.5, np.float32)
    array[4:7, 1:4, 2:5] = 8.0
    aligned = Volume.from_spacing(array, (4.0, 4.0, 4.0))
    spect = SpectPictureInput(
        aligned, aligned.with_array(np.zeros(array.shape, np.uint16)),
        make_spect_findings((make_spot(1, uptake_max=8.0),)),
    )  # fmt: skip
    ct = Volume.from_spacing(np.zeros((21, 16, 16), np.uint8), (2.0, 2.0, 2.0))
    shown = uptake_volume(spect, ct)
    assert (shown.array.dtype, shown.shape) == (np.uint8, (11, 8, 8))
    center = shown.lps_mm(np.argwhere(shown.array == TOP).mean(axis=0))
    np.testing.assert_allclose(center, [20.0, 8.0, 12.0], atol=1.5)
    # Half a SUV of 8 is too faint to be drawn.
    assert shown.array[-1, -1, -1] == 0


def test_colors_rise_to_the_top() -> None:
    flat, solid = viewer_colors(False), viewer_colors(True)
    assert len(flat["I"]) == len(STOPS) == len(flat["A"])
    assert flat["I"][0] == 0 and flat["I"][-1] == 255
    assert flat["A"][:2] == [0, 0] and flat["A"][-1] == 255
    # In 3D less is drawn, and thinner.
    assert sum(alpha > 0 for alpha in solid["A"]) < sum(alpha > 0 for alpha in flat["A"])
    assert max(solid["A"]) == 128
