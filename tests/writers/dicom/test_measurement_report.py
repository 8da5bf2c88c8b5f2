"""The SR: groups, figures, references; valid, reproducible, readable by others."""

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom import Dataset

from calciscope.errors import OutputError
from calciscope.writers.dicom.measurement_report import write_measurement_report
from calciscope.writers.dicom.segmentation_object import (
    write_lesion_segmentation,
    write_segmentation,
)

NOW = datetime(2026, 1, 2, 3, 4, 5)
TRACKING_UID, TRACKING_NAME = "112040", "112039"
SITE, SIDE, MODIFIER = "363698007", "272741003", "106233006"


def write(folder: Path, case: Any) -> Dataset:
    """SEG by compartment, SEG lesion by lesion where there is one, and their SR."""
    study, lesions, findings, tissues = case
    compartments = write_segmentation(
        folder / "segmentation.dcm", study, lesions, findings, tissues=tissues, created=NOW
    )
    by_lesion = None
    if findings.ct.lesions:
        by_lesion = write_lesion_segmentation(
            folder / "lesions.dcm", study, lesions, findings, created=NOW
        )
    path = folder / "measurements.dcm"
    write_measurement_report(path, study, findings, compartments, by_lesion, created=NOW)
    return pydicom.dcmread(path)


def concept(item: Dataset) -> str:
    code = item.ConceptNameCodeSequence[0]
    return str(code.get("CodeValue") or code.get("LongCodeValue"))


def children(item: Dataset, value: str) -> list[Dataset]:
    return [child for child in item.ContentSequence if concept(child) == value]


def groups(report: Dataset) -> dict[str, Dataset]:
    """Measurement groups (125007) by their tracking identifier."""
    measurements = children(report, "126010")[0]
    found = children(measurements, "125007")
    return {str(children(group, TRACKING_NAME)[0].TextValue): group for group in found}


def figures(group: Dataset) -> dict[str, float]:
    """Numbers of a group by concept, with the derivation where there is one."""
    result = {}
    for item in group.ContentSequence:
        if item.ValueType == "NUM":
            how = children(item, "121401") if "ContentSequence" in item else []
            name = concept(item) + "".join(
                f"/{derived.ConceptCodeSequence[0].CodeValue}" for derived in how
            )
            result[name] = float(item.MeasuredValueSequence[0].NumericValue)
    return result


def test_one_group_for_each_lesion_each_compartment_and_all(
    tmp_path: Path, two_lesions: Any
) -> None:
    report = write(tmp_path, two_lesions())
    assert list(groups(report)) == [
        "All lesions",
        "Calcification, muscle",
        "Calcification, subcutaneous",
        "Lesion 1",
        "Lesion 2",
    ]


def test_figures_are_those_of_the_findings(tmp_path: Path, two_lesions: Any) -> None:
    found = groups(write(tmp_path, two_lesions()))
    assert figures(found["Lesion 1"]) == {
        "118565006": 100.0,
        "VOLUME_PV": 80.0,
        "HA_MASS": 20.0,
        "HA_MASS_SD": 2.5,
        "122661": 7.98,  # 0.399 x 20
        "112058": 12.5,
        "112031/373098007": 250.0,  # mean
        "112031/56851009": 480.0,  # maximum
        "103339001": 10.0,
        "103340004": 4.0,
        "DISTANCE_SKIN": 14.0,
        "DISTANCE_BONE": 9.0,
        "ANGLE_BONE": 5.0,
        "122157": 0.97,
    }
    assert "ANGLE_BONE" not in figures(found["Lesion 2"])  # could not be measured
    # 100 + 7.25 = 107.25, written with one decimal; 80 + 6.5; 20 + 1.25.
    total = figures(found["All lesions"])
    assert total["111038"] == 2
    assert total["118565006"] == pytest.approx(107.25, abs=0.051)
    assert (total["VOLUME_PV"], total["HA_MASS"]) == (86.5, 21.25)
    assert figures(found["Calcification, muscle"])["HA_MASS"] == 20.0


