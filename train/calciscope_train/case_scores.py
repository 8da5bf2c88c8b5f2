"""One held-out case: what the network and the threshold rules find in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.boundaries import drawn_at_half_contrast
from calciscope.ct.lesions import find_lesions
from calciscope.ct.masks import component_voxels
from calciscope.ct.measurements import measure_study
from calciscope.ct.segmentation import HALF, CtSegmentation, label_model_grid
from calciscope.ct.settings import MeasurementSettings
from calciscope.evaluation.baselines import BASELINES, bone_by_rule
from calciscope.evaluation.detection import DetectionCase, match_lesions
from calciscope.evaluation.metrics import confusion_rate, dice, scored_masks
from calciscope.labels import IGNORE, Label
from calciscope.models.engine import Engine
from calciscope.models.manifest import ModelManifest
from calciscope.physics import ha_slope_hu_per_mg_cc
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Array, Volume
from calciscope_train.cases import Case

NETWORK = "network"
SETTINGS = MeasurementSettings()


@dataclass(frozen=True)
class PredictorScores:
    """One predictor on one case.

    Attributes:
        detection: lesions found, missed and invented.
        dice: of the calcification mask; 1 where both are empty.
        confusion: share of the reference's vessel and bone voxels called calcification.
    """

    detection: DetectionCase
    dice: float
    confusion: float


@dataclass(frozen=True)
class CaseScores:
    """One case.

    Attributes:
        case_id: its name.
        patient: what resampling draws: a phantom's seed, a host's patient.
        compartments: of the reference lesions, by their id in `detection`.
        predictors: scores by name; `NETWORK` and the threshold rules.
        mass_error: relative error of the network's HA mass in the case, given the true HU of
            the mineral; None where there is no visible mineral.
        tissue_dice: of the network, by label.
        metal: whether metal, and so streaks, are in the field.
    """

    case_id: str
    patient: str
    compartments: dict[int, str]
    predictors: dict[str, PredictorScores]
    mass_error: float | None
    tissue_dice: dict[str, float]
    metal: bool


def score_case(case: Case, model: ModelManifest, engine: Engine) -> CaseScores:
    """Run the network and the rules on a case, and score them."""
    ct = Volume.from_spacing(np.asarray(case.ct), case.meta["spacing_mm"])
    labels = np.asarray(case.labels)
    segmentation = segment_case(ct, model, engine)
    reference = _reference_ids(labels)
    bone = bone_by_rule(ct)
    masks = {NETWORK: segmentation.tissues.array == Label.CALCIFICATION}
    for rule in BASELINES:
        masks[rule.name] = rule.find(ct, segmentation.body.array, bone)
    return CaseScores(
        case_id=case.case_id,
        patient=str(case.meta.get("host") or case.case_id),
        compartments=_compartments(case, reference),
        predictors={
            name: _score(mask, labels, reference, ct.voxel_volume_mm3)
            for name, mask in masks.items()
        },
        mass_error=_mass_error(case, ct, segmentation),
        tissue_dice={
            label.name.lower(): dice(*scored_masks(labels, segmentation.tissues.array, label))
            for label in Label
            if (labels == label).any()
        },
        metal=any(row["kind"] == "X1" for row in case.meta["lesions"]),
    )


def _reference_ids(labels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Ids of the 26-connected calcifications of the reference, from 1."""
    ids = np.zeros(labels.shape, np.int32)
    for number, voxels in enumerate(component_voxels(labels == Label.CALCIFICATION), start=1):
        ids[tuple(voxels.T)] = number
    return ids


def segment_case(ct: Volume, model: ModelManifest, engine: Engine) -> CtSegmentation:
    """Segment a CT that is on the model grid already, lesions chosen as in the runtime."""
    result, body = label_model_grid(ct, model, engine)
    drawn = drawn_at_half_contrast(ct, result.probability >= HALF, result.tissue) & body
    mineral = find_lesions(ct.with_array(drawn), SETTINGS, ct.array)
    tissues = result.tissue.copy()
    tissues[mineral.ids.array > 0] = Label.CALCIFICATION
    return CtSegmentation(
        ct.with_array(tissues),
        ct.with_array(result.tissue),
        ct.with_array(result.probability),
        ct.with_array(body),
        {},
        result.windows,
        result.voxels,
    )


def _score(
    mask: NDArray[np.bool_],
    labels: NDArray[np.uint8],
    reference: Array,
    voxel_mm3: float,
) -> PredictorScores:
    scored = labels != IGNORE
    return PredictorScores(
        match_lesions(reference, mask, voxel_mm3, ~scored),
        dice(labels == Label.CALCIFICATION, mask & scored),
        confusion_rate(labels, mask),
    )


def _compartments(case: Case, reference: Array) -> dict[int, str]:
    """Compartment of each reference component, by the placed lesion whose voxel it holds."""
    result: dict[int, str] = {}
    for row in case.meta["lesions"]:
        if "center_index" in row and row["kind"][0] in "CH":
            number = int(reference[tuple(row["center_index"])])
            if number > 0:
                result[number] = str(row["compartment"])
    return result


def _mass_error(case: Case, ct: Volume, segmentation: CtSegmentation) -> float | None:
    """Relative error of the summed HA mass; the case's own slope factor is taken as known."""
    acquisition = case.meta["acquisition"]
    true_mg = sum(
        row["ha_mass_mg"]
        for row in case.meta["lesions"]
        if row["kind"][0] in "CH" and row["visible"]
    )
    if true_mg <= 0:
        return None
    found = measure_study(ct, segmentation, CtAcquisition(kvp=float(acquisition["kvp"])), SETTINGS)
    # What touches ignored voxels is a host's own mineral, or too faint to be blamed.
    ignored = np.unique(found.lesion_ids.array[np.asarray(case.labels) == IGNORE])
    scored = [x.ha_mass_mg for x in found.findings.lesions if x.id not in ignored]
    measured = sum(scored) / _slope_factor(acquisition)
    return float((measured - true_mg) / true_mg)


def _slope_factor(acquisition: Mapping[str, Any]) -> float:
    """The HA slope that a case was made with, over that of the physics table."""
    if "slope_factor" in acquisition:
        return float(acquisition["slope_factor"])
    slope = float(acquisition["slope_hu_per_mg_cc"])
    return slope / ha_slope_hu_per_mg_cc(float(acquisition["kvp"]))
