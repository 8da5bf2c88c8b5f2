"""Real PET and a real planar bone scan, by scanners of others."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from calciscope.errors import NoSpectError, UnreadableFileError
from calciscope.readers import read_ct
from calciscope.readers.pairing import left_out_of_both, pair
from calciscope.readers.spect import read_spect

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize(("case", "highest"), [("STS_025", 6.376), ("STS_046", 27.93)])
def test_pet_is_read_in_the_suv_that_it_stores(
    shared_data: Path, case: str, highest: float
) -> None:
    folder = shared_data / "sts_dicom" / case
    study = read_spect(folder, accept_pet=True)
    assert study is not None
    assert (study.units, study.modality) == ("SUVbw", "PT")
    # The files store g/mL (Units GML, SUV Type BW), each slice with its own scale.
    headers = [dcmread(path) for path in sorted((folder / "PET" / "image").iterdir())]
    assert {header.Units for header in headers} == {"GML"}
    headers.sort(key=lambda header: float(header.ImagePositionPatient[2]))
    stored = np.stack([h.pixel_array.T * float(h.RescaleSlope) for h in headers], axis=-1)
    np.testing.assert_allclose(study.volume.array, stored, rtol=0.01, atol=1e-3)
    assert study.volume.array.max() == pytest.approx(highest, rel=0.01)
    position = [float(v) for v in headers[0].ImagePositionPatient]
    np.testing.assert_allclose(study.volume.lps_mm([0, 0, 0]), position)
    assert study.warnings[0].endswith(
        "is a PET; what is said of hot spots was learnt from bone SPECT"
    )
    assert study.radiopharmaceutical == "FDG -- fluorodeoxyglucose"


def test_pet_and_ct_of_one_study_make_a_pair(shared_data: Path) -> None:
    folder = shared_data / "sts_dicom" / "STS_025"
    ct, pet = read_ct(folder), read_spect(folder, accept_pet=True)
    assert pet is not None
    assert pair(ct, pet) == ()
    reasons = {each.modality: each.reason for each in left_out_of_both(ct, pet)}
    assert reasons["PT"] == "read as SPECT"


def test_pet_is_refused_unless_it_is_accepted(shared_data: Path) -> None:
    with pytest.raises(NoSpectError, match="is a PET image, read only with --accept-pet; give the"):
        read_spect(shared_data / "sts_dicom" / "STS_046")


def test_a_planar_bone_scan_is_refused(shared_data: Path) -> None:
    folder = shared_data / "nema_planar"
    sentence = r"series 1 is planar \(WHOLE BODY\), which shows no depth; give the reconstructed"
    for source in (folder, folder / "data" / "WG04" / "J2KR" / "NM1_J2KR"):
        with pytest.raises(NoSpectError, match=sentence):
            read_spect(source)
    with pytest.raises(UnreadableFileError, match=r"NM1_UNC\.zst is of no known kind"):
        read_spect(folder / "data" / "WG04" / "REF" / "NM1_UNC.zst")
