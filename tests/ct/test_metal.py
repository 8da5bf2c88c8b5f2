"""What counts as metal, and what is said about lesions near it."""

from dataclasses import replace

import numpy as np

from calciscope.ct.metal import metal_cautions, metal_mask
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import Lesion
from calciscope.labels import Label

SETTINGS = MeasurementSettings()


def test_named_foreign_and_dense_or_denser_than_any_bone() -> None:
    hu = np.array([2600, 2600, 3071, 3071, 900], np.int16).reshape(5, 1, 1)
    tissues = np.array(
        [Label.FOREIGN, Label.BONE, Label.MUSCLE, Label.FOREIGN, Label.FOREIGN], np.uint8
    ).reshape(hu.shape)
    body = np.array([True, True, True, False, True]).reshape(hu.shape)
    # Named and dense; dense bone; unnamed but too dense; outside the body; contrast.
    found = metal_mask(hu, tissues, body, SETTINGS).ravel().tolist()
    assert found == [True, False, True, False, False]
    assert not metal_mask(hu - 2000, tissues, body, SETTINGS).any()


def test_how_many_lesions_lie_near(lesion: Lesion) -> None:
    near, far = replace(lesion, distance_to_metal_mm=20.0), replace(lesion, distance_to_metal_mm=21)
    assert metal_cautions([far], SETTINGS) == [
        "Metal is in view; no lesion lies within 20 mm of it."
    ]
    (one,) = metal_cautions([near, far], SETTINGS)
    assert one.startswith("Metal is in view; 1 of 2 lesions lies within 20 mm of it, where streaks")
    (two,) = metal_cautions([near, near, far], SETTINGS)
    assert "2 of 3 lesions lie within" in two
    assert metal_cautions([], SETTINGS)
