"""Choosing the two modes of a model on validation cases."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from calciscope.models.operating_point import BALANCED, SENSITIVE, OperatingMode
from calciscope_train.candidates import CaseCandidates, Figures, figures_at

THRESHOLDS = tuple(round(step / 50, 2) for step in range(46))
"""Lesion probabilities that are tried: 0 to 0.9."""

PLATEAU = 0.01
"""F1 this near to the best is as good; the lowest such threshold misses least."""

FROC_POINTS = (1.0, 2.0, 4.0, 8.0)
"""False positives a case at which outlines are compared."""

SENSITIVE_FACTOR = 2.0
"""The sensitive mode may have this many times the false positives of the balanced one."""

Curve = list[tuple[float, Figures]]
Numbers = NDArray[np.float64]


def threshold_curve(cases: Sequence[CaseCandidates], probabilities: Sequence[Numbers]) -> Curve:
    """Figures at each threshold, rising."""
    return [(least, figures_at(cases, probabilities, least)) for least in THRESHOLDS]


def mean_sensitivity(curve: Curve) -> float:
    """Mean of the best sensitivities at 1, 2, 4 and 8 false positives a case; 0 where none."""
    best = [
        max((f.sensitivity for _, f in curve if f.false_positives_per_case <= limit), default=0.0)
        for limit in FROC_POINTS
    ]
    return float(np.mean(best))


def choose_modes(
    curve: Curve, voxel_logit_bias: float, false_positives: float
) -> tuple[OperatingMode, OperatingMode]:
    """The balanced and the sensitive mode.

    Both look at the same voxels, so that what balanced finds sensitive finds with the same outline.

    Args:
        curve: from `threshold_curve`.
        voxel_logit_bias: of both.
        false_positives: a case, that the sensitive mode may have in any event.
    """
    best = max(figures.f1 for _, figures in curve)
    balanced = next(point for point in curve if point[1].f1 >= best - PLATEAU)
    limit = max(false_positives, SENSITIVE_FACTOR * balanced[1].false_positives_per_case)
    sensitive = next(
        point
        for point in curve
        if point[0] >= balanced[0] or point[1].false_positives_per_case <= limit
    )
    return (
        _mode(BALANCED, "best F1 of lesions", balanced, voxel_logit_bias),
        _mode(
            SENSITIVE,
            f"highest sensitivity at no more than {limit:.2g} false positives a case",
            sensitive,
            voxel_logit_bias,
        ),
    )


def _mode(name: str, aim: str, point: tuple[float, Figures], bias: float) -> OperatingMode:
    least, figures = point
    reached = (
        f"{aim}; on validation cases sensitivity {figures.sensitivity:.2f} at "
        f"{figures.false_positives_per_case:.1f} false positives a case"
    )
    stored = {key: round(value, 4) for key, value in asdict(figures).items()}
    return OperatingMode(name, reached, bias, least, stored)
