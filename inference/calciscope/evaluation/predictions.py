"""What a predictor says of a case, and where saved predictions are read from.

For each case a folder of predictions holds either the output of `calciscope run`
(`<case>/calcification_lesions.nii.gz` with `<case>/findings.json`, or only
`<case>/calcification.nii.gz`) or a mask `<case>.nii.gz`, calcification where it is not 0.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.masks import component_voxels
from calciscope.errors import InputError
from calciscope.evaluation.nifti_masks import read_whole_numbers
from calciscope.evaluation.records import Role
from calciscope.evaluation.reference_cases import NIFTI, ReferenceCase
from calciscope.volume import Array


@dataclass(frozen=True, eq=False)
class Prediction:
    """A prediction on the grid of the reference.

    Attributes:
        ids: 0 outside predicted lesions, else their number; shape (I, J, K).
        probabilities: by lesion number; empty where the predictor gives none.
        ha_mass_mg: by lesion number, at the slope that the predictor took for the case's kVp; None
            where the predictor does not measure it.
        tissues: uint8 `labels.Label`; None where the predictor gives none.
        body: bool; None where the predictor does not find it.
    """

    ids: Array
    probabilities: Mapping[int, float] = field(default_factory=dict)
    ha_mass_mg: Mapping[int, float] | None = None
    tissues: NDArray[np.uint8] | None = None
    body: NDArray[np.bool_] | None = None

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Where calcification is predicted."""
        return np.asarray(self.ids > 0)


class Predictor(Protocol):
    """A model, a folder of saved predictions, or a rule."""

    @property
    def name(self) -> str:
        """For tables."""

    @property
    def role(self) -> Role:
        """What it is to the report."""

    def predict(self, case: ReferenceCase) -> Prediction:
        """Say what is calcification in a case."""


def numbered(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Ids of the 26-connected components of a mask, from 1."""
    ids = np.zeros(mask.shape, np.int32)
    for number, voxels in enumerate(component_voxels(mask), start=1):
        ids[tuple(voxels.T)] = number
    return ids


@dataclass(frozen=True)
class SavedPredictions:
    """Predictions that were written before.

    Attributes:
        folder: where they lie.
        name: for tables.
        role: what they are to the report.
    """

    folder: Path
    name: str = "predictions"
    role: Role = Role.JUDGED

    def predict(self, case: ReferenceCase) -> Prediction:
        """Read what was predicted for a case.

        Raises:
            InputError: there is no prediction for it, or it lies on another grid.
        """
        run = self.folder / case.case_id
        lesions = run / f"calcification_lesions{NIFTI}"
        findings = run / "findings.json"
        if lesions.is_file() and findings.is_file():
            ids = _on_grid(lesions, case)
            rows = _lesions_of(findings)
            return Prediction(
                ids,
                {number: row["probability"] for number, row in rows.items()},
                {number: row["ha_mass_mg"] for number, row in rows.items()},
            )
        for path in (run / f"calcification{NIFTI}", self.folder / f"{case.case_id}{NIFTI}"):
            if path.is_file():
                return Prediction(numbered(_on_grid(path, case) > 0))
        raise InputError(
            f"{self.folder} holds no prediction for {case.case_id}; expected"
            f" {case.case_id}/calcification{NIFTI} or {case.case_id}{NIFTI}"
        )


def _on_grid(path: Path, case: ReferenceCase) -> Array:
    """A prediction on the axes of the reference; the same voxels in another order are turned."""
    volume = read_whole_numbers(path)
    if volume.same_grid(case.labels):
        return volume.array
    turned, wanted = volume.canonical().volume, case.labels.canonical()
    if turned.same_grid(wanted.volume):
        return wanted.to_native(turned.array)
    alike = np.allclose(turned.spacing_mm, wanted.volume.spacing_mm, rtol=0.01)
    if not case.is_placed and turned.shape == wanted.volume.shape and alike:
        return wanted.to_native(turned.array)
    raise InputError(
        f"{path} does not lie on the grid of the reference of {case.case_id}; resample it"
    )


def _lesions_of(path: Path) -> dict[int, dict[str, float]]:
    """Probability and HA mass by lesion id from findings.json."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["ct"]["lesions"]
        return {
            int(row["id"]): {key: float(row[key]) for key in ("probability", "ha_mass_mg")}
            for row in rows
        }
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise InputError(f"{path} is not whole ({error!r}); run calciscope again") from error
