"""The twin's study as DICOM files: CT, SPECT and laboratory values in one folder."""

from datetime import timedelta
from importlib import resources
from pathlib import Path

import numpy as np

from calciscope.phantom.dicom import write_ct_series
from calciscope.phantom.nm_dicom import write_nm_series
from calciscope.phantom.twin import SEED
from calciscope.phantom.twin_study import TwinStudy

CASE_REPORT = "two-bed"
"""The variant that is the case report itself; the others are studies of their own."""

PATIENT_ID, PATIENT_NAME = "CALCISCOPE-TWIN", "Twin^Digital"
LABS = "labs.yaml"
"""Laboratory values, beside the images."""


def write_study(study: TwinStudy, folder: Path) -> None:
    """Write a study: CT and SPECT share study and frame of reference."""
    protocol = study.ct_protocol
    uid_seed = f"calciscope-twin-{SEED}"
    if study.name != CASE_REPORT:
        uid_seed += f"-{study.name}"
    description = "Phantom of the case report"
    write_ct_series(
        study.scan.ct,
        folder,
        uid_seed=uid_seed,
        kvp=protocol.kvp,
        kernel=protocol.kernel,
        slice_thickness_mm=protocol.slice_mm,
        exposure_mas=40,
        study_description=description,
        series_description=f"CT {study.part} {protocol.slice_mm:g} {protocol.kernel}",
        acquired=study.date,
        patient_id=PATIENT_ID,
        patient_name=PATIENT_NAME,
    )
    camera = study.camera
    bq_per_ml = np.maximum(study.spect.array, 0) * np.float32(camera.bq_per_ml_of_suv)
    write_nm_series(
        study.spect.with_array(bq_per_ml),
        folder,
        uid_seed=uid_seed,
        weight_kg=camera.weight_kg,
        dose_mbq=camera.dose_mbq,
        injected=study.date - timedelta(hours=camera.delay_h),
        acquired=study.date,
        study_description=description,
        series_description=f"SPECT {study.part} AC SC OSEM {camera.iterations}x{camera.subsets}",
        patient_id=PATIENT_ID,
        patient_name=PATIENT_NAME,
    )
    labs = resources.files("calciscope.phantom").joinpath(study.labs)
    (folder / LABS).write_text(labs.read_text(encoding="utf-8"), encoding="utf-8")
