"""The twin's study on disk: what is read back is what was simulated."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest

from calciscope.errors import NoSpectError
from calciscope.inputs import SpectRequest, read_study
from calciscope.labs import interpret, read_labs
from calciscope.labs.values import Pattern
from calciscope.messages import messages
from calciscope.phantom.acquisition import Acquired
from calciscope.phantom.activity.maps import ActivityMap
from calciscope.phantom.twin import SOFT
from calciscope.phantom.twin_dicom import LABS, write_study
from calciscope.phantom.twin_study import HIGH_LABS, TwinStudy
from calciscope.phantom.twin_study import LABS as CASE_LABS
from calciscope.volume import Volume


def small_study(name: str = "two-bed", labs: str = CASE_LABS) -> TwinStudy:
    """A cylinder of muscle with a spot of SUV 5 on the left."""
    x, y = np.ogrid[:64, :64]
    body = (x - 32) ** 2 + (y - 32) ** 2 < 24**2
    hu = np.where(body[:, :, None], np.int16(50), np.int16(-1000)) * np.ones((1, 1, 40), np.int16)
    ct = Volume.from_spacing(hu, (2.0, 2.0, 2.5), (-63, -63, 0))
    suv = np.full((27, 27, 20), 0.5, np.float32)
    suv[20, 13, 10] = 5.0
    spect = Volume.from_spacing(suv, (4.8,) * 3, (-62.4, -62.4, 2.4))
    empty = spect.with_array(np.zeros(spect.shape, np.uint8))
    scan = Acquired(ct, ct.with_array(np.zeros(ct.shape, np.uint8)), [])
    return TwinStudy(name, scan, SOFT, ActivityMap(spect, empty, ()), spect, labs=labs)


def test_suv_and_place_survive_the_files(tmp_path: Path) -> None:
    study = small_study()
    write_study(study, tmp_path)
    ct, spect = read_study(tmp_path)
    assert spect is not None
    assert spect.units == "SUVbw"
    assert spect.suv_refused is None
    canonical = spect.volume.canonical().volume
    assert canonical.same_grid(study.spect)
    assert canonical.array == pytest.approx(study.spect.array, rel=2e-3, abs=1e-3)
    assert spect.frame_of_reference_uid == ct.instances[0].FrameOfReferenceUID
    assert spect.warnings == ()
    assert spect.radiopharmaceutical is not None
    assert ct.volume.canonical().volume.same_grid(study.scan.ct)


def test_spect_series_that_is_asked_for_is_taken_or_refused(tmp_path: Path) -> None:
    write_study(small_study(), tmp_path)
    _, spect = read_study(tmp_path)
    assert spect is not None
    assert spect.series is not None
    uid = spect.series.series_instance_uid
    _, asked = read_study(tmp_path, request=SpectRequest(series_uid=uid))
    assert asked is not None
    # One that merely cannot be used is left out; one that was asked for is not.
    with pytest.raises(NoSpectError, match=r"does not hold the nuclear medicine series 1\.2\.3"):
        read_study(tmp_path, request=SpectRequest(series_uid="1.2.3"))
    for path in tmp_path.glob("*.dcm"):
        if pydicom.dcmread(path, stop_before_pixels=True).Modality == "NM":
            path.unlink()
    with pytest.raises(NoSpectError, match="holds no SPECT at all"):
        read_study(tmp_path, request=SpectRequest(series_uid=uid))


def test_ct_and_spect_are_one_study(tmp_path: Path) -> None:
    write_study(small_study(), tmp_path)
    headers = [pydicom.dcmread(p, stop_before_pixels=True) for p in tmp_path.glob("*.dcm")]
    assert {h.Modality for h in headers} == {"CT", "NM"}
    assert len({h.StudyInstanceUID for h in headers}) == 1
    assert len({(h.StudyDate, h.StudyTime) for h in headers}) == 1
    assert len({h.SeriesInstanceUID for h in headers}) == 2
    assert {h.PatientID for h in headers} == {"CALCISCOPE-TWIN"}


def test_both_series_name_the_part_of_the_body(tmp_path: Path) -> None:
    write_study(replace(small_study("hypercalcemia"), part="chest"), tmp_path)
    headers = [pydicom.dcmread(p, stop_before_pixels=True) for p in tmp_path.glob("*.dcm")]
    named = {h.SeriesDescription for h in headers}
    assert named == {"CT chest 2.5 B30s", "SPECT chest AC SC OSEM 3x10"}


def test_a_variant_is_another_study_of_the_same_patient(tmp_path: Path) -> None:
    write_study(small_study(), tmp_path / "a")
    write_study(small_study("follow_up"), tmp_path / "b")
    first, second = (
        pydicom.dcmread(next((tmp_path / name).glob("nm*.dcm")), stop_before_pixels=True)
        for name in "ab"
    )
    assert first.PatientID == second.PatientID
    assert first.StudyInstanceUID != second.StudyInstanceUID
    assert first.FrameOfReferenceUID != second.FrameOfReferenceUID


def test_dose_and_times_are_those_of_the_camera(tmp_path: Path) -> None:
    """740 MBq three hours before noon."""
    write_study(small_study(), tmp_path)
    header = pydicom.dcmread(next(tmp_path.glob("nm*.dcm")), stop_before_pixels=True)
    agent = header.RadiopharmaceuticalInformationSequence[0]
    assert float(agent.RadionuclideTotalDose) == 740.0
    assert float(header.PatientWeight) == 72.0
    injected = datetime.strptime(agent.RadiopharmaceuticalStartTime[:6], "%H%M%S")
    assert injected.hour == 9
    assert header.AcquisitionTime.startswith("120000")


@pytest.mark.parametrize(
    ("labs", "product", "pattern"),
    [
        # 9.7 x 3.4 and 12.1 x 6.0 mg2/dL2
        (CASE_LABS, 33.0, Pattern.DYSTROPHIC),
        (HIGH_LABS, 72.6, Pattern.METASTATIC_OR_MIXED),
    ],
)
def test_laboratory_values_lie_beside_the_images(
    tmp_path: Path, labs: str, product: float, pattern: Pattern
) -> None:
    write_study(small_study(labs=labs), tmp_path)
    found = interpret(read_labs(tmp_path / LABS), messages("en"))
    assert found.derived.product_mg2_dl2 == product
    assert found.pattern is pattern
