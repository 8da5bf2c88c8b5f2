"""The evaluation report as one tree of typed records: the content of evaluation.json.

EvaluationReport
    provenance     program, models, engine, hardware, date
    definitions    how each figure is made, and what happens to empty cases, in words
    datasets       one per set of cases: kept apart, as they do not mean the same
        predictors     what was judged first, then a second model, then the rules
            figures, sensitivities, grounds, strata, froc, agreements, calibration, rows
        differences    of the first predictor to each other one, paired by patient
        failures       places for the gallery
    summary        the figures in a few lines (`calciscope models` prints them)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from calciscope.evaluation.record_figures import (
    Agreement,
    Calibration,
    Figure,
    Froc,
    GroundRow,
    PairedDifference,
    SensitivityRow,
    StratumRow,
)
from calciscope.evaluation.record_rows import CaseRow, FailureRow, FalsePositiveRow, LesionRow

SCHEMA_VERSION = 2
"""Version of evaluation.json; 1 had neither rows nor definitions."""


class Role(StrEnum):
    """What a predictor is to the report."""

    JUDGED = "judged"
    COMPARED = "compared"
    BASELINE = "baseline"


@dataclass(frozen=True)
class Definition:
    """How a figure is made, or what is done in a special case."""

    name: str
    text: str


@dataclass(frozen=True)
class ModelRecord:
    """A model that took part, as its manifest describes it.

    Attributes:
        sha256: of the file that the manifest names first: what tells models apart.
        file, file_sha256: of the file that ran, such as that of the int8 version.
    """

    name: str
    version: str
    sha256: str
    created: str
    commit: str
    license: str
    intended_use: str
    training_data: Mapping[str, Any]
    preprocessing: Mapping[str, Any]
    file: str = ""
    file_sha256: str = ""


@dataclass(frozen=True)
class EvaluationProvenance:
    """How the report came about.

    Attributes:
        model, compared: None where saved predictions were judged, or nothing was compared.
        engine, device, precision, mode: of the run; "" for saved predictions.
        hardware: processor and number of threads.
        created: ISO 8601, UTC.
        seconds: that the evaluation took.
        seed, resamples: of the bootstrap.
    """

    program: str
    program_version: str
    created: str
    hardware: str
    seconds: float
    seed: int
    resamples: int
    model: ModelRecord | None = None
    compared: ModelRecord | None = None
    engine: str = ""
    device: str = ""
    precision: str = ""
    mode: str = ""


@dataclass(frozen=True)
class PredictorReport:
    """All figures of one predictor on one data set.

    Attributes:
        name: such as "network", "predictions" or the name of a rule.
        figures: the main ones with intervals, by `Figure.key`.
        cases: one row each, also for rules.
        lesions, false_positives: rows; left out for rules, which have too many.
        froc, calibration: None for rules and where no lesion has a probability.
        agreements: volume, and HA mass where references give it.
    """

    name: str
    role: Role
    figures: tuple[Figure, ...]
    sensitivities: tuple[SensitivityRow, ...]
    grounds: tuple[GroundRow, ...]
    strata: tuple[StratumRow, ...]
    agreements: tuple[Agreement, ...]
    froc: Froc | None
    calibration: Calibration | None
    cases: tuple[CaseRow, ...]
    lesions: tuple[LesionRow, ...] = ()
    false_positives: tuple[FalsePositiveRow, ...] = ()

    def figure(self, key: str) -> Figure:
        """The figure of that key; raises KeyError where there is none."""
        for figure in self.figures:
            if figure.key == key:
                return figure
        raise KeyError(key)


@dataclass(frozen=True)
class DatasetReport:
    """One set of cases.

    Attributes:
        key: short name, such as "phantom".
        name: in words.
        synthetic: whether the lesions are synthetic; None where it is not known.
        license: of the data; "" where it is not known.
        lesions: reference lesions in all cases.
        empty_cases: cases without any.
        predictors: the judged one first.
        splits: that the cases say they were prepared for; "" among them where one does not say.
    """

    key: str
    name: str
    synthetic: bool | None
    license: str
    cases: int
    patients: int
    lesions: int
    empty_cases: int
    predictors: tuple[PredictorReport, ...]
    differences: tuple[PairedDifference, ...] = ()
    failures: tuple[FailureRow, ...] = ()
    splits: tuple[str, ...] = ()

    @property
    def judged(self) -> PredictorReport:
        """What the report is about."""
        return self.predictors[0]


@dataclass(frozen=True)
class EvaluationReport:
    """All that one evaluation found; see the picture at the top of this file.

    Attributes:
        cautions: sentences that a reader must know, such as few patients or no probabilities.
        summary: the figures in a few lines of text.
    """

    provenance: EvaluationProvenance
    definitions: tuple[Definition, ...]
    datasets: tuple[DatasetReport, ...]
    cautions: tuple[str, ...]
    summary: tuple[str, ...]
    notice: str
    schema_version: int = SCHEMA_VERSION
