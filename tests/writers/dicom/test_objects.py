"""All DICOM objects of a study: complete, valid, reproducible, accepted by an archive."""

from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import Dataset

from calciscope.errors import OutputError
from calciscope.writers.capture_pages import CapturePage
from calciscope.writers.dicom.objects import ReportPages, write_dicom_objects
from calciscope.writers.pictures import CORONAL

NOW = datetime(2026, 1, 2, 3, 4, 5)
PDF = b"%PDF-1.4\n%%EOF\n"  # 15 bytes: an odd number


def png(color: tuple[int, int, int]) -> bytes:
    stream = BytesIO()
    Image.new("RGB", (4, 3), color).save(stream, format="PNG")
    return stream.getvalue()


PAGES = ReportPages(
    PDF,
    (
        CapturePage("Summary", png((10, 20, 30))),
        CapturePage("Coronal", png((1, 2, 3)), CORONAL),
    ),
)


def write(folder: Path, case: Any, **changes: Any) -> dict[str, Dataset]:
    study, lesions, findings, tissues = case
    changes = {"created": NOW, **changes}
    write_dicom_objects(folder, study, lesions, tissues, findings, PAGES, **changes)
    return {path.stem: pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))}


def test_every_object_is_there_and_valid(
    tmp_path: Path, two_lesions: Any, errors_of_dciodvfy: Any
) -> None:
    objects = write(tmp_path, two_lesions())
    assert list(objects) == [
        "lesions",
        "measurements",
        "picture_01",
        "picture_02",
        "report",
        "segmentation",
    ]
    for name in objects:
        assert errors_of_dciodvfy(tmp_path / f"{name}.dcm") == [], name


def test_all_belong_to_the_study_and_say_what_they_are(tmp_path: Path, two_lesions: Any) -> None:
    objects = write(tmp_path, two_lesions())
    for dataset in objects.values():
        assert (dataset.StudyInstanceUID, dataset.PatientID) == ("1.2.3", "P1")
        assert dataset.SeriesInstanceUID != "1.2.3.4"
        assert "not a diagnosis" in dataset.SeriesDescription
        assert len(dataset.SeriesDescription) <= 64
        assert (dataset.ContentDate, dataset.ContentTime) == ("20260102", "030405")
    # One series for each kind; the pictures share theirs.
    assert len({d.SeriesInstanceUID for d in objects.values()}) == 5
    assert len({d.SeriesNumber for d in objects.values()}) == 5
    assert len({d.SOPInstanceUID for d in objects.values()}) == 6


def test_the_pdf_comes_out_as_it_went_in(tmp_path: Path, two_lesions: Any) -> None:
    study, *_ = made = two_lesions()
    document = write(tmp_path, made)["report"]
    assert document.EncapsulatedDocumentLength == 15
    assert document.EncapsulatedDocument[:15] == PDF
    assert len(document.EncapsulatedDocument) == 16
    assert document.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert [i.ReferencedSOPInstanceUID for i in document.SourceInstanceSequence] == [
        i.SOPInstanceUID for i in study.instances
    ]


def test_pictures_come_out_as_they_went_in(tmp_path: Path, two_lesions: Any) -> None:
    objects = write(tmp_path, two_lesions())
    summary, coronal = objects["picture_01"], objects["picture_02"]
    assert np.array_equal(summary.pixel_array, np.full((3, 4, 3), (10, 20, 30)))
    assert np.array_equal(coronal.pixel_array, np.full((3, 4, 3), (1, 2, 3)))
    assert not summary.PatientOrientation  # text has no direction
    # Columns grow to the patient's left, rows to the feet: right side of the patient at the left.
    assert list(coronal.PatientOrientation) == ["L", "F"]
    assert [d.InstanceNumber for d in (summary, coronal)] == [1, 2]


def test_a_second_run_gives_the_same_objects(tmp_path: Path, two_lesions: Any) -> None:
    """The same UIDs at another time, with other timings; the same bytes at the same time."""
    study, lesions, findings, tissues = case = two_lesions()
    first = write(tmp_path / "1", case)
    provenance = replace(findings.provenance, times_s={"read": 9.0}, peak_ram_mb=1.0)
    again = (study, lesions, replace(findings, provenance=provenance), tissues)
    later = write(tmp_path / "2", again, created=datetime(2027, 1, 1))
    assert {n: d.SOPInstanceUID for n, d in first.items()} == {
        n: d.SOPInstanceUID for n, d in later.items()
    }
    write(tmp_path / "3", again)
    for name in first:
        one, three = (tmp_path / number / f"{name}.dcm" for number in "13")
        assert one.read_bytes() == three.read_bytes(), name


def test_a_corrected_run_is_a_new_revision(
    tmp_path: Path, two_lesions: Any, make_findings: Any
) -> None:
    study, lesions, findings, tissues = case = two_lesions()
    first = write(tmp_path / "1", case)
    one, two = findings.ct.lesions
    corrected = make_findings([one, replace(two, ha_mass_mg=2.0)])
    second = write(tmp_path / "2", (study, lesions, corrected, tissues))
    changed = {n for n in first if first[n].SOPInstanceUID != second[n].SOPInstanceUID}
    assert changed == {"measurements", "report", "picture_01", "picture_02"}


def test_a_label_map_on_request(tmp_path: Path, two_lesions: Any, errors_of_dciodvfy: Any) -> None:
    _, lesions, *_ = made = two_lesions()
    binary = write(tmp_path / "b", made)["segmentation"]
    labelmap = write(tmp_path / "l", made, labelmap=True)["segmentation"]
    assert (binary.SegmentationType, labelmap.SegmentationType) == ("BINARY", "LABELMAP")
    assert labelmap.SOPClassUID == "1.2.840.10008.5.1.4.1.1.66.7"
    assert labelmap.SOPInstanceUID != binary.SOPInstanceUID
    assert errors_of_dciodvfy(tmp_path / "l" / "segmentation.dcm") == []
    frames = labelmap.pixel_array  # those with a lesion: slices 0, 3, 4, rows first
    assert np.count_nonzero(frames) == np.count_nonzero(lesions.array) + 1  # and the vessel
    assert set(np.unique(frames)) == {0, 1, 2, 3}


def test_nothing_found_leaves_no_lesion_object(
    tmp_path: Path, two_lesions: Any, make_findings: Any
) -> None:
    study, lesions, _, tissues = two_lesions()
    empty = lesions.with_array(lesions.array * 0)
    objects = write(tmp_path, (study, empty, make_findings(), tissues))
    assert "lesions" not in objects
    assert {"segmentation", "measurements", "report"} <= set(objects)


def test_nifti_input_is_refused(tmp_path: Path, two_lesions: Any) -> None:
    with pytest.raises(OutputError, match="is not DICOM"):
        write(tmp_path, two_lesions(dicom=False))
    assert list(tmp_path.iterdir()) == []
