"""Who the patient is stays where it belongs; de-identified results do not say it anywhere."""

import gzip
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pypdf import PdfReader

from calciscope.deidentification import REMOVED, deidentified
from calciscope.errors import InputError
from calciscope.phantom.dicom import write_ct_series
from calciscope.pipeline import analyze
from calciscope.readers import read_ct
from calciscope.readers.study import CtAcquisition, CtStudy
from calciscope.results import OutputOptions
from calciscope.volume import Volume

WHO = {
    "PatientName": "ZQXNAME^JANE",
    "PatientID": "ZQXID",
    "PatientBirthDate": "19770707",
    "OtherPatientNames": "ZQXOTHER^JANE",
    "PatientAddress": "ZQXSTREET",
    "PatientComments": "ZQXCOMMENT",
    "ReferringPhysicianName": "ZQXDOCTOR^X",
    "OperatorsName": "ZQXOPERATOR^X",
    "InstitutionName": "ZQXHOSPITAL",
    "AccessionNumber": "ZQXACC",
    "StudyID": "ZQXSTUDYID",
    "DeviceSerialNumber": "ZQXDEVICE",
}
"""Values that identify the patient or who cared for them."""

WORDS = {
    "StudyDescription": "ZQXSTUDY",
    "SeriesDescription": "ZQXSERIES",
    "ContrastBolusAgent": "ZQXAGENT",
    "StudyDate": "19990909",
    "SeriesDate": "19990909",
    "AcquisitionDate": "19990909",
    "ContentDate": "19990909",
}
"""Values that are no identifiers, but free text or a date."""

NESTED = ("ZQXREQUEST", "ZQXSTEP", "ZQXMAKER", "ZQXPRIVATE", "ZQXFOLDER")

MARKS = tuple(value.encode() for value in (*WHO.values(), *WORDS.values(), *NESTED))


@pytest.fixture(scope="module")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CT of a cylinder with a speck of mineral, whose headers say who it is of."""
    x, y = np.meshgrid(np.arange(64) - 31.5, np.arange(56) - 27.5, indexing="ij")
    hu = np.where((x**2 + y**2 < 24**2)[..., None], 50, -1000).astype(np.int16)
    hu = np.repeat(hu, 20, axis=2)
    hu[36:40, 30:34, 8:12] = 700
    folder = tmp_path_factory.mktemp("ZQXFOLDER") / "ct"
    write_ct_series(Volume.from_spacing(hu, (1.0, 1.0, 2.0)), folder, uid_seed="who")
    for path in folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        for keyword, value in (WHO | WORDS).items():
            setattr(dataset, keyword, value)
        request = Dataset()
        request.RequestedProcedureDescription = "ZQXREQUEST"
        request.ScheduledProcedureStepDescription = "ZQXSTEP"
        dataset.RequestAttributesSequence = [request]
        dataset.private_block(0x0011, "ZQXMAKER", create=True).add_new(1, "LO", "ZQXPRIVATE")
        dataset.save_as(path)
    return folder


def texts(folder: Path) -> dict[str, bytes]:
    """What each result says, unpacked."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        elif path.suffix == ".pdf":
            reader = PdfReader(path)
            pages = "".join(page.extract_text() for page in reader.pages)
            content += (pages + str(reader.metadata)).encode()
        found[path.relative_to(folder).as_posix()] = content
    return found


def saying(folder: Path, marks: tuple[bytes, ...]) -> list[str]:
    return [name for name, text in texts(folder).items() if any(mark in text for mark in marks)]


