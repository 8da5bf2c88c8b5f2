"""Choosing the modes of a model on validation cases."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from calciscope.models.operating_point import BALANCED, SENSITIVE, SPECIFIC, OperatingMode
from calciscope_train.candidates import CaseCandidates, Figures, figures_at

THRESHOLDS = tuple(round(step / 50, 2) for step in range(50))
"""Lesion probabilities that are tried: 0 to 0.98."""

PLATEAU = 0.01
"""F1 this near to the best is as good; the lowest such threshold misses least."""

FROC_POINTS = (1.0, 2.0, 4.0, 8.0)
"""False positives a case at which outlines are compared."""

SENSITIVE_FACTOR = 2.0
"""The sensitive mode may have this many times the false positives of the balanced one."""

SPECIFIC_FALSE_POSITIVES = 1.0
"""False positives a case that the specific mode may have."""

Point = tuple[float, Figures]
Curve = list[Point]
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
) -> tuple[OperatingMode, ...]:
    """The balanced, the sensitive and the specific mode.

    All look at the same voxels, so that what one finds a more sensitive one finds with the same
    outline.

    Args:
        curve: from `threshold_curve`.
        voxel_logit_bias: of all.
        false_positives: a case, that the sensitive mode may have in any event.
    """
    best = max(figures.f1 for _, figures in curve)
    balanced = next(point for point in curve if point[1].f1 >= best - PLATEAU)
    most = max(false_positives, SENSITIVE_FACTOR * balanced[1].false_positives_per_case)
    sensitive = _first_within(curve, most)
    modes = {
        BALANCED: (balanced, "best F1 of lesions"),
        SENSITIVE: (min(sensitive, balanced, key=_threshold), _at_most(most)),
        SPECIFIC: _specific(curve, balanced),
    }
    return tuple(_mode(name, aim, point, voxel_logit_bias) for name, (point, aim) in modes.items())


def _specific(curve: Curve, balanced: Point) -> tuple[Point, str]:
    """At most one false positive a case, and never more than balanced has."""
    point = max(_first_within(curve, SPECIFIC_FALSE_POSITIVES), balanced, key=_threshold)
    if point[1].false_positives_per_case > SPECIFIC_FALSE_POSITIVES:
        return point, "fewest false positives of all thresholds"
    if point is balanced:
        return point, "as balanced"
    return point, _at_most(SPECIFIC_FALSE_POSITIVES)


def _threshold(point: Point) -> float:
    return point[0]


def _first_within(curve: Curve, false_positives: float) -> Point:
    """The lowest threshold with no more false positives a case; the highest where none has."""
    within = (point for point in curve if point[1].false_positives_per_case <= false_positives)
    return next(within, curve[-1])


def _at_most(false_positives: float) -> str:
    return f"highest sensitivity at no more than {false_positives:.2g} false positives a case"


def _mode(name: str, aim: str, point: Point, bias: float) -> OperatingMode:
    least, figures = point
    reached = (
        f"{aim}; on validation cases sensitivity {figures.sensitivity:.2f} at "
        f"{figures.false_positives_per_case:.1f} false positives a case"
    )
    stored = {key: round(value, 4) for key, value in asdict(figures).items()}
    return OperatingMode(name, reached, bias, least, stored)
