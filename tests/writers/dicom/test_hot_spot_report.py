"""Hot spots in the SR: figures with their units, sites, concordance, references; all validators."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom import Dataset
from pydicom.sr.codedict import codes

from calciscope.spect.findings import ConcordanceClass
from calciscope.writers.dicom.hot_spot_codes import CONCORDANCES, HOT_SPOT_QUANTITIES
from calciscope.writers.dicom.objects import ReportPages, write_dicom_objects

NOW = datetime(2026, 1, 2, 3, 4, 5)
REPORT = "measurements.dcm"


def write(folder: Path, case: Any) -> Dataset:
    study, lesions, findings, tissues, spect = case
    write_dicom_objects(
        folder, study, lesions, tissues, findings, ReportPages(b"%PDF", ()), created=NOW,
        spect=spect,
    )  # fmt: skip
    return pydicom.dcmread(folder / REPORT)


def concept(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue)


def children(item: Dataset, value: str) -> list[Dataset]:
    return [child for child in item.get("ContentSequence", ()) if concept(child) == value]


def groups(report: Dataset) -> dict[str, Dataset]:
    """Measurement groups (125007) by their tracking identifier."""
    measurements = children(report, "126010")[0]
    found = children(measurements, "125007")
    return {str(children(group, "112039")[0].TextValue): group for group in found}


def figures(group: Dataset) -> dict[str, tuple[float, str]]:
    """Numbers with their units, by concept and its modifiers (method, derivation)."""
    result = {}
    for item in group.ContentSequence:
        if item.ValueType == "NUM":
            how = [*children(item, "370129005"), *children(item, "121401")]
            name = "/".join([concept(item), *(h.ConceptCodeSequence[0].CodeValue for h in how)])
            measured = item.MeasuredValueSequence[0]
            unit = measured.MeasurementUnitsCodeSequence[0]
            assert unit.CodingSchemeDesignator == "UCUM"
            result[name] = (float(measured.NumericValue), str(unit.CodeValue))
    return result


def said(group: Dataset, name: str) -> list[str]:
    return [str(item.ConceptCodeSequence[0].CodeValue) for item in children(group, name)]


def test_groups_of_hot_spots_follow_those_of_lesions(tmp_path: Path, with_spect: Any) -> None:
    assert list(groups(write(tmp_path, with_spect()))) == [
        "All lesions",
        "Calcification, muscle",
        "Calcification, subcutaneous",
        "Lesion 1",
        "Lesion 2",
        "All hot spots",
        "Hot spot 1",
        "Hot spot 2",
    ]


def test_figures_and_units(tmp_path: Path, with_spect: Any) -> None:
    found = groups(write(tmp_path, with_spect()))
    suv = "g/ml{SUVbw}"
    assert figures(found["Hot spot 1"]) == {
        "118565006/126030": (4.25, "ml"),
        "126401/126410/56851009": (5.5, suv),  # maximum
        "126401/126410/373098007": (3.25, suv),  # mean
        "126401/126410/126031": (4.75, suv),  # peak
        "TOTAL_UPTAKE": (13.81, "g"),  # 3.25 x 4.25 = 13.8125
        "126039/TO_CONTRALATERAL": (6.5, "{ratio}"),
        "126039/TO_MUSCLE": (8.25, "{ratio}"),
        "126039/TO_BONE": (3.5, "{ratio}"),
        "103339001": (31.5, "mm"),
        "ANGLE_BONE": (12.5, "deg"),
        "122157": (0.93, "1"),
    }
    knee = figures(found["Hot spot 2"])
    assert knee["126039/TO_MUSCLE"] == (4.5, "{ratio}")
    assert "126039/TO_BONE" not in knee  # not in view
    assert figures(found["All hot spots"]) == {
        "NUMBER_HOT_SPOTS": (2.0, "1"),
        "NUMBER_EXPECTED": (1.0, "1"),
        "126401/126410/56851009": (5.5, suv),  # the knee's uptake is expected
        "TOTAL_UPTAKE": (13.81, "g"),
    }


def test_ratios_say_what_they_are_to() -> None:
    """Bone may be a shaft, or any bone of a chest."""
    ratio = codes.DCM.LesionToBackgroundSUVRatio
    methods = [q.method.meaning for q in HOT_SPOT_QUANTITIES if q.name == ratio and q.method]
    assert methods == [
        "Maximum / mean of the same place of the other side",
        "Maximum / mean of muscle",
        "Maximum / mean of bone (shaft where in view)",
    ]


def test_without_suv_there_are_ratios_alone(tmp_path: Path, with_spect: Any) -> None:
    _, _, findings, _, _ = made = with_spect(suv_refused="The weight is missing.")
    none = {
        "suv_max": None,
        "suv_mean": None,
        "suv_peak": None,
        "total_uptake_suv_ml": None,
    }
    spots = tuple(replace(spot, **none) for spot in findings.spect.hot_spots)
    sums = replace(findings.spect.summary, suv_max=None, total_uptake_suv_ml=None)
    refused = replace(findings, spect=replace(findings.spect, hot_spots=spots, summary=sums))
    found = groups(write(tmp_path, (made[0], made[1], refused, *made[3:])))
    names = {name.split("/")[0] for name in figures(found["Hot spot 1"])}
    assert names == {"118565006", "126039", "103339001", "ANGLE_BONE", "122157"}
    assert set(figures(found["All hot spots"])) == {"NUMBER_HOT_SPOTS", "NUMBER_EXPECTED"}
    assert said(found["All hot spots"], "SUV_COMPUTED") == ["373067005"]  # no


def test_sites_sides_and_what_is_said(tmp_path: Path, with_spect: Any) -> None:
    found = groups(write(tmp_path, with_spect()))

    def sites(name: str) -> list[tuple[str, ...]]:
        return [
            (
                item.ConceptCodeSequence[0].CodeValue,
                *(child.ConceptCodeSequence[0].CodeValue for child in item.ContentSequence),
            )
            for item in children(found[name], "363698007")
        ]

    left, right, distal = "7771000", "24028007", "46053002"
    assert sites("Hot spot 1") == [("127954009", left), ("30021000", left, distal)]
    assert sites("Hot spot 2") == [("39352004", right), ("72696002", right)]
    yes, no = "373066001", "373067005"
    assert said(found["Hot spot 1"], "PHYSIOLOGIC") == [no]
    assert said(found["Hot spot 2"], "PHYSIOLOGIC") == [yes]
    assert said(found["Hot spot 2"], "RUNNER_UP") == ["272673000"]
    assert said(found["All hot spots"], "SUV_COMPUTED") == [yes]


def test_concordance_is_said_of_lesions_and_hot_spots(tmp_path: Path, with_spect: Any) -> None:
    found = groups(write(tmp_path, with_spect()))
    assert said(found["Lesion 1"], "CONCORDANCE") == ["CALCIFIED_HOT"]
    assert said(found["Hot spot 1"], "CONCORDANCE") == ["CALCIFIED_HOT"]
    assert said(found["Lesion 2"], "CONCORDANCE") == ["CALCIFIED_COLD"]
    assert said(found["Hot spot 2"], "CONCORDANCE") == []  # it is in no row
    assert set(CONCORDANCES) == set(ConcordanceClass)
    assert all(len(code.value) <= 16 for code in CONCORDANCES.values())  # SH


def test_groups_refer_to_segments_and_to_the_nm_image(tmp_path: Path, with_spect: Any) -> None:
    made = with_spect()
    report = write(tmp_path, made)
    found = groups(report)
    segmentation = pydicom.dcmread(tmp_path / "hot_spots.dcm")
    (header,) = made[4].study.instances
    for segment in segmentation.SegmentSequence:
        group = found[segment.SegmentLabel]
        assert segment.TrackingUID == children(group, "112040")[0].UID
        reference = children(group, "121191")[0].ReferencedSOPSequence[0]
        assert reference.ReferencedSOPInstanceUID == segmentation.SOPInstanceUID
        assert reference.ReferencedSegmentNumber == segment.SegmentNumber
        image = children(group, "121233")[0].ReferencedSOPSequence[0]
        assert image.ReferencedSOPInstanceUID == header.SOPInstanceUID
        assert image.ReferencedSOPClassUID == header.SOPClassUID
    evidence = {
        str(instance.ReferencedSOPInstanceUID)
        for item in report.CurrentRequestedProcedureEvidenceSequence
        for series in item.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    }
    assert {header.SOPInstanceUID, segmentation.SOPInstanceUID} <= evidence
    assert [code.CodeValue for code in report.PerformedProcedureCodeSequence][1:] == ["105371005"]
    document = pydicom.dcmread(tmp_path / "report.dcm")
    sources = [item.ReferencedSOPInstanceUID for item in document.SourceInstanceSequence]
    assert sources[-1] == header.SOPInstanceUID


def test_a_spect_of_another_study_is_pertinent_evidence(
    tmp_path: Path, with_spect: Any, errors_of_dciodvfy: Any
) -> None:
    report = write(tmp_path, with_spect(study_uid="1.2.99"))
    (other,) = report.PertinentOtherEvidenceSequence
    assert other.StudyInstanceUID == "1.2.99"
    assert len(other.ReferencedSeriesSequence) == 2  # the NM and the SEG of its hot spots
    assert errors_of_dciodvfy(tmp_path / REPORT) == []


def test_no_hot_spot_is_a_total_of_zero(
    tmp_path: Path, with_spect: Any, errors_of_dciodvfy: Any
) -> None:
    report = write(tmp_path, with_spect(spots=()))
    assert not (tmp_path / "hot_spots.dcm").exists()
    found = groups(report)
    assert list(found)[-1] == "All hot spots"
    assert figures(found["All hot spots"])["NUMBER_HOT_SPOTS"] == (0.0, "1")
    assert errors_of_dciodvfy(tmp_path / REPORT) == []


def test_all_objects_are_valid_and_repeat(
    tmp_path: Path, with_spect: Any, errors_of_dciodvfy: Any
) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    write(one, with_spect())
    write(two, with_spect())
    names = sorted(path.name for path in one.glob("*.dcm"))
    assert names == ["hot_spots.dcm", "lesions.dcm", REPORT, "report.dcm", "segmentation.dcm"]
    for name in names:
        assert errors_of_dciodvfy(one / name) == [], name
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_other_activity_is_a_new_report_and_the_same_lesions(
    tmp_path: Path, with_spect: Any
) -> None:
    _, _, findings, _, _ = made = with_spect()
    first = write(tmp_path / "1", made)
    hotter = replace(findings.spect.hot_spots[0], suv_max=6.0)
    spots = (hotter, *findings.spect.hot_spots[1:])
    changed = replace(findings, spect=replace(findings.spect, hot_spots=spots))
    second = write(tmp_path / "2", (made[0], made[1], changed, *made[3:]))
    assert first.SOPInstanceUID != second.SOPInstanceUID
    for name in ("lesions.dcm", "segmentation.dcm", "hot_spots.dcm"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_nifti_beside_a_ct_is_reported_in_the_study_of_the_ct(
    tmp_path: Path, with_spect: Any, errors_of_dciodvfy: Any
) -> None:
    report = write(tmp_path, with_spect(dicom=False))
    group = groups(report)["Hot spot 1"]
    assert [item.UID for item in children(group, "121232")] == ["1.2.3.4"]  # the CT series
    assert children(group, "121233") == []
    for path in tmp_path.glob("*.dcm"):
        assert errors_of_dciodvfy(path) == [], path.name


def test_dcmqi_reads_the_figures(tmp_path: Path, with_spect: Any) -> None:
    """A reader written by others finds the same hot spots, units and segments."""
    write(tmp_path, with_spect())
    program = Path(sys.executable).with_name("tid1500reader")
    output = tmp_path / "measurements.json"
    subprocess.run(
        [program, "--inputDICOM", tmp_path / REPORT, "--outputMetadata", output],
        capture_output=True,
        check=True,
    )
    read = {
        group["TrackingIdentifier"]: group
        for group in json.loads(output.read_text(encoding="utf-8"))["Measurements"]
    }
    values = [
        (item["quantity"]["CodeMeaning"], float(item["value"]), item["units"]["CodeValue"])
        for item in read["Hot spot 1"]["measurementItems"]
    ]
    assert ("SUVbw", 4.75, "g/ml{SUVbw}") in values
    assert ("Lesion to Background SUV Ratio", 8.25, "{ratio}") in values
    segmentation = pydicom.dcmread(tmp_path / "hot_spots.dcm")
    assert read["Hot spot 2"]["segmentationSOPInstanceUID"] == segmentation.SOPInstanceUID
    assert read["Hot spot 2"]["ReferencedSegment"] == 2


@pytest.mark.skipif(
    shutil.which("DicomSRValidator") is None, reason="needs the Debian package pixelmed-apps"
)
def test_the_template_validator_finds_no_error(tmp_path: Path, with_spect: Any) -> None:
    """PixelMed's validator of TID 1500; it takes every group for TID 1411."""
    write(tmp_path, with_spect())
    limits = "-Djdk.xml.xpathExprOpLimit=0 -Djdk.xml.xpathTotalOpLimit=0"
    done = subprocess.run(
        ["DicomSRValidator", tmp_path / REPORT],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "JAVA_TOOL_OPTIONS": f"{limits} -Djdk.xml.xpathExprGrpLimit=0"},
    )
    output = done.stdout + done.stderr
    assert "Found Root Template TID_1500" in output
    errors = [line for line in output.splitlines() if line.startswith("Error")]
    # The sums of all lesions and of all hot spots are TID 1501 groups, which have no segment.
    assert all("Missing conditional" in line for line in errors), errors
    assert {line.split("within ")[1].split(":")[0] for line in errors} == {"1.8.1", "1.8.6"}
