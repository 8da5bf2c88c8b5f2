"""`calciscope-train spect-calibrate`: temperature and abstention of a hot-spot model."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from calciscope.errors import InputError
from calciscope.evaluation.calibration import null_floor
from calciscope.models.engine import create_engine
from calciscope.models.hot_spot_manifest import load_hot_spot_manifest, write_hot_spot_manifest
from calciscope.spect.classification import CompartmentClassifier
from calciscope.spect.probabilities import softmax
from calciscope.spect.verdict import named
from calciscope_train.spect.datamodule import PlainHotSpots
from calciscope_train.spect.patch_cache import cached_cases
from calciscope_train.spect.scores import hot_spot_scores

LOGGER = logging.getLogger(__name__)

TEMPERATURES = (0.2, 5.0)

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Abstention:
    """A threshold and what it does on validation hot spots.

    Attributes:
        minimum_probability: below it a hot spot is left out.
        coverage: share that is named.
        accuracy: of those; 1 if there are none.
    """

    minimum_probability: float
    coverage: float
    accuracy: float


def spect_calibrate(
    model: Path,
    patches: Path,
    accuracy: float = 0.97,
    expected_priors: list[float] | None = None,
    engine: str = "auto",
    threads: int | None = None,
) -> None:
    """Fit a hot-spot model's temperature and abstention on validation patches, for its manifest.

    Args:
        model: folder of an exported hot-spot model.
        patches: folder of validation patches; never those that the model is judged by.
        accuracy: that the named hot spots are to reach, if need be by naming fewer.
        expected_priors: how often each compartment is expected where the model will be used;
            null keeps the probabilities as trained.
        engine: auto, openvino or onnxruntime.
        threads: CPU threads; null for all.

    Raises:
        InputError: there are no patches, or the priors are not one for each compartment.
    """
    manifest = load_hot_spot_manifest(model)
    if expected_priors is not None and (
        len(expected_priors) != len(manifest.classes) or not manifest.trained_priors
    ):
        raise InputError(
            f"expected_priors needs {len(manifest.classes)} values, and a model exported with"
            " --train"
        )
    cases = cached_cases(patches, manifest.patches)
    data = PlainHotSpots(cases, manifest.patches)
    classifier = CompartmentClassifier(manifest, create_engine(manifest, engine, threads, "fp32"))
    logits = classifier.logits(data[n]["inputs"] for n in range(len(data)))
    shares = data.shares.astype(np.float64)
    truth = shares.argmax(axis=1)
    temperature = round(fit_temperature(logits, truth), 4)
    probabilities = softmax(logits, temperature)
    chosen = choose_abstention(probabilities, truth, accuracy)
    before, after = hot_spot_scores(logits, shares), hot_spot_scores(logits / temperature, shares)
    floor = null_floor(probabilities.max(axis=1))
    record: dict[str, Any] = {
        "cases": len(cases),
        "hot_spots": len(data),
        "before": {name: round(value, 4) for name, value in before.items()},
        "after": {name: round(value, 4) for name, value in after.items()},
        "ece_of_chance": None if floor is None else round(floor[0], 4),
        "named": round(chosen.coverage, 4),
        "accuracy_of_named": round(chosen.accuracy, 4),
    }
    write_hot_spot_manifest(
        replace(
            manifest,
            temperature=temperature,
            minimum_probability=chosen.minimum_probability,
            expected_priors=tuple(expected_priors or ()),
            calibration=record,
        ),
        model,
    )
    LOGGER.info("temperature %.3f, %s, %s", temperature, chosen, record)


def fit_temperature(logits: Numbers, truth: NDArray[np.intp]) -> float:
    """The temperature of highest likelihood (Guo 2017, ICML).

    Args:
        logits: (N, 11).
        truth: index of the class, (N,).
    """

    def loss(log_temperature: float) -> float:
        probabilities = softmax(logits, float(np.exp(log_temperature)))
        chosen = probabilities[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(loss, bounds=(float(low), float(high)), method="bounded")
    return float(np.exp(found.x))


def choose_abstention(
    probabilities: Numbers,
    truth: NDArray[np.intp],
    accuracy: float,
    thresholds: Sequence[float] = tuple(np.round(np.arange(0.30, 0.96, 0.01), 2)),
) -> Abstention:
    """The lowest threshold at which the hot spots that the program names are right often enough.

    Where none is, the one of highest accuracy.
    """
    right = probabilities.argmax(axis=1) == truth
    best = Abstention(0.0, 0.0, -1.0)
    for threshold in thresholds:
        kept = named(probabilities, float(threshold))
        if not kept.any():
            break
        reached = Abstention(float(threshold), float(kept.mean()), float(right[kept].mean()))
        if reached.accuracy >= accuracy:
            return reached
        if reached.accuracy > best.accuracy:
            best = reached
    return best
