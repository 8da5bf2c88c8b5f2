"""One CT, stored as DICOM and as NIfTI on several axes, must lead to one and the same result."""

from itertools import product
from pathlib import Path

import nibabel
import numpy as np
import pytest

from calciscope.ct.segmentation import CtSegmentation, CtSegmenter
from calciscope.labels import Label
from calciscope.models.manifest import ModelManifest
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.volume import Volume
from calciscope.writers.nifti import write_volume

SHAPE = (96, 64, 24)
ORIGIN = (-48.0, -30.0, 100.0)


class DensityEngine:
    """Above about 300 HU is calcification, below -30 fat, the rest muscle."""

    name, device, precision = "density", "CPU", "fp32"

    def run(self, batch: np.ndarray) -> np.ndarray:
        hard = (batch[:, 1] + 1) * 700 + 100
        logits = np.zeros((len(batch), len(Label), *batch.shape[2:]), dtype=np.float32)
        logits[:, Label.MUSCLE] = 2 + 4 * batch[:, 0]
        logits[:, Label.CALCIFICATION] = (hard - 300) / 20
        return logits


@pytest.fixture(scope="module")
def ct() -> Volume:
    """A limb with one deposit to the left, in front and high up; no mirror image fits."""
    x, y = np.arange(SHAPE[0])[:, None, None], np.arange(SHAPE[1])[None, :, None]
    distance = np.hypot(x - 48, y - 32) * np.ones((1, 1, SHAPE[2]))
    hu = np.full(SHAPE, -1000, dtype=np.int16)
    hu[distance < 28] = -100
    hu[distance < 22] = 50
    hu[58:64, 20:26, 14:18] = 600
    hu += np.random.default_rng(0).integers(-20, 20, SHAPE, dtype=np.int16)
    return Volume.from_spacing(np.maximum(hu, -1024), (1.0, 1.0, 2.0), ORIGIN)


@pytest.fixture(scope="module")
def segmenter(toy_manifest: ModelManifest) -> CtSegmenter:
    return CtSegmenter(toy_manifest, DensityEngine())


@pytest.fixture(scope="module")
def expected(ct: Volume, segmenter: CtSegmenter) -> CtSegmentation:
    return segmenter.segment(ct)


def assert_same_result(found: CtSegmentation, expected: CtSegmentation) -> None:
    for name in ("tissues", "tissue_beneath", "probability", "body"):
        mine: Volume = getattr(found, name).canonical().volume
        theirs: Volume = getattr(expected, name).canonical().volume
        assert mine.same_grid(theirs)
        np.testing.assert_array_equal(mine.array, theirs.array, err_msg=name)


def test_the_deposit_is_found_on_the_left(expected: CtSegmentation) -> None:
    found = np.argwhere(expected.tissues.array == Label.CALCIFICATION)
    center = expected.tissues.lps_mm(found.mean(axis=0))
    # Voxels 58..63, 20..25, 14..17: centers 60.5, 22.5, 15.5.
    np.testing.assert_allclose(center, (60.5 - 48, 22.5 - 30, 100 + 31.0), atol=0.2)


def test_dicom_gives_the_same_result(
    ct: Volume, segmenter: CtSegmenter, expected: CtSegmentation, tmp_path: Path
) -> None:
    write_ct_series(ct, tmp_path / "series", uid_seed="parity")
    study = read_ct(tmp_path / "series")
    assert_same_result(segmenter.segment(study.volume), expected)


def test_nifti_gives_the_same_result(
    ct: Volume, segmenter: CtSegmenter, expected: CtSegmentation, tmp_path: Path
) -> None:
    path = tmp_path / "ct.nii.gz"
    write_volume(path, ct, np.int16)
    assert_same_result(segmenter.segment(read_ct(path).volume), expected)


@pytest.mark.parametrize(
    "codes", ["".join(code) for code in list(product("RL", "AP", "SI"))] + ["SRA", "PIL", "ASL"]
)
def test_nifti_on_other_axes_gives_the_same_result(
    ct: Volume, segmenter: CtSegmenter, expected: CtSegmentation, tmp_path: Path, codes: str
) -> None:
    image = nibabel.nifti1.Nifti1Image(ct.array, ct.affine_ras)
    here = nibabel.orientations.io_orientation(image.affine)
    there = nibabel.orientations.axcodes2ornt(tuple(codes))
    turned = image.as_reoriented(nibabel.orientations.ornt_transform(here, there))
    assert nibabel.orientations.aff2axcodes(turned.affine) == tuple(codes)
    nibabel.nifti1.save(turned, tmp_path / "ct.nii")
    assert_same_result(segmenter.segment(read_ct(tmp_path / "ct.nii").volume), expected)
