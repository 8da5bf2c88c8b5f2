"""The DICOM results of the case report's phantom, read back by programs of others."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest

pytestmark = pytest.mark.slow

TwinRun = tuple[Path, dict[str, Any]]


def run(program: str, *arguments: str | Path) -> None:
    """A program that is installed beside Python."""
    path = Path(sys.executable).with_name(program)
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_object_is_there_and_valid(twin_run: TwinRun, errors_of_dciodvfy: Any) -> None:
    paths = sorted((twin_run[0] / "out" / "dicom").glob("*.dcm"))
    pictures = [path.stem for path in paths if path.stem.startswith("picture_")]
    names = ["hot_spots", "lesions", "measurements", *pictures, "report", "segmentation"]
    assert len(pictures) >= 7
    assert [path.stem for path in paths] == names
    for path in paths:
        assert errors_of_dciodvfy(path) == [], path.name
    source = pydicom.dcmread(next((twin_run[0] / "study").glob("*.dcm")), stop_before_pixels=True)
    assert {pydicom.dcmread(path).StudyInstanceUID for path in paths} == {source.StudyInstanceUID}


def test_the_pdf_in_dicom_is_the_report(twin_run: TwinRun) -> None:
    out = twin_run[0] / "out"
    document = pydicom.dcmread(out / "dicom" / "report.dcm")
    pdf = document.EncapsulatedDocument[: document.EncapsulatedDocumentLength]
    assert pdf == (out / "report.pdf").read_bytes()


def test_dcmqi_reads_the_same_voxels(twin_run: TwinRun, tmp_path: Path) -> None:
    """Every lesion, drawn from the SEG by others, lies where the NIfTI file has it."""
    out = twin_run[0] / "out"
    target: Any = nib.load(out / "calcification_lesions.nii.gz")
    wanted = np.asarray(target.dataobj)
    found = np.zeros_like(wanted)
    seg = out / "dicom" / "lesions.dcm"
    options = ["--outputType", "nifti", "--mergeSegments", "--outputDirectory", str(tmp_path)]
    run("segimage2itkimage", "--inputDICOM", seg, *options, "--prefix", "lesions")
    for path in sorted(tmp_path.glob("lesions-*.nii.gz")):
        image: Any = nib.load(path)
        array = np.asarray(image.dataobj)
        indices = np.argwhere(array > 0)
        to_target = np.linalg.inv(target.affine) @ image.affine
        places = indices @ to_target[:3, :3].T + to_target[:3, 3]
        assert np.abs(places - np.round(places)).max() < 0.01
        found[tuple(np.round(places).astype(int).T)] = array[tuple(indices.T)]
    assert np.array_equal(found, wanted)


def test_dcmqi_reads_the_same_figures(twin_run: TwinRun, tmp_path: Path) -> None:
    out, findings = twin_run[0] / "out", twin_run[1]
    read = tmp_path / "measurements.json"
    report = out / "dicom" / "measurements.dcm"
    run("tid1500reader", "--inputDICOM", report, "--outputMetadata", read)
    groups = json.loads(read.read_text(encoding="utf-8"))["Measurements"]
    by_name = {group["TrackingIdentifier"]: group for group in groups}

    def value(group: str, code: str) -> float:
        items = by_name[group]["measurementItems"]
        return float(next(i["value"] for i in items if i["quantity"]["CodeValue"] == code))

    lesions = findings["ct"]["lesions"]
    segments = pydicom.dcmread(out / "dicom" / "lesions.dcm").SegmentSequence
    assert len(lesions) == len(segments)
    for lesion, segment in zip(lesions, segments, strict=True):
        name = f"Lesion {lesion['id']}"
        assert value(name, "HA_MASS") == lesion["ha_mass_mg"]
        assert value(name, "118565006") == lesion["volume_mm3"]
        assert value(name, "103339001") == lesion["longest_diameter_mm"]
        assert by_name[name]["TrackingUniqueIdentifier"] == segment.TrackingUID
    total = findings["ct"]["burden"]["total"]
    assert value("All lesions", "111038") == total["count"]
    assert value("All lesions", "HA_MASS") == total["ha_mass_mg"]