def test_sites_carry_side_and_level(tmp_path: Path, two_lesions: Any) -> None:
    found = groups(write(tmp_path, two_lesions()))

    def sites(group: Dataset) -> list[tuple[str, ...]]:
        return [
            (
                item.ConceptCodeSequence[0].CodeValue,
                *(child.ConceptCodeSequence[0].CodeValue for child in item.ContentSequence),
            )
            for item in children(group, SITE)
        ]

    left, right, distal = "7771000", "24028007", "46053002"
    assert sites(found["Lesion 1"]) == [("127954009", left), ("30021000", left, distal)]
    assert sites(found["Lesion 2"]) == [("71966008", right)]  # its region is not known


def test_the_pattern_is_told_where_it_is_known(tmp_path: Path, two_lesions: Any) -> None:
    found = groups(write(tmp_path, two_lesions()))
    (pattern,) = children(found["Lesion 1"], "PATTERN")
    assert pattern.ConceptCodeSequence[0].CodeMeaning == "linear"
    assert children(found["Lesion 2"], "PATTERN") == []


def test_tracking_uids_are_those_of_the_segments(tmp_path: Path, two_lesions: Any) -> None:
    found = groups(write(tmp_path, two_lesions()))
    for name in ("segmentation", "lesions"):
        segmentation = pydicom.dcmread(tmp_path / f"{name}.dcm")
        for segment in segmentation.SegmentSequence:
            if segment.SegmentLabel == "Vascular calcification":
                assert segment.SegmentLabel not in found  # marked, but not measured
                continue
            group = found[segment.SegmentLabel]
            assert segment.TrackingUID == children(group, TRACKING_UID)[0].UID
            reference = children(group, "121191")[0].ReferencedSOPSequence[0]
            assert reference.ReferencedSOPInstanceUID == segmentation.SOPInstanceUID
            assert reference.ReferencedSegmentNumber == segment.SegmentNumber


def test_a_lesion_has_a_segment_of_its_own_voxels(tmp_path: Path, two_lesions: Any) -> None:
    import highdicom as hd
    import numpy as np

    study, lesions, *_ = made = two_lesions()
    write(tmp_path, made)
    volume = hd.seg.segread(tmp_path / "lesions.dcm").get_volume(combine_segments=True)
    for number in (1, 2):
        indices = np.argwhere(volume.array == number)
        found = indices @ volume.affine[:3, :3].T + volume.affine[:3, 3]
        expected = study.volume.lps_mm(np.argwhere(lesions.array == number))
        order = np.lexsort(np.round(found, 2).T), np.lexsort(np.round(expected, 2).T)
        assert np.allclose(found[order[0]], expected[order[1]], atol=0.01)
    # The box of both lesions: columns 1 to 5, rows 1 to 2, and three drawn slices.
    dataset = pydicom.dcmread(tmp_path / "lesions.dcm")
    assert (dataset.Columns, dataset.Rows, dataset.NumberOfFrames) == (5, 2, 3)


def test_nothing_found_is_a_total_of_zero(
    tmp_path: Path, two_lesions: Any, make_findings: Any, errors_of_dciodvfy: Any
) -> None:
    study, lesions, _, tissues = two_lesions()
    empty = lesions.with_array(lesions.array * 0)
    found = groups(write(tmp_path, (study, empty, make_findings(), tissues)))
    assert list(found) == ["All lesions"]
    assert set(figures(found["All lesions"]).values()) == {0.0}
    assert errors_of_dciodvfy(tmp_path / "measurements.dcm") == []


def test_valid(tmp_path: Path, two_lesions: Any, errors_of_dciodvfy: Any) -> None:
    write(tmp_path, two_lesions())
    for name in ("segmentation", "lesions", "measurements"):
        assert errors_of_dciodvfy(tmp_path / f"{name}.dcm") == [], name


