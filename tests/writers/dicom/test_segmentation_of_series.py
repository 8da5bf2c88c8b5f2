"""The DICOM SEG of series read from files: simulated, tilted and real ones."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import highdicom as hd
import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.labels import Compartment
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import CtStudy, read_ct
from calciscope.volume import Volume
from calciscope.writers.dicom.segmentation_object import write_segmentation


def ramp(*shape: int) -> NDArray[np.int16]:
    """HU from air upwards, as readers want to see them."""
    return np.linspace(-1000, 300, int(np.prod(shape))).astype(np.int16).reshape(shape)


@pytest.fixture
def segment(tmp_path: Path, make_lesion: Any, make_findings: Any) -> Any:
    """Write the SEG of a study with lesions 1 (muscle) and 2 (subcutaneous) of 2 x 2 x 2 voxels."""

    def write(study: CtStudy) -> tuple[Path, NDArray[np.uint16]]:
        ids = np.zeros(study.volume.shape, np.uint16)
        ids[2:4, 3:5, 1:3] = 1
        ids[-4:-2, 4:6, 2:4] = 2
        findings = make_findings(
            [make_lesion(1), make_lesion(2, compartment=Compartment.SUBCUTANEOUS)]
        )
        path = tmp_path / "dicom" / "segmentation.dcm"
        write_segmentation(path, study, study.volume.with_array(ids), findings)
        return path, ids

    return write


def assert_same_place(path: Path, ids: NDArray[np.uint16], grid: Volume) -> None:
    """The segments' voxels are where the lesions' voxels are, to 0.01 mm."""
    read = hd.seg.segread(path).get_volume(combine_segments=True)
    for number in (1, 2):
        wanted = grid.lps_mm(np.argwhere(ids == number))
        found = Volume(np.asarray(read.array), read.affine).lps_mm(
            np.argwhere(read.array == number)
        )
        assert len(found) == 8
        distances = np.linalg.norm(wanted[:, None] - found[None], axis=2)
        assert distances.min(axis=1).max() < 0.01


def test_a_simulated_series(tmp_path: Path, segment: Any, errors_of_dciodvfy: Any) -> None:
    ct = Volume.from_spacing(ramp(16, 12, 6), (0.8, 0.7, 2.5), (-30, 12.5, 100))
    sources = write_ct_series(ct, tmp_path / "ct", uid_seed="seg")
    assert errors_of_dciodvfy(sources[0]) == []
    study = read_ct(tmp_path / "ct")
    path, ids = segment(study)
    assert errors_of_dciodvfy(path) == []
    assert_same_place(path, ids, study.volume)


def test_a_tilted_gantry(tmp_path: Path, segment: Any, errors_of_dciodvfy: Any) -> None:
    """Slices 2.5 mm apart along z, tilted by 10 degrees: the analyzed grid is upright."""
    affine = np.diag([0.8, 0.7, 2.5, 1.0])
    sine, cosine = np.sin(np.radians(10)), np.cos(np.radians(10))
    affine[:3, 1] = [0.0, 0.7 * cosine, 0.7 * sine]
    write_ct_series(Volume(ramp(16, 14, 8), affine), tmp_path / "ct", uid_seed="tilt")
    study = read_ct(tmp_path / "ct")
    assert study.resampled
    path, ids = segment(study)
    assert errors_of_dciodvfy(path) == []
    assert_same_place(path, ids, study.volume)


def test_dcmqi_reads_the_same_voxels(tmp_path: Path, segment: Any) -> None:
    """A reader written by others puts both segments, as NIfTI, where the lesions are."""
    ct = Volume.from_spacing(ramp(16, 12, 6), (0.8, 0.7, 2.5), (-30, 12.5, 100))
    write_ct_series(ct, tmp_path / "ct", uid_seed="dcmqi")
    study = read_ct(tmp_path / "ct")
    path, ids = segment(study)
    program = Path(sys.executable).with_name("segimage2itkimage")
    options = ["--outputType", "nifti", "--outputDirectory", str(tmp_path), "--prefix", "read"]
    subprocess.run([program, "--inputDICOM", path, *options], capture_output=True, check=True)
    for number in (1, 2):
        image: Any = nib.load(tmp_path / f"read-{number}.nii.gz")
        # NIfTI is RAS, the patient LPS.
        grid = Volume(np.asarray(image.dataobj), np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine)
        found = grid.lps_mm(np.argwhere(grid.array > 0))
        wanted = study.volume.lps_mm(np.argwhere(ids == number))
        assert len(found) == len(wanted) == 8
        distances = np.linalg.norm(wanted[:, None] - found[None], axis=2)
        assert distances.min(axis=1).max() < 0.01


@pytest.mark.realdata
def test_a_real_series_with_faults_of_its_own(
    shared_data: Path, segment: Any, errors_of_dciodvfy: Any
) -> None:
    """STS_046: Study ID is too long and Laterality is missing; nothing else may be wrong."""
    folder = shared_data / "sts_dicom" / "STS_046"
    study = read_ct(folder)
    path, ids = segment(study)
    ours = set(errors_of_dciodvfy(path))
    assert ours <= set(errors_of_dciodvfy(next((folder / "CT" / "image").glob("*.dcm"))))
    assert any("Study ID" in error for error in ours)
    assert_same_place(path, ids, study.volume)
