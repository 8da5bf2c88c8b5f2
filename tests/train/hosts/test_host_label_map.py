"""A host with a label map: its classes become ours."""

from pathlib import Path

import nibabel
import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.host_label_map import label_mapped_host, read_label_map

SPACING_MM = (2.0, 2.0, 3.0)


def _belly() -> tuple[Volume, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """A round belly of fat: a femur with an implant, a muscle, a kidney with a stone, an aorta."""
    x, y = np.indices((80, 80)) - 40
    disc = np.hypot(x, y) < 36
    hu = np.where(disc, -100, -1000)[:, :, None].repeat(14, axis=2).astype(np.int16)
    classes = np.zeros(hu.shape, np.uint8)
    for number, (i, j), density in ((75, (30, 55), 900), (80, (50, 60), 55), (2, (30, 35), 35),
                                    (52, (45, 40), 45)):  # fmt: skip
        hu[i - 6 : i + 6, j - 6 : j + 6] = density
        classes[i - 6 : i + 6, j - 6 : j + 6] = number
    hu[28:32, 53:57, 4:9] = 3000
    hu[29:31, 34:36, 6:8] = 600
    hu[45:47, 44:46, 6:8] = 600
    return Volume.from_spacing(hu, SPACING_MM), classes


def test_each_class_becomes_its_label() -> None:
    ct, classes = _belly()
    tissues = label_mapped_host(ct, classes).tissues.array
    assert tissues[26, 51, 6] == Label.BONE
    assert tissues[30, 55, 6] == Label.FOREIGN
    assert tissues[50, 60, 6] == Label.MUSCLE
    assert tissues[26, 31, 3] == Label.BACKGROUND  # kidney
    assert tissues[30, 35, 6] == IGNORE  # its stone
    assert tissues[46, 45, 6] == Label.VASCULAR  # plaque of the aorta
    assert tissues[40, 6, 6] == Label.SUBCUTANEOUS
    assert tissues[0, 0, 6] == Label.BACKGROUND


def test_a_label_map_of_another_grid_is_refused(tmp_path: Path) -> None:
    ct, classes = _belly()
    file = tmp_path / "segmentation.nii.gz"
    nibabel.save(nibabel.nifti1.Nifti1Image(classes, np.diag([2.0, 2.0, 3.0, 1.0])), file)
    assert read_label_map(file, ct, ct.shape).shape == ct.shape
    with pytest.raises(InputError, match=r"segmentation\.nii\.gz has shape"):
        read_label_map(file, ct, (10, 10, 10))
