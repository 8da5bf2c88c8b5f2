"""Reference cases small enough to count by hand."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calciscope.evaluation.predictions import Prediction
from calciscope.evaluation.record_rows import CaseStrata
from calciscope.evaluation.records import Role
from calciscope.evaluation.reference_cases import ReferenceCase
from calciscope.labels import Label
from calciscope.volume import Volume

SHAPE = (24, 16, 8)
SPACING_MM = (1.0, 1.0, 2.0)

ONE = (slice(2, 6), slice(2, 6), slice(2, 6))
"""Lesion 1: 64 voxels, 128 mm3."""

TWO = (slice(12, 14), slice(2, 4), slice(2, 4))
"""Lesion 2: 8 voxels, 16 mm3."""

BONE = (slice(20, 24), slice(0, 16), slice(0, 8))


def toy_labels(lesions: bool = True) -> np.ndarray:
    """Muscle under a layer of air, bone at its far end and, if asked for, two lesions."""
    labels = np.full(SHAPE, Label.MUSCLE, np.uint8)
    labels[BONE] = Label.BONE
    labels[:, 15] = Label.BACKGROUND
    if lesions:
        labels[ONE] = labels[TWO] = Label.CALCIFICATION
    return labels


def toy_ct(labels: np.ndarray) -> np.ndarray:
    """Muscle of 50, mineral of 350 and bone of 1200 HU."""
    hu = np.array([-1000, -100, 50, 1200, 300, 3000, 350], np.int16)
    return np.where(labels < 7, hu[np.minimum(labels, 6)], np.int16(50)).astype(np.int16)


def toy_meta(case_id: str, lesions: bool = True, **more: Any) -> dict[str, Any]:
    """Metadata as case.json holds them."""
    rows = [
        {
            "kind": "C3",
            "compartment": "muscle",
            "volume_mm3": 128.0,
            "ha_mass_mg": 20.0,
            "peak_contrast_hu": 300.0,
            "visible": True,
            "center_index": [3, 3, 3],
        },
        {
            "kind": "V2",
            "compartment": "vascular",
            "volume_mm3": 500.0,
            "ha_mass_mg": 70.0,
            "visible": True,
            "center_index": [12, 2, 2],
        },
    ]
    return {
        "case_id": case_id,
        "source": "phantom",
        "spacing_mm": list(SPACING_MM),
        "acquisition": {"kvp": 120.0, "slice_mm": 2.0, "kernel": "soft", "noise_hu": 15.0},
        "lesions": rows if lesions else [],
        **more,
    }


def toy_case(case_id: str = "toy", lesions: bool = True, patient: str = "") -> ReferenceCase:
    """A case in memory."""
    labels = toy_labels(lesions)
    return ReferenceCase(
        case_id=case_id,
        patient=patient or case_id,
        source="phantom",
        ct=Volume.from_spacing(toy_ct(labels), SPACING_MM),
        labels=Volume.from_spacing(labels, SPACING_MM),
        has_tissues=True,
        strata=CaseStrata(slice_thickness_mm=2.0, kernel="soft", noise_hu=15.0, kvp=120.0),
        meta=toy_meta(case_id, lesions),
    )


def write_prepared(root: Path, case_id: str, lesions: bool = True, **more: Any) -> Path:
    """A prepared case on disk."""
    folder = root / case_id
    folder.mkdir(parents=True)
    labels = toy_labels(lesions)
    np.save(folder / "ct.npy", toy_ct(labels))
    np.save(folder / "labels.npy", labels)
    (folder / "case.json").write_text(json.dumps(toy_meta(case_id, lesions, **more)))
    return folder


class Oracle:
    """Predicts lesion 1 with probability 0.9 and a speck beside the bone with 0.4."""

    role = Role.JUDGED

    def __init__(self, name: str = "oracle", sees: bool = True, role: Role = Role.JUDGED) -> None:
        self.name, self.sees, self.role = name, sees, role

    def predict(self, case: ReferenceCase) -> Prediction:
        ids = np.zeros(SHAPE, np.int32)
        ids[18:20, 8, 4] = 2
        if self.sees and (case.labels.array == Label.CALCIFICATION).any():
            ids[ONE] = 1
        probabilities, masses = {1: 0.9, 2: 0.4}, {1: 18.0, 2: 1.0}
        seen = [int(number) for number in np.unique(ids) if number > 0]
        return Prediction(ids, {n: probabilities[n] for n in seen}, {n: masses[n] for n in seen})


@pytest.fixture(scope="session")
def toys() -> SimpleNamespace:
    """Everything above, for tests that cannot import it."""
    return SimpleNamespace(
        SHAPE=SHAPE,
        SPACING_MM=SPACING_MM,
        ONE=ONE,
        Oracle=Oracle,
        case=toy_case,
        labels=toy_labels,
        ct=toy_ct,
        meta=toy_meta,
        write_prepared=write_prepared,
    )
