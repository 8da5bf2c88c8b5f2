"""`calciscope-train calibrate`: probabilities that mean what they say, and modes."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.segmentation import label_model_grid
from calciscope.errors import InputError
from calciscope.evaluation.calibration import expected_calibration_error, null_floor
from calciscope.labels import IGNORE, Label
from calciscope.models.engine import Engine, create_engine
from calciscope.models.manifest import ModelManifest, load_manifest, write_manifest
from calciscope.models.operating_point import FULL, Calibration, LesionCalibration, OperatingMode
from calciscope.volume import Volume
from calciscope_train.calibration_fit import (
    fit_lesions,
    fit_voxels,
    negative_log_likelihood,
    out_of_fold,
)
from calciscope_train.candidates import CaseCandidates, case_candidates
from calciscope_train.cases import Case, list_cases, read_case
from calciscope_train.operating_points import choose_modes, mean_sensitivity, threshold_curve

LOGGER = logging.getLogger(__name__)

BIASES = (0.0, 1.0, 2.0, 3.0)
"""Voxel log odds that are added and compared."""

NEAR_FROM = 13
"""Value of the network's map (0.05) from which a voxel is worth calibrating on."""

NEAR_VOXELS = 2
"""As are the voxels within this many of such a one, or of true calcification."""


@dataclass(frozen=True, eq=False)
class _Answer:
    """What the network says of a case, before any calibration."""

    case: Case
    ct: Volume
    tissue: NDArray[np.uint8]
    probability: NDArray[np.uint8]
    body: NDArray[np.bool_]


def calibrate(
    model: Path,
    cases: Sequence[Path] = (Path("cases/phantom"), Path("cases/host")),
    split: str = "val",
    sensitive_false_positives: float = 2.0,
    engine: str = "auto",
    threads: int | None = None,
) -> None:
    """Fit a model's probabilities and choose its modes on validation cases, for its manifest.

    Args:
        model: folder of an exported model.
        cases: folders of prepared cases.
        split: of the cases; never those that the model is judged by.
        sensitive_false_positives: a case, that the sensitive mode may have; twice those of the
            balanced mode where that is more.
        engine: auto, openvino or onnxruntime.
        threads: CPU threads; None for all.

    Raises:
        InputError: there is no case of this split, or the split is that of the test.
    """
    if split == "test":
        raise InputError("test cases must not be calibrated on; give --split val")
    manifest = load_manifest(model)
    folders = [folder for root in cases for folder in list_cases(root, split)]
    if not folders:
        raise InputError(f"no {split} cases in {', '.join(map(str, cases))}; make them first")
    plain = replace(manifest, calibration=None, modes=())
    runner = create_engine(manifest, engine, threads)
    answers = []
    for number, folder in enumerate(folders, start=1):
        answers.append(_ask(read_case(folder), plain, runner))
        LOGGER.info("%d of %d: %s", number, len(folders), folder.name)
    calibration, modes = calibrated(answers, sensitive_false_positives)
    data = {"split": split, "engine": f"{runner.name} {runner.precision}", **calibration.data}
    calibration = replace(calibration, data=data)
    write_manifest(replace(manifest, calibration=calibration, modes=modes), model)
    LOGGER.info(
        "temperature %.3f, offset %.3f, %s", calibration.temperature, calibration.offset, data
    )
    for mode in modes:
        LOGGER.info(
            "%s: %s (lesion probability %.2f)", mode.name, mode.aim, mode.lesion_probability
        )


def _ask(case: Case, model: ModelManifest, engine: Engine) -> _Answer:
    ct = Volume.from_spacing(np.asarray(case.ct), case.meta["spacing_mm"])
    result, body = label_model_grid(ct, model, engine)
    return _Answer(case, ct, result.tissue, result.probability, body)


