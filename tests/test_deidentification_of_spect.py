"""A SPECT is de-identified with its CT: both say nothing, and still belong together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from calciscope.deidentification import REMOVED, deidentified_together
from calciscope.phantom.dicom import write_ct_series
from calciscope.phantom.nm_dicom import write_nm_series
from calciscope.readers.spect_study import SpectStudy
from calciscope.readers.study import CtAcquisition, CtStudy, SeriesSummary
from calciscope.results import OutputOptions
from calciscope.volume import Volume

WHO = {
    "PatientName": "ZQXNAME^JANE",
    "PatientID": "ZQXID",
    "PatientComments": "ZQXCOMMENT",
    "ReferringPhysicianName": "ZQXDOCTOR^X",
    "InstitutionName": "ZQXHOSPITAL",
    "SeriesDescription": "ZQXSERIES",
    "StudyDate": "19990909",
}
"""Values that identify the patient or who cared for them, words and a date."""


@pytest.fixture
def with_spect(tmp_path: Path) -> tuple[CtStudy, SpectStudy]:
    """A CT and a SPECT of the same study and frame of reference that say who they are of."""
    ct = Volume.from_spacing(np.zeros((6, 5, 4), np.int16), (1.0, 1.0, 2.0))
    slices = []
    for path in write_ct_series(ct, tmp_path / "ct", uid_seed="who"):
        slices.append(pydicom.dcmread(path, stop_before_pixels=True))
        for keyword, value in WHO.items():
            setattr(slices[-1], keyword, value)
    grid = Volume.from_spacing(np.ones((8, 7, 5), np.float32), (4.8, 4.8, 5.0), (-20, -16, 3))
    path = write_nm_series(grid, tmp_path / "nm", uid_seed="who")
    header = pydicom.dcmread(path, stop_before_pixels=True)
    for keyword, value in WHO.items():
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
    study = CtStudy(Path("x"), ct, CtAcquisition(), None, (), (), tuple(slices), False)
    return study, spect


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