def test_without_a_request_only_dicom_results_say_who(
    study_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    analyze(study_folder, tmp_path / "out")
    who = tuple(value.encode() for value in WHO.values())
    named = saying(tmp_path / "out", who)
    assert named
    assert all(name.startswith("dicom/") for name in named)
    assert not any(value in caplog.text for value in WHO.values())


def test_reports_show_the_patient_id_on_request(study_folder: Path, tmp_path: Path) -> None:
    analyze(study_folder, tmp_path / "out", outputs=OutputOptions(show_patient=True))
    plain = [n for n in saying(tmp_path / "out", (b"ZQXID",)) if not n.startswith("dicom/")]
    assert plain == ["report.html", "report.pdf"]
    plain = [n for n in saying(tmp_path / "out", (b"ZQXNAME",)) if not n.startswith("dicom/")]
    assert plain == []


def test_deidentified_results_say_nothing(study_folder: Path, tmp_path: Path) -> None:
    assert analyze(study_folder).provenance.acquired_on == "1999-09-09"
    out = tmp_path / "out"
    findings = analyze(study_folder, out, outputs=OutputOptions(deidentify=True))
    assert saying(out, MARKS) == []
    assert saying(out, (b"1999-09-09",)) == []
    source = pydicom.dcmread(next(study_folder.glob("*.dcm")))
    uids = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
    assert saying(out, tuple(str(source[uid].value).encode() for uid in uids)) == []
    objects = [pydicom.dcmread(path) for path in sorted((out / "dicom").glob("*.dcm"))]
    assert objects
    assert {d.StudyInstanceUID for d in objects} == {objects[0].StudyInstanceUID}
    for dataset in objects:
        assert dataset.PatientIdentityRemoved == "YES"
        assert dataset.PatientID == objects[0].PatientID
        assert dataset.PatientID.startswith("ANON-")
        assert dataset.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert "contrast agent was given (agent not named)" in " ".join(findings.provenance.warnings)


def test_deidentified_objects_are_valid(
    study_folder: Path, tmp_path: Path, errors_of_dciodvfy: Any
) -> None:
    out = tmp_path / "out"
    analyze(study_folder, out, outputs=OutputOptions(deidentify=True))
    for path in sorted((out / "dicom").glob("*.dcm")):
        assert errors_of_dciodvfy(path) == [], path.name


def test_the_study_that_was_read_is_left_as_it_is(study_folder: Path) -> None:
    study = read_ct(study_folder)
    before = [str(instance) for instance in study.instances]
    one, two = deidentified(study), deidentified(study)
    assert [str(instance) for instance in study.instances] == before
    # Alike within a study, another in each run.
    assert one.series is not None and two.series is not None
    assert one.instances[0].SeriesInstanceUID == one.series.series_instance_uid
    assert len({i.SeriesInstanceUID for i in one.instances}) == 1
    assert len({i.SOPInstanceUID for i in one.instances}) == len(one.instances)
    assert one.series.series_instance_uid != two.series.series_instance_uid
    assert (one.series.description, one.source) == ("", Path("study"))


def test_what_is_nested_and_private_is_clean_too(study_folder: Path) -> None:
    for instance in deidentified(read_ct(study_folder)).instances:
        assert "ZQX" not in str(instance)


def test_messages_that_name_files_or_values_are_taken_out(study_folder: Path) -> None:
    (name,) = {path.parent.name for path in study_folder.glob("*.dcm")}
    assert name == "ct"
    file = next(study_folder.glob("*.dcm")).name
    study = replace(
        read_ct(study_folder),
        warnings=("Series 'ZQXSERIES' has 20 slices.", f"{file} is odd.", "A tilt was removed."),
    )
    assert deidentified(study).warnings == (REMOVED, REMOVED, "A tilt was removed.")


def test_names_in_folders_and_archives_are_taken_out(study_folder: Path, tmp_path: Path) -> None:
    """Folders below the given one and members of an archive bear names too."""
    inner = tmp_path / "given" / "ZQXNAME_JANE"
    shutil.copytree(study_folder, inner)
    (inner / "note.dcm").write_text("no DICOM")
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for path in inner.iterdir():
            archive.write(path, f"ZQXNAME_JANE/{path.name}")
    for source in (tmp_path / "given", tmp_path / "study.zip"):
        study = read_ct(source)
        assert any("note.dcm" in warning for warning in study.warnings)
        assert not any("ZQX" in warning for warning in deidentified(study).warnings)


def test_a_multi_frame_source_keeps_its_geometry_alone() -> None:
    """Values that the library does not know how to empty are in sequences that are not kept."""
    place, group, header = Dataset(), Dataset(), Dataset()
    place.ImagePositionPatient = [1.0, 2.0, 3.0]
    group.PlanePositionSequence = [place]
    group.FrameContentSequence = [Dataset()]
    group.FrameContentSequence[0].FrameComments = "ZQXFRAME"
    header.PerFrameFunctionalGroupsSequence = [group]
    reference = Dataset()
    reference.private_block(0x0011, "ZQXMAKER", create=True).add_new(1, "OW", b"ab")
    header.ReferencedImageSequence = [reference]
    header.SeriesInstanceUID, header.PatientID = "1.2.3", "ZQXID"
    grid = Volume.from_spacing(np.zeros((2, 2, 2), np.int16), (1.0, 1.0, 1.0))
    study = CtStudy(Path("x"), grid, CtAcquisition(), None, (), (), (header,), False)
    clean = deidentified(study).instances[0]
    assert "ZQX" not in str(clean)
    kept = clean.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    assert list(kept.ImagePositionPatient) == [1.0, 2.0, 3.0]
    assert clean.PatientID.startswith("ANON-")


def test_the_two_options_exclude_each_other() -> None:
    with pytest.raises(InputError, match="leave one option out"):
        OutputOptions(deidentify=True, show_patient=True)
