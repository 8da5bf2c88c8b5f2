from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread

from calciscope.errors import PairingError
from calciscope.phantom.nm_dicom import write_nm_series
from calciscope.readers import read_ct
from calciscope.readers.pairing import left_out_of_both, pair
from calciscope.readers.spect import read_spect
from calciscope.readers.spect_study import SpectStudy
from calciscope.readers.study import CtStudy, SeriesSummary
from calciscope.volume import Volume


@pytest.fixture
def ct(ct_folder: Path) -> CtStudy:
    """`ct_volume`: x -30 to -18 mm, y 12.5 to 20.2 mm, z 100 to 112.5 mm."""
    return read_ct(ct_folder)


@pytest.fixture
def spect(tmp_path: Path) -> Callable[..., SpectStudy]:
    """spect(z, Keyword=value) is a SPECT of the same study that begins at z mm."""

    def make(z_mm: float = 90.0, **changes: Any) -> SpectStudy:
        volume = Volume.from_spacing(np.ones((4, 4, 4), np.float32), (4.8,) * 3, (-30, 12, z_mm))
        path = write_nm_series(volume, tmp_path / "nm", uid_seed="test", units="CNTS")
        dataset = dcmread(path)
        for keyword, value in changes.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
        study = read_spect(path)
        assert study is not None
        return study

    return make


def test_one_frame_of_reference_needs_no_word(
    ct: CtStudy, spect: Callable[..., SpectStudy]
) -> None:
    assert pair(ct, spect()) == ()


@pytest.mark.parametrize(
    ("uid", "sentence"),
    [
        ("1.2.3", "have different frames of reference; check that they lie on one another"),
        ("", "do not both name a frame of reference; check that they lie on one another"),
    ],
)
def test_another_frame_of_reference_is_told(
    ct: CtStudy, spect: Callable[..., SpectStudy], uid: str, sentence: str
) -> None:
    (warning,) = pair(ct, spect(FrameOfReferenceUID=uid))
    assert sentence in warning


@pytest.mark.parametrize("uid", [None, "1.2.3"])
def test_without_overlap_they_are_refused(
    ct: CtStudy, spect: Callable[..., SpectStudy], uid: str | None
) -> None:
    """Slices of the CT end at 100 - 1.25 mm, those of the SPECT at z + 14.4 + 2.4 mm."""
    changes = {} if uid is None else {"FrameOfReferenceUID": uid}
    pair(ct, spect(82.0, **changes))
    with pytest.raises(PairingError, match="as they do not overlap; give a CT of what the SPECT"):
        pair(ct, spect(81.9, **changes))


def test_another_patient_is_refused_and_not_named(
    ct: CtStudy, spect: Callable[..., SpectStudy]
) -> None:
    other = spect(PatientID="SECRET")
    with pytest.raises(PairingError) as refusal:
        pair(ct, other)
    assert str(refusal.value) == (
        f"the CT of {ct.source} and the SPECT of {other.source} are of different patients; "
        "give both of one"
    )
    # What is empty, as after de-identification, says nothing.
    assert pair(ct, spect(PatientID="")) == ()


def test_another_study_is_refused_unless_it_shares_the_frame_of_reference(
    ct: CtStudy, spect: Callable[..., SpectStudy]
) -> None:
    with pytest.raises(PairingError, match="are of different studies; give both of one study"):
        pair(ct, spect(StudyInstanceUID="1.2.3", FrameOfReferenceUID="1.2.4"))
    (warning,) = pair(ct, spect(StudyInstanceUID="1.2.3"))
    assert "are of two studies, with one frame of reference" in warning


def test_nifti_is_taken_at_its_word(ct: CtStudy, tmp_path: Path) -> None:
    volume = Volume.from_spacing(np.ones((4, 4, 4), np.float32), (4.8,) * 3, (-30, 12, 90))
    nib.Nifti1Image(volume.array, volume.affine_ras).to_filename(tmp_path / "spect.nii")
    study = read_spect(tmp_path / "spect.nii")
    assert study is not None
    assert pair(ct, study) == ()


def test_each_series_is_told_once_by_who_knows_best(
    ct: CtStudy, spect: Callable[..., SpectStudy]
) -> None:
    def summary(uid: str, modality: str, reason: str) -> SeriesSummary:
        return SeriesSummary(uid, 1, "", modality, 1, "1.1", reason)

    study = spect()
    assert study.series is not None
    chosen = study.series.series_instance_uid
    looked_at = replace(
        ct,
        left_out=(
            summary("1", "CT", "shorter"),
            summary(chosen, "NM", "a nuclear medicine image, not CT"),
            summary("2", "NM", "a nuclear medicine image, not CT"),
            summary("3", "SR", "a report, not CT"),
        ),
    )
    seen = replace(study, left_out=(summary("2", "NM", "planar"), summary("4", "NM", "TOMO")))
    assert {e.series_instance_uid: e.reason for e in left_out_of_both(looked_at, seen)} == {
        "1": "shorter",
        chosen: "read as SPECT",
        "2": "planar",
        "3": "a report, not CT",
        "4": "TOMO",
    }
    assert left_out_of_both(looked_at, None) == looked_at.left_out
