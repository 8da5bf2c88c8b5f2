"""What the report says about a study."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calciscope.readers.study import CtAcquisition
from calciscope.writers.report_study import study_rows

HU: NDArray[np.int16] = np.zeros((4, 3, 2), np.int16)
AFFINE = np.diag([0.977, 0.977, 3.27, 1.0])


def test_a_dicom_study(make_study: Any) -> None:
    study = make_study(HU, AFFINE, header={"StudyDescription": " LEGS "})
    assert study_rows(study) == (
        ("Study", "LEGS, 2026-01-01"),
        ("Series", "2: LEGS 2.5 SOFT (CT, 2 files)"),
        ("Scanner", "MAKER Scanner"),
        ("Acquisition", "130 kVp, 40 mAs, 2.5 mm slices, kernel B30s, position FFS"),
        ("Grid", "4 × 3 × 2 voxels of 0.98 × 0.98 × 3.27 mm"),
    )


def test_the_patient_is_not_named_unless_asked_for(make_study: Any) -> None:
    rows = str(study_rows(make_study(HU, AFFINE)))
    assert "Doe" not in rows
    assert "P1" not in rows
    assert ("Patient ID", "P1") in study_rows(make_study(HU, AFFINE, patient_shown="P1"))


def test_what_the_source_does_not_say_is_left_out(make_study: Any) -> None:
    study = make_study(
        HU, AFFINE, dicom=False, source=Path("folder/legs.nii.gz"), acquisition=CtAcquisition()
    )
    assert study_rows(study) == (
        ("Series", "legs.nii.gz"),
        ("Grid", "4 × 3 × 2 voxels of 0.98 × 0.98 × 3.27 mm"),
    )


def test_resampling_and_contrast_are_told(make_study: Any) -> None:
    rows = dict(
        study_rows(
            make_study(
                HU, AFFINE, resampled=True, acquisition=CtAcquisition(contrast_agent="IOHEXOL")
            )
        )
    )
    assert rows["Grid"].endswith("mm, resampled from the source's slices")
    assert rows["Acquisition"] == "contrast agent IOHEXOL"
    assert "Scanner" not in rows


def test_an_empty_study_date_is_no_date(make_study: Any) -> None:
    study = make_study(HU, AFFINE, header={"StudyDate": "", "PatientID": ""})
    assert study_rows(study)[0][0] == "Series"
