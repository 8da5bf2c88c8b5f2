"""The evaluation of a hot-spot model as one tree of typed records: its evaluation.json.

SpectEvaluation
    provenance     program, model, engine, hardware, date
    definitions    how each figure is made, in words
    datasets       one per folder of cases
        figures, rule_figures, differences     the main figures, those of the rule, model - rule
        compartments, confusion, rule_confusion
        calibration, abstention, detection, ablations, robustness, strata, cases
    cautions, summary, notice
"""

from dataclasses import dataclass

from calciscope.evaluation.bootstrap import Interval
from calciscope.evaluation.record_figures import (
    Calibration,
    Figure,
    PairedDifference,
    SensitivityRow,
)
from calciscope.evaluation.records import Definition, EvaluationProvenance
from calciscope.evaluation.spect.abstention import RiskCoverage
from calciscope.labels import Compartment

SCHEMA_VERSION = 1
KIND = "hot spots"


@dataclass(frozen=True)
class CompartmentRow:
    """How well one compartment is told from the others.

    Attributes:
        hot_spots: that are truly in it; predicted: that are said to be.
    """

    compartment: Compartment
    hot_spots: int
    predicted: int
    recall: Interval
    precision: Interval
    f1: Interval
    auc: Interval


@dataclass(frozen=True)
class AbstentionReport:
    """What leaving doubtful hot spots unanswered buys.

    Attributes:
        curve: over all thresholds.
        threshold: least probability that the program answers with.
        rejected: share of hot spots below it, or with a second compartment nearly as likely.
        answered_accuracy, answered_macro_f1: of the others.
    """

    curve: RiskCoverage
    threshold: float
    rejected: Interval
    answered_accuracy: Interval
    answered_macro_f1: Interval


@dataclass(frozen=True)
class AblationRow:
    """The figures with less input, or of another model.

    Attributes:
        how: channels dropped at evaluation, or a model of its own.
        difference: of macro-F1 to the judged model with all its input, paired.
    """

    name: str
    how: str
    macro_f1: Interval
    muscle_or_subcutis: Interval
    difference: Interval


@dataclass(frozen=True)
class RobustnessPoint:
    """The figures at one strength of a disturbance; value is what the axis shows."""

    value: float
    label: str
    hot_spots: int
    patients: int
    macro_f1: Interval
    muscle_or_subcutis: Interval


@dataclass(frozen=True)
class RobustnessCurve:
    """Figures against a disturbance.

    Attributes:
        key: short name; title, axis: for the chart.
        how: what was done, in a sentence.
        paired: whether all points are of the same hot spots.
    """

    key: str
    title: str
    axis: str
    how: str
    paired: bool
    points: tuple[RobustnessPoint, ...]


@dataclass(frozen=True)
class SpectStratum:
    """The judged model within one kind of case."""

    by: str
    name: str
    cases: int
    hot_spots: int
    accuracy: Interval
    macro_f1: Interval
    false_per_case: Interval


@dataclass(frozen=True)
class SpectCaseLine:
    """One case in figures; wrong ones as "id: true > predicted"."""

    case_id: str
    body_part: str
    hot_spots: int
    right: int
    false: int
    foci: int
    found: int
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class SpectDataset:
    """One folder of cases.

    Attributes:
        synthetic: whether the cases are.
        hot_spots: that were detected; judged: those with a true compartment; mixed: of these those
            whose truth is itself mixed; false: there for nothing.
        tissues_by: who says which tissue is where, in words.
        confusion: rows true, columns predicted, last column no answer.
    """

    key: str
    name: str
    synthetic: bool
    cases: int
    patients: int
    hot_spots: int
    judged: int
    mixed: int
    false: int
    foci: int
    tissues_by: str
    figures: tuple[Figure, ...]
    rule_figures: tuple[Figure, ...]
    differences: tuple[PairedDifference, ...]
    compartments: tuple[CompartmentRow, ...]
    confusion: tuple[tuple[int, ...], ...]
    rule_confusion: tuple[tuple[int, ...], ...]
    calibration: Calibration
    abstention: AbstentionReport
    detection: tuple[SensitivityRow, ...]
    ablations: tuple[AblationRow, ...]
    robustness: tuple[RobustnessCurve, ...]
    strata: tuple[SpectStratum, ...]
    case_lines: tuple[SpectCaseLine, ...]

    def figure(self, key: str) -> Figure:
        """The judged model's figure of that key; raises KeyError where there is none."""
        for figure in self.figures:
            if figure.key == key:
                return figure
        raise KeyError(key)


@dataclass(frozen=True)
class SpectEvaluation:
    """All that one evaluation of a hot-spot model found."""

    provenance: EvaluationProvenance
    definitions: tuple[Definition, ...]
    datasets: tuple[SpectDataset, ...]
    cautions: tuple[str, ...]
    summary: tuple[str, ...]
    notice: str
    kind: str = KIND
    schema_version: int = SCHEMA_VERSION