def test_the_same_analysis_gives_the_same_bytes_a_corrected_one_a_new_object(
    tmp_path: Path, two_lesions: Any, make_findings: Any
) -> None:
    write(tmp_path / "one", two_lesions())
    write(tmp_path / "two", two_lesions())
    one, two = (tmp_path / name / "measurements.dcm" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()

    study, lesions, findings, tissues = two_lesions()
    from dataclasses import replace

    first, second = findings.ct.lesions
    corrected = make_findings([replace(first, ha_mass_mg=21.0), second])
    report = write(tmp_path / "three", (study, lesions, corrected, tissues))
    assert report.SOPInstanceUID != pydicom.dcmread(one).SOPInstanceUID
    # The masks are the same, and so are the objects that hold them.
    masks = [(tmp_path / name / "lesions.dcm").read_bytes() for name in ("one", "three")]
    assert masks[0] == masks[1]


def test_patient_and_evidence(tmp_path: Path, two_lesions: Any) -> None:
    study, *_ = made = two_lesions()
    report = write(tmp_path, made)
    assert (report.PatientID, str(report.PatientName)) == ("P1", "Doe^Jane")
    assert (report.StudyInstanceUID, report.Modality) == ("1.2.3", "SR")
    assert "not a diagnosis" in report.SeriesDescription
    assert len(report.SeriesDescription) <= 64
    referenced = {
        str(instance.ReferencedSOPInstanceUID)
        for sequence in ("CurrentRequestedProcedureEvidenceSequence",)
        for item in report[sequence]
        for series in item.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    }
    written = {
        pydicom.dcmread(tmp_path / f"{n}.dcm").SOPInstanceUID for n in ("segmentation", "lesions")
    }
    assert written <= referenced
    assert {str(instance.SOPInstanceUID) for instance in study.instances} <= {
        str(instance.ReferencedSOPInstanceUID)
        for sequence in (
            "CurrentRequestedProcedureEvidenceSequence",
            "PertinentOtherEvidenceSequence",
        )
        for item in report.get(sequence, ())
        for series in item.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    }


def test_nifti_input_is_refused(tmp_path: Path, two_lesions: Any) -> None:
    with pytest.raises(OutputError, match="is not DICOM"):
        write(tmp_path, two_lesions(dicom=False))
    assert list(tmp_path.iterdir()) == []


def test_dcmqi_reads_the_figures(tmp_path: Path, two_lesions: Any) -> None:
    """A reader written by others finds the same lesions, sides and values."""
    write(tmp_path, two_lesions())
    program = Path(sys.executable).with_name("tid1500reader")
    output = tmp_path / "measurements.json"
    subprocess.run(
        [program, "--inputDICOM", tmp_path / "measurements.dcm", "--outputMetadata", output],
        capture_output=True,
        check=True,
    )
    read = {
        group["TrackingIdentifier"]: group
        for group in json.loads(output.read_text(encoding="utf-8"))["Measurements"]
    }
    assert len(read) == 5
    values = {
        item["quantity"]["CodeValue"]: float(item["value"])
        for item in read["Lesion 1"]["measurementItems"]
        if item["quantity"]["CodeValue"] != "112031"
    }
    assert (values["118565006"], values["VOLUME_PV"], values["HA_MASS"]) == (100.0, 80.0, 20.0)
    lesions = pydicom.dcmread(tmp_path / "lesions.dcm")
    assert read["Lesion 2"]["segmentationSOPInstanceUID"] == lesions.SOPInstanceUID
    assert read["Lesion 2"]["ReferencedSegment"] == 2
    assert read["Lesion 2"]["TrackingUniqueIdentifier"] == lesions.SegmentSequence[1].TrackingUID


@pytest.mark.skipif(
    shutil.which("DicomSRValidator") is None, reason="needs the Debian package pixelmed-apps"
)
def test_the_template_validator_finds_no_error(tmp_path: Path, two_lesions: Any) -> None:
    """PixelMed's validator of TID 1500; it takes every group for TID 1411."""
    write(tmp_path, two_lesions())
    limits = "-Djdk.xml.xpathExprOpLimit=0 -Djdk.xml.xpathTotalOpLimit=0"
    done = subprocess.run(
        ["DicomSRValidator", tmp_path / "measurements.dcm"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "JAVA_TOOL_OPTIONS": f"{limits} -Djdk.xml.xpathExprGrpLimit=0"},
    )
    output = done.stdout + done.stderr
    assert "Found Root Template TID_1500" in output
    errors = [line for line in output.splitlines() if line.startswith("Error")]
    # The sum of all lesions is a TID 1501 group, which has no segment.
    assert all("within 1.8.1:" in line and "Missing conditional" in line for line in errors)
    assert len(errors) == 3
