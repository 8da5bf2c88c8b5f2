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

from calciscope.deidentification import REMOVED, deidentified, deidentified_together
from calciscope.errors import InputError
from calciscope.phantom.dicom import write_ct_series
from calciscope.phantom.nm_dicom import write_nm_series
from calciscope.pipeline import analyze
from calciscope.readers import read_ct
from calciscope.readers.spect_study import SpectStudy
from calciscope.readers.study import CtAcquisition, CtStudy, SeriesSummary
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


@pytest.fixture
def with_spect(study_folder: Path, tmp_path: Path) -> tuple[CtStudy, SpectStudy]:
    """The CT with a SPECT of the same study and frame of reference, as telling as the CT."""
    grid = Volume.from_spacing(np.ones((8, 7, 5), np.float32), (4.8, 4.8, 5.0), (-20, -16, 3))
    path = write_nm_series(grid, tmp_path / "nm", uid_seed="who")
    header = pydicom.dcmread(path, stop_before_pixels=True)
    for keyword, value in (WHO | WORDS).items():
        setattr(header, keyword, value)
    header.DetectorInformationSequence[0].CollimatorGridName = "ZQXGRID"
    header.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalRoute = "ZQXROUTE"
    series = SeriesSummary(
        header.SeriesInstanceUID, 100, "ZQXSERIES", "NM", 1, header.StudyInstanceUID
    )
    spect = SpectStudy(
        source=tmp_path / "ZQXSPECT",
        volume=grid,
        units="Bq/mL",
        suv_refused="no SUV, as ZQXSPECT has no weight",
        series=series,
        left_out=(replace(series, reason="ZQXNAME^JANE is a projection"),),
        warnings=("A bed is missing.", "ZQXSPECT is odd."),
        instances=(header,),
        frame_of_reference_uid=header.FrameOfReferenceUID,
        radiopharmaceutical="Tc-99m medronate",
        reconstruction="OSEM by ZQXDOCTOR^X",
        date="1999-09-09",
    )
    return read_ct(study_folder), spect


def test_ct_and_spect_still_belong_together(with_spect: tuple[CtStudy, SpectStudy]) -> None:
    ct, spect = deidentified_together(*with_spect)
    assert spect is not None and spect.series is not None
    (nm,), slices = spect.instances, ct.instances
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID"):
        before = with_spect[1].instances[0][keyword].value
        assert nm[keyword].value == slices[0][keyword].value != before
    assert nm.SeriesInstanceUID == spect.series.series_instance_uid
    assert nm.SeriesInstanceUID == spect.left_out[0].series_instance_uid
    assert nm.FrameOfReferenceUID == spect.frame_of_reference_uid


def test_a_spect_says_nothing_either(with_spect: tuple[CtStudy, SpectStudy]) -> None:
    before = str(with_spect[1].instances[0])
    _, spect = deidentified_together(*with_spect)
    assert spect is not None
    assert str(with_spect[1].instances[0]) == before
    assert "ZQX" not in str(spect)
    assert "ZQX" not in str(spect.instances[0])
    assert spect.warnings == ("A bed is missing.", REMOVED)
    assert (spect.suv_refused, spect.reconstruction, spect.date) == (REMOVED, None, None)
    assert spect.radiopharmaceutical == "Tc-99m medronate"
    assert (spect.source, spect.left_out[0].reason) == (Path("spect"), REMOVED)


def test_a_spect_keeps_its_place(with_spect: tuple[CtStudy, SpectStudy]) -> None:
    """First voxel at (-20, -16, 3); what follows from it is the geometry of all frames."""
    _, spect = deidentified_together(*with_spect)
    assert spect is not None
    (nm,) = spect.instances
    (detector,) = nm.DetectorInformationSequence
    assert list(detector.ImagePositionPatient) == [-20.0, -16.0, 3.0]
    assert list(detector.ImageOrientationPatient) == [1, 0, 0, 0, 1, 0]
    assert (nm.SpacingBetweenSlices, nm.NumberOfFrames) == (5.0, 5)
    assert "RadiopharmaceuticalInformationSequence" not in nm


def test_the_option_goes_for_both(with_spect: tuple[CtStudy, SpectStudy]) -> None:
    ct, spect = with_spect
    plain = OutputOptions().apply_to_both(ct, spect)
    assert plain[0] is ct and plain[1] is spect
    hidden = OutputOptions(deidentify=True).apply_to_both(ct, spect)
    assert hidden[1] is not None and hidden[1].date is None
    assert OutputOptions(deidentify=True).apply_to_both(ct, None)[1] is None


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
