"""A small evaluation made by hand; every number in it is chosen, so that it can be looked for."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from calciscope.evaluation.bootstrap import Interval
from calciscope.evaluation.record_figures import (
    Agreement,
    AgreementPoint,
    Calibration,
    CalibrationBin,
    Figure,
    Froc,
    FrocPoint,
    FrocRate,
    GroundRow,
    PairedDifference,
    SensitivityRow,
    StratumRow,
)
from calciscope.evaluation.record_rows import (
    CaseFlag,
    CaseRow,
    CaseStrata,
    FailureKind,
    FailureRow,
)
from calciscope.evaluation.records import (
    DatasetReport,
    Definition,
    EvaluationProvenance,
    EvaluationReport,
    ModelRecord,
    PredictorReport,
    Role,
)
from calciscope.evaluation.report import CaseArrays
from calciscope.volume import Volume

NONE = Interval(None, None, None, 0)
LPS = tuple[float, float, float]
LESION_AT: LPS = (20.0, 30.0, 25.0)
INVENTED_AT: LPS = (60.0, 45.0, 50.0)


def around(value: float, half: float = 0.05, patients: int = 3) -> Interval:
    return Interval(value, value - half, value + half, patients)


def figures(sensitivity: float, rate: float, dice: float) -> tuple[Figure, ...]:
    return (
        Figure("lesion_dice_from_30_mm3", "Dice of lesions >= 30 mm3", "", True, around(dice)),
        Figure("sensitivity", "lesion sensitivity", "", True, around(sensitivity)),
        Figure("false_positives_per_case", "false positives", "per case", False, around(rate, 0.5)),
        Figure("hd95_mm", "HD95", "mm", False, around(7.125, 1.0)),
    )


SENSITIVITIES = (
    SensitivityRow("size", "< 30 mm3", 12, 5, around(5 / 12)),
    SensitivityRow("size", ">= 30 mm3", 20, 18, around(18 / 20)),
    SensitivityRow("kind", "C1", 30, 22, around(22 / 30)),
    SensitivityRow("kind", "C2_net", 2, 1, Interval(0.5, 0.5, 0.5, 1)),
    SensitivityRow("compartment", "muscle", 32, 23, around(23 / 32)),
)

FROC = Froc(
    points=tuple(
        FrocPoint(0.99 - 0.3 * step, 2.0**step / 4, 2.0**step / 40, 0.4 + 0.1 * step, 0.3, 0.9)
        for step in range(4)
    ),
    rates=tuple(
        FrocRate(rate, rate / 10, around(0.31 + 0.05 * place), reached=rate <= 2)
        for place, rate in enumerate((0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0))
    ),
    cpm=around(0.4618),
)

CALIBRATION = Calibration(
    count=40,
    ece=Interval(0.1357, 0.09, 0.2, 3),
    ece_null_median=0.0871,
    ece_null_95=0.1213,
    brier=around(0.1729),
    bins=(
        CalibrationBin(0.5, 0.7, 0.61, 0.45, 0.26, 0.66, 20),
        CalibrationBin(0.7, 1.0, 0.88, 0.95, 0.76, 0.99, 20),
    ),
)

VOLUME = Agreement(
    quantity="volume",
    unit="mm3",
    points=(
        AgreementPoint("case-a", "p1", 1200.0, 1311.0),
        AgreementPoint("case-b", "p2", 300.0, 251.0),
        AgreementPoint("case-c", "p3", 0.0, 44.0),
    ),
    bias=around(35.333, 20.0),
    sd=80.35,
    lower_limit=around(-122.15, 60.0),
    upper_limit=around(192.82, 60.0),
    icc=around(0.9911, 0.005),
    spearman=1.0,
    median_relative_error=-0.0354,
    median_absolute_relative_error=0.1279,
    relative_quartiles=(-0.0994, 0.0286),
)


def case(case_id: str, patient: str, lesions: int, found: int, wrong: int) -> CaseRow:
    return CaseRow(
        case_id=case_id,
        patient=patient,
        strata=CaseStrata(2.5, "B30f", 14.0, "leg", 120.0, False),
        lesions=lesions,
        found=found,
        false_negatives=lesions - found,
        predicted=found + wrong,
        false_positives=wrong,
        false_positive_mm3=21.5 * wrong,
        dice=0.7315,
        normalized_surface_dice=0.8123,
        hd95_mm=7.125 if lesions else 612.3,
        lesion_dice=0.77 if lesions else None,
        f1=0.8 if lesions else None,
        recognition_quality=0.6,
        segmentation_quality=0.8,
        reference_mm3=100.0 * lesions,
        predicted_mm3=90.0 * found,
        reference_ha_mg=None,
        predicted_ha_mg=None,
        confusion=0.002,
        flags=() if lesions else (CaseFlag.EMPTY_REFERENCE, CaseFlag.FALSE_POSITIVE_ON_EMPTY),
    )


CASES = (case("case-a", "p1", 20, 15, 2), case("case-b", "p2", 12, 8, 0),
         case("case-c", "p3", 0, 0, 1))  # fmt: skip


def judged() -> PredictorReport:
    return PredictorReport(
        name="network",
        role=Role.JUDGED,
        figures=figures(0.7188, 1.0, 0.7654),
        sensitivities=SENSITIVITIES,
        grounds=(GroundRow("bone", 2, 43.0, 2 / 3), GroundRow("vessel", 1, 21.5, 1 / 3),
                 GroundRow("muscle", 0, 0.0, 0.0)),
        strata=(
            StratumRow("slice thickness", "< 2 mm", 1, 1, 20, around(0.8), around(0.75),
                       around(2.0)),
            StratumRow("slice thickness", ">= 2 mm", 2, 2, 12, around(0.7), around(0.667),
                       around(0.5)),
            StratumRow("kernel", "not known", 3, 3, 32, around(0.73), around(0.72), NONE),
        ),
        froc=FROC,
        calibration=CALIBRATION,
        agreements=(VOLUME,),
        cases=CASES,
    )  # fmt: skip


def rule() -> PredictorReport:
    return PredictorReport(
        name="HU >= 130 outside bone",
        role=Role.BASELINE,
        figures=figures(0.6161, 9.25, 0.5432),
        sensitivities=(),
        grounds=(),
        strata=(),
        agreements=(),
        froc=None,
        calibration=None,
        cases=CASES,
    )


def dataset() -> DatasetReport:
    return DatasetReport(
        key="host",
        name="lesions inserted into real limbs",
        synthetic=True,
        license="CC BY 3.0",
        cases=3,
        patients=3,
        lesions=32,
        empty_cases=1,
        predictors=(judged(), rule()),
        differences=(
            PairedDifference(
                "sensitivity", "lesion sensitivity", "HU >= 130 outside bone", 0.7188, 0.6161,
                Interval(0.1027, 0.02, 0.18, 3), True,
            ),
        ),
        failures=(
            FailureRow(FailureKind.MISSED, "case-a", "p1", 87.5, "Missed: 87.5 mm3 in muscle.",
                       LESION_AT),
            FailureRow(FailureKind.FALSE_POSITIVE, "case-a", "p1", 43.0,
                       "False positive on <bone> & co.", INVENTED_AT),
        ),
    )  # fmt: skip


MODEL = ModelRecord(
    name="ct-calcification",
    version="9.9.9",
    sha256="ab" * 32,
    created="2026-11-01T00:00:00+00:00",
    commit="0123456789abcdef",
    license="Apache-2.0",
    intended_use="research use, not a diagnosis",
    training_data={"hosts": {"cases": 7, "patients": ["p8", "p9"],
                             "held_out_patients": ["p1", "p2", "p3"]}},
    preprocessing={"spacing_mm": [1.0, 1.0, 2.5]},
)  # fmt: skip


@pytest.fixture
def report(whole_report: EvaluationReport) -> EvaluationReport:
    """One data set, three patients, a rule beside the network."""
    return whole_report


@pytest.fixture(scope="session")
def whole_report() -> EvaluationReport:
    """The same for fixtures that live longer: drawing it takes seconds."""
    return EvaluationReport(
        provenance=EvaluationProvenance(
            program="calciscope",
            program_version="0.1.0",
            created="2026-11-22T12:00:00+00:00",
            hardware="a processor, 1 thread",
            seconds=12.0,
            seed=0,
            resamples=2000,
            model=MODEL,
            engine="openvino",
            device="CPU",
        ),
        definitions=(
            Definition("Dice", "2 |A and B| / (|A| + |B|)."),
            Definition("Empty reference", "Dice is 1 where both are empty."),
        ),
        datasets=(dataset(),),
        cautions=("The judged lesions are of one generator.",),
        summary=("network: sensitivity 0.72",),
        notice="Research use, not a diagnosis",
    )


@pytest.fixture
def nothing(report: EvaluationReport) -> EvaluationReport:
    """A data set without a lesion, of one patient, and without probabilities."""
    bare = replace(
        judged(),
        figures=tuple(replace(figure, interval=NONE) for figure in judged().figures),
        sensitivities=(),
        grounds=(),
        strata=(),
        froc=None,
        calibration=None,
        agreements=(),
        cases=CASES[2:],
    )
    data = replace(
        dataset(), cases=1, patients=1, lesions=0, predictors=(bare,), differences=(), failures=(),
        synthetic=None,
    )  # fmt: skip
    provenance = replace(report.provenance, model=None, engine="", device="")
    return replace(report, provenance=provenance, datasets=(data,), cautions=(), summary=())


@pytest.fixture(scope="session")
def pictures() -> Callable[[str], CaseArrays | None]:
    """A limb of 80 x 80 x 90 mm with one lesion that is missed and one that is invented."""

    def arrays(case_id: str) -> CaseArrays | None:
        if case_id != "case-a":
            return None
        hu = np.full((80, 80, 36), 45, np.int16)
        reference = np.full(hu.shape, 2, np.uint8)
        prediction = np.zeros(hu.shape, bool)
        hu[17:24, 28:33, 8:13] = 300
        reference[17:24, 28:33, 8:13] = 6
        prediction[57:64, 43:48, 18:23] = True
        reference[:, :8] = 255
        return CaseArrays(Volume.from_spacing(hu, (1.0, 1.0, 2.5)), reference, prediction)

    return arrays
