"""What is known of a model, in a few lines: its evaluation.json, its modes and variants."""

import json
from pathlib import Path
from typing import Any

from calciscope.errors import ModelError
from calciscope.models.hot_spot_manifest import HotSpotManifest
from calciscope.models.manifest import ModelManifest

EVALUATION_NAME = "evaluation.json"


def read_evaluation(folder: Path) -> dict[str, Any] | None:
    """Content of evaluation.json beside a model, None where there is none.

    Raises:
        ModelError: it is not whole.
    """
    path = folder / EVALUATION_NAME
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({error}); install the model again") from error
    if not isinstance(content, dict) or not isinstance(content.get("summary"), list):
        raise ModelError(f"{path} has no summary; install the model again")
    return content


def evaluation_figures(model: ModelManifest | HotSpotManifest) -> list[str]:
    """One line a data set: lesion Dice, sensitivity and false positives, with intervals."""
    evaluation = read_evaluation(model.folder)
    if evaluation is None:
        return ["not evaluated"]
    return [str(line) for line in evaluation["summary"]]


def operating_lines(model: ModelManifest | HotSpotManifest) -> list[str]:
    """One line a mode: its aim and what it reaches on validation cases; one for each variant."""
    if isinstance(model, HotSpotManifest):
        if not model.calibration:
            return ["not calibrated"]
        least, temperature = model.minimum_probability, model.temperature
        return [f"temperature {temperature:.2f}; indeterminate below probability {least:.2f}"]
    lines = [f"{mode.name}: {mode.aim}" for mode in model.modes] or ["not calibrated"]
    for variant in model.variants:
        lines.append(
            f"{variant.precision} on {' and '.join(variant.engines)}: "
            f"{variant.label_agreement:.2%} of labels as fp32"
        )
    return lines
