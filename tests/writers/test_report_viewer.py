"""What the page carries for its viewer can be read back."""

import base64
import gzip
import json
from types import SimpleNamespace
from typing import Any

import nibabel as nib
import numpy as np

from calciscope.labels import COMPARTMENT_COLORS, Compartment
from calciscope.writers.report_viewer import ReportViewer, report_viewer


def build(make_study: Any, lesions: list[Any]) -> ReportViewer | None:
    study = make_study(np.full((6, 5, 4), 40, np.int16), np.diag([3.0, 3.0, 3.0, 1.0]))
    ids = np.zeros((6, 5, 4), np.uint16)
    ids[4, 1, 2] = 7
    segmentation: Any = SimpleNamespace(body=study.volume.with_array(ids >= 0))
    return report_viewer(study, segmentation, study.volume.with_array(ids), lesions)


def test_volumes_are_nifti_in_ras(make_study: Any, make_lesion: Any) -> None:
    viewer = build(make_study, [make_lesion(7, centroid_lps_mm=(12.0, 3.0, 6.0))])
    assert viewer is not None
    images: list[Any] = [
        nib.Nifti1Image.from_bytes(gzip.decompress(base64.b64decode(text)))
        for text in (viewer.ct, viewer.lesions)
    ]
    for image in images:
        np.testing.assert_allclose(image.affine, np.diag([-3.0, -3.0, 3.0, 1.0]))
    labels = np.asarray(images[1].dataobj)
    assert labels.dtype == np.uint16
    # Where the labels say 7 is where the scene says lesion 7 is.
    (lesion,) = viewer.scene["lesions"]
    place = nib.affines.apply_affine(images[1].affine, np.argwhere(labels == 7)[0])
    np.testing.assert_allclose(lesion["at"], place)
    assert lesion["at"] == [-12.0, -3.0, 6.0]


def test_the_scene_names_and_colors_lesions(make_study: Any, make_lesion: Any) -> None:
    viewer = build(make_study, [make_lesion(7, compartment=Compartment.VASCULAR)])
    assert viewer is not None
    (lesion,) = json.loads(json.dumps(viewer.scene))["lesions"]
    assert lesion["color"] == COMPARTMENT_COLORS[Compartment.VASCULAR]
    assert lesion["text"] == "Lesion 7: vascular, left, 0.10 mL"
    assert viewer.spacing_mm == (3.0, 3.0, 3.0)
    assert gzip.decompress(base64.b64decode(viewer.bundle)).startswith(b"(function")


def test_nothing_found_needs_no_viewer(make_study: Any) -> None:
    assert build(make_study, []) is None
