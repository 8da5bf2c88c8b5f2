"""Statistics of an evaluation as typed records: figures, curves, agreement, calibration."""

from dataclasses import dataclass

from calciscope.evaluation.bootstrap import Interval


@dataclass(frozen=True)
class Figure:
    """One number of a predictor with its interval.

    Attributes:
        key: stable name, such as "sensitivity".
        text: what it is, for a table.
        unit: "" where it has none.
        higher_is_better: for arrows and paired differences.
        interval: value and 95 % interval over patients; None inside where nothing was measured.
    """

    key: str
    text: str
    unit: str
    higher_is_better: bool
    interval: Interval


@dataclass(frozen=True)
class SensitivityRow:
    """Sensitivity of one group of lesions.

    Attributes:
        by: "size", "kind" or "compartment".
        name: of the group, such as "30-100 mm3", "C2" or "muscle".
    """

    by: str
    name: str
    lesions: int
    found: int
    sensitivity: Interval


@dataclass(frozen=True)
class GroundRow:
    """False positives that lie on one tissue; see `record_rows.Ground`."""

    on: str
    count: int
    volume_mm3: float
    per_case: float


@dataclass(frozen=True)
class StratumRow:
    """A predictor within one stratum of the cases.

    Attributes:
        by: "slice thickness", "kernel", "noise", "body part", "kVp" or "metal".
        name: of the stratum, such as "2-4 mm"; "not known" where the cases do not say.
    """

    by: str
    name: str
    cases: int
    patients: int
    lesions: int
    dice: Interval
    sensitivity: Interval
    false_positives_per_case: Interval


@dataclass(frozen=True)
class FrocPoint:
    """One threshold on the lesions' scores, with the bootstrap interval of its sensitivity.

    Attributes:
        low, high: None where fewer than two patients have a lesion.
    """

    threshold: float
    false_positives_per_case: float
    false_positives_per_lesion: float
    sensitivity: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class FrocRate:
    """Sensitivity at one rate of false positives.

    Attributes:
        reached: whether the curve goes that far; else the sensitivity at its end is given.
    """

    false_positives_per_case: float
    false_positives_per_lesion: float
    sensitivity: Interval
    reached: bool


@dataclass(frozen=True)
class Froc:
    """Free-response ROC over the lesions' probabilities.

    Attributes:
        points: the curve, from the strictest threshold on.
        rates: at 1/8 to 8 false positives per case.
        cpm: competition performance metric, the mean sensitivity over the rates.
    """

    points: tuple[FrocPoint, ...]
    rates: tuple[FrocRate, ...]
    cpm: Interval


@dataclass(frozen=True)
class AgreementPoint:
    """Burden of one case."""

    case_id: str
    patient: str
    reference: float
    predicted: float


@dataclass(frozen=True)
class Agreement:
    """Agreement of a burden with its reference, over cases.

    Attributes:
        quantity: "volume" or "HA mass".
        points: one per case, for the scatter and the Bland-Altman plot.
        bias: mean of predicted - reference.
        sd: standard deviation of the differences.
        lower_limit, upper_limit: 95 % limits of agreement, bias -+ 1.96 sd.
        icc: ICC(2,1), two-way random, absolute agreement, single measurement; None for < 3 cases.
        spearman: rank correlation; says nothing of agreement.
        median_relative_error, median_absolute_relative_error: over cases whose reference is not 0;
            shares, not percent.
        relative_quartiles: first and third quartile of the relative error.
    """

    quantity: str
    unit: str
    points: tuple[AgreementPoint, ...]
    bias: Interval
    sd: float | None
    lower_limit: Interval
    upper_limit: Interval
    icc: Interval
    spearman: float | None
    median_relative_error: float | None
    median_absolute_relative_error: float | None
    relative_quartiles: tuple[float, float] | None


@dataclass(frozen=True)
class CalibrationBin:
    """Predicted lesions of similar probability.

    Attributes:
        lowest, highest: probabilities inside.
        mean_probability: what was promised.
        observed: share that are lesions.
        low, high: Wilson 95 % interval of `observed`.
    """

    lowest: float
    highest: float
    mean_probability: float
    observed: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Calibration:
    """How far probabilities of predicted lesions can be believed.

    Attributes:
        count: predicted lesions that have a probability.
        ece: expected calibration error over equal-mass bins, with bootstrap interval.
        ece_null_median, ece_null_95: what a perfectly calibrated predictor of these probabilities
            would score: the floor that the ECE has to be read against.
        brier: mean squared error of the probabilities.
        bins: reliability table; equal probabilities are never split.
    """

    count: int
    ece: Interval
    ece_null_median: float | None
    ece_null_95: float | None
    brier: Interval
    bins: tuple[CalibrationBin, ...]


@dataclass(frozen=True)
class PairedDifference:
    """A figure of the first predictor minus that of another, patients resampled together.

    Attributes:
        key, text: of the figure.
        other: name of the other predictor.
        difference: first - other.
        better: whether the interval excludes 0 in the first one's favor (True), against it
            (False), or neither (None).
    """

    key: str
    text: str
    other: str
    first: float | None
    second: float | None
    difference: Interval
    better: bool | None
