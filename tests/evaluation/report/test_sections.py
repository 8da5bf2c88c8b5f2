"""A chapter without a curve says why."""

from dataclasses import replace

import pytest

from calciscope.evaluation.record_figures import Calibration, Froc
from calciscope.evaluation.records import DatasetReport, EvaluationReport
from calciscope.evaluation.report.sections import dataset_sections
from calciscope.writers.report_blocks import Text

SCORES = "have no probabilities"


def told(data: DatasetReport, part: str) -> str:
    """The text of one part of the chapter."""
    sections = {section.name: section for section in dataset_sections(data, None)}
    return " ".join(x.text for x in sections[f"{data.key}-{part}"].blocks if isinstance(x, Text))


@pytest.mark.parametrize(
    ("lesions", "predicted", "froc", "calibration"),
    [
        (0, 0, "no reference lesion", "predicted no lesion"),
        (0, 3, "no reference lesion", SCORES),
        (5, 0, "predicted no lesion", "predicted no lesion"),
        (5, 3, SCORES, SCORES),
    ],
)
def test_the_cause_of_a_missing_curve_is_told(
    report: EvaluationReport, lesions: int, predicted: int, froc: str, calibration: str
) -> None:
    data = report.datasets[0]
    judged = data.judged
    cases = tuple(replace(row, predicted=predicted) for row in judged.cases)
    bare = replace(judged, cases=cases, froc=None, calibration=None, sensitivities=())
    if not predicted:
        # What the statistics give where nothing was predicted: records without points or bins.
        assert isinstance(judged.froc, Froc) and isinstance(judged.calibration, Calibration)
        bare = replace(
            bare,
            froc=replace(judged.froc, points=()) if lesions else None,
            calibration=replace(judged.calibration, bins=()),
        )
    blank = replace(data, lesions=lesions, predictors=(bare,), differences=(), failures=())
    assert froc in told(blank, "froc")
    assert calibration in told(blank, "calibration")