def calibrated(
    answers: Sequence[_Answer], sensitive_false_positives: float
) -> tuple[Calibration, tuple[OperatingMode, ...]]:
    """Temperature, lesion regression and modes of a network from its answers to cases."""
    counts = np.zeros((2, FULL + 1), dtype=np.int64)
    for answer in answers:
        counts += voxel_counts(np.asarray(answer.case.labels), answer.probability)
    temperature, offset = (round(value, 4) for value in fit_voxels(counts))
    table = Calibration(temperature, offset, LesionCalibration(0.0, {})).table()
    best: tuple[float, float, list[CaseCandidates]] | None = None
    tried = {}
    for bias in BIASES:
        found = [_candidates(answer, table, bias) for answer in answers]
        if not any(row.scored for case in found for row in case.candidates):
            continue
        reached = mean_sensitivity(threshold_curve(found, out_of_fold(found)))
        tried[f"{bias:g}"] = round(reached, 4)
        LOGGER.info("voxel logit bias %g: mean sensitivity %.3f", bias, reached)
        if best is None or reached > best[0]:
            best = (reached, bias, found)
    if best is None:
        raise InputError("the model finds no candidate in these cases; train it further")
    _, bias, found = best
    promised = out_of_fold(found)
    data = {
        "cases": len(found),
        "patients": len({case.patient for case in found}),
        "mean_sensitivity_by_voxel_logit_bias": tried,
        "voxels": _voxel_fit(counts, temperature, offset),
        "lesions": _lesion_fit(found, promised),
    }
    curve = threshold_curve(found, promised)
    modes = choose_modes(curve, bias, sensitive_false_positives)
    return Calibration(temperature, offset, fit_lesions(found), data), modes


def voxel_counts(labels: NDArray[np.uint8], probability: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many voxels near candidates have each value of the map, by whether they are calcified.

    The easy background would drown the rest: only what lies near a candidate or near true
    calcification counts. Values of 0 are left out, they stay 0 by decision.

    Returns:
        Shape (2, 256): voxels that are not, and that are calcification.
    """
    true = labels == Label.CALCIFICATION
    near = ndimage.binary_dilation((probability >= NEAR_FROM) | true, iterations=NEAR_VOXELS)
    used = near & (labels != IGNORE) & (probability > 0)
    rows = [np.bincount(probability[used & kind], minlength=FULL + 1) for kind in (~true, true)]
    return np.stack(rows).astype(np.int64)


def _candidates(answer: _Answer, table: NDArray[np.uint8], bias: float) -> CaseCandidates:
    labels = np.asarray(answer.case.labels)
    return case_candidates(
        answer.ct,
        labels,
        answer.tissue,
        table[answer.probability],
        answer.body,
        OperatingMode("", "", bias).least,
        answer.case.patient,
    )


def _voxel_fit(counts: NDArray[np.int64], temperature: float, offset: float) -> dict[str, Any]:
    table = Calibration(temperature, offset, LesionCalibration(0.0, {})).table()
    values = {"before": np.arange(FULL + 1, dtype=np.uint8), "after": table}
    share = counts.sum(axis=0)
    result: dict[str, Any] = {"count": int(share.sum())}
    for name, value in values.items():
        gap = np.abs(counts[1] - share * (value / FULL))
        result[f"calibration_error_{name}"] = round(float(gap.sum() / max(share.sum(), 1)), 4)
    result["log_likelihood_before"] = round(-negative_log_likelihood(counts, 1.0, 0.0), 4)
    fitted = negative_log_likelihood(counts, temperature, offset)
    result["log_likelihood_after"] = round(-fitted, 4)
    return result


def _lesion_fit(
    cases: Sequence[CaseCandidates], promised: Sequence[NDArray[np.float64]]
) -> dict[str, Any]:
    """Calibration of the lesions, each judged by a regression that never saw its patient."""
    scored = [
        (p, row.real)
        for case, probable in zip(cases, promised, strict=True)
        for row, p in zip(case.candidates, probable, strict=True)
        if row.scored
    ]
    values, real = np.array([p for p, _ in scored]), np.array([float(r) for _, r in scored])
    error, floor = expected_calibration_error(values, real), null_floor(values)
    return {
        "candidates": len(scored),
        "real": int(real.sum()),
        "calibration_error_out_of_fold": None if error is None else round(error, 4),
        "calibration_error_of_chance": None if floor is None else round(floor[0], 4),
    }
