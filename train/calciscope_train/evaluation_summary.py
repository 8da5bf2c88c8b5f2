"""From scores of cases to the figures of evaluation.json: estimates with intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from calciscope.evaluation.bootstrap import Interval, bootstrap_mean, bootstrap_ratio
from calciscope.evaluation.detection import (
    DICE_FROM_MM3,
    DetectionCase,
    mean_lesion_dice,
    sensitivity_by_size,
)
from calciscope_train.case_scores import NETWORK, CaseScores, PredictorScores


def summarize(cases: Sequence[CaseScores]) -> dict[str, Any]:
    """Figures of one data set, for the network and each rule."""
    names = list(cases[0].predictors)
    plain = [case for case in cases if not case.metal]
    return {
        "cases": len(cases),
        "patients": len({case.patient for case in cases}),
        "lesions": sum(len(case.predictors[NETWORK].detection.lesions) for case in cases),
        "predictors": {name: _predictor(cases, name) for name in names},
        "cases_without_metal": len(plain),
        "network_without_metal": _predictor(plain, NETWORK) if plain else None,
        "mass_error": _mass(cases),
        "tissue_dice": _tissues(cases),
    }


def _by_patient(cases: Sequence[CaseScores]) -> list[list[CaseScores]]:
    groups: dict[str, list[CaseScores]] = {}
    for case in cases:
        groups.setdefault(case.patient, []).append(case)
    return list(groups.values())


def _predictor(cases: Sequence[CaseScores], name: str) -> dict[str, Any]:
    groups = _by_patient(cases)
    scores = [[case.predictors[name] for case in group] for group in groups]
    detections = [case.predictors[name].detection for case in cases]
    return {
        "lesion_dice_from_30_mm3": _interval(
            bootstrap_mean([_mean([mean_lesion_dice(s.detection) for s in g]) for g in scores])
        ),
        "sensitivity": _interval(_sensitivity(scores, 0.0)),
        "sensitivity_from_30_mm3": _interval(_sensitivity(scores, DICE_FROM_MM3)),
        "false_positives_per_case": _interval(
            bootstrap_ratio(
                [float(sum(s.detection.false_positives for s in g)) for g in scores],
                [float(len(g)) for g in scores],
            )
        ),
        "false_positive_mm3_per_case": _interval(
            bootstrap_ratio(
                [sum(s.detection.false_positive_mm3 for s in g) for g in scores],
                [float(len(g)) for g in scores],
            )
        ),
        "mask_dice": _interval(
            bootstrap_mean(
                [_mean([s.dice if s.detection.lesions else None for s in g]) for g in scores]
            )
        ),
        "vessel_and_bone_called_calcification": _interval(
            bootstrap_mean([_mean([s.confusion for s in g]) for g in scores])
        ),
        "sensitivity_by_size_mm3": [
            {
                "from": size.low_mm3,
                "to": size.high_mm3 if np.isfinite(size.high_mm3) else None,
                "lesions": size.lesions,
                "found": size.found,
            }
            for size in sensitivity_by_size(detections)
        ],
        "sensitivity_by_compartment": _compartments(cases, name),
    }


def _sensitivity(scores: Sequence[Sequence[PredictorScores]], minimum_mm3: float) -> Interval:
    def lesions(detection: DetectionCase) -> list[bool]:
        return [x.found for x in detection.lesions if x.volume_mm3 >= minimum_mm3]

    found = [[hit for s in group for hit in lesions(s.detection)] for group in scores]
    return bootstrap_ratio([float(sum(f)) for f in found], [float(len(f)) for f in found])


def _compartments(cases: Sequence[CaseScores], name: str) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for case in cases:
        for lesion in case.predictors[name].detection.lesions:
            compartment = case.compartments.get(lesion.id)
            if compartment is not None:
                cell = counts.setdefault(compartment, {"lesions": 0, "found": 0})
                cell["lesions"] += 1
                cell["found"] += lesion.found
    return counts


def _mass(cases: Sequence[CaseScores]) -> dict[str, Any]:
    """Median and quartiles of the relative error over cases; the median of its size."""
    errors = np.array([case.mass_error for case in cases if case.mass_error is not None])
    if len(errors) == 0:
        return {"cases": 0}
    low, middle, high = np.percentile(errors, [25, 50, 75])
    return {
        "cases": len(errors),
        "median": round(float(middle), 4),
        "quartiles": [round(float(low), 4), round(float(high), 4)],
        "median_absolute": round(float(np.median(np.abs(errors))), 4),
    }


def _tissues(cases: Sequence[CaseScores]) -> dict[str, dict[str, Any]]:
    names = sorted({name for case in cases for name in case.tissue_dice})
    return {
        name: _interval(
            bootstrap_mean(
                [_mean([c.tissue_dice.get(name) for c in group]) for group in _by_patient(cases)]
            )
        )
        for name in names
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _interval(interval: Interval) -> dict[str, Any]:
    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 4)

    return {
        "value": rounded(interval.value),
        "low": rounded(interval.low),
        "high": rounded(interval.high),
        "patients": interval.patients,
    }


def summary_lines(dataset: dict[str, Any]) -> list[str]:
    """A data set in a few lines, the network first, then the rules."""
    lines = [
        f"{dataset['name']} (synthetic lesions; {dataset['cases']} cases of "
        f"{dataset['patients']} patients, {dataset['lesions']} lesions)"
    ]
    for name, figures in dataset["predictors"].items():
        lines.append(
            f"  {name}: lesion Dice (30 mm3 or more) {_text(figures['lesion_dice_from_30_mm3'])}, "
            f"sensitivity {_text(figures['sensitivity'])}, "
            f"false positives a case {_text(figures['false_positives_per_case'])}"
        )
    plain = dataset["network_without_metal"]
    if plain and dataset["cases_without_metal"] < dataset["cases"]:
        lines.append(
            f"  network, {dataset['cases_without_metal']} cases without metal: sensitivity "
            f"{_text(plain['sensitivity'])}, false positives a case "
            f"{_text(plain['false_positives_per_case'])}"
        )
    return lines


def _text(interval: dict[str, Any]) -> str:
    if interval["value"] is None:
        return "not measured"
    return f"{interval['value']:.2f} [{interval['low']:.2f}, {interval['high']:.2f}]"
