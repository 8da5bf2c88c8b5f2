"""From results of cases to the records of a data set, and to a few lines of text."""

import re
from collections.abc import Collection, Mapping, Sequence

from calciscope.evaluation.agreement import measure_agreement
from calciscope.evaluation.bootstrap import Interval
from calciscope.evaluation.breakdowns import grounds, sensitivities, strata
from calciscope.evaluation.calibration import measure_calibration
from calciscope.evaluation.case_scoring import CaseResult
from calciscope.evaluation.figures import main_figures, paired_differences
from calciscope.evaluation.froc import PatientScores, measure_froc
from calciscope.evaluation.record_figures import Agreement, AgreementPoint, Calibration, Froc
from calciscope.evaluation.record_rows import FailureRow
from calciscope.evaluation.records import DatasetReport, PredictorReport, Role

SOURCES = {
    "phantom": ("phantoms", "held-out phantoms"),
    "host": ("lesions inserted into real limbs", "lesions inserted into held-out real limbs"),
}
"""Data sets in words, by the source of their cases; the second where all are of `HELD_OUT`."""

HELD_OUT = "test"
"""The split that is neither trained on nor chosen by."""

SEEN_SPLITS = ("train", "val")

FEW_PATIENTS = 50
"""With fewer patients a bootstrap interval is rough, and the report says so."""


def summarize_predictor(
    name: str, role: Role, results: Sequence[CaseResult], seed: int = 0
) -> PredictorReport:
    """All figures of one predictor on one data set."""
    is_rule = role is Role.BASELINE
    return PredictorReport(
        name=name,
        role=role,
        figures=main_figures(results, seed),
        sensitivities=sensitivities(results, seed),
        grounds=grounds(results),
        strata=strata(results, seed),
        agreements=_agreements(results, seed),
        froc=_froc(results, seed),
        calibration=_calibration(results, seed),
        cases=tuple(result.row for result in results),
        lesions=() if is_rule else tuple(x for r in results for x in r.lesions),
        false_positives=() if is_rule else tuple(x for r in results for x in r.false_positives),
    )


def summarize_dataset(
    source: str,
    results: Mapping[str, tuple[Role, Sequence[CaseResult]]],
    synthetic: bool | None,
    license: str,
    failures: Sequence[FailureRow] = (),
    seed: int = 0,
    splits: Collection[str] = (),
    taken: Collection[str] = (),
) -> DatasetReport:
    """One data set.

    Args:
        source: of its cases.
        results: by name of the predictor, the judged one first; all over the same cases.
        synthetic: whether its lesions are made up.
        license: of the data.
        failures: of the judged predictor.
        seed: of the resampling.
        splits: that its cases name; "" among them where a case names none.
        taken: keys of other data sets of the report.
    """
    (_, judged), *others = ((name, cases) for name, (_, cases) in results.items())
    differences = tuple(
        row for name, cases in others for row in paired_differences(judged, cases, name, seed)
    )
    return DatasetReport(
        key=dataset_key(source, taken),
        name=dataset_name(source, splits),
        synthetic=synthetic,
        license=license,
        cases=len(judged),
        patients=len({result.row.patient for result in judged}),
        lesions=sum(result.row.lesions for result in judged),
        empty_cases=sum(result.row.lesions == 0 for result in judged),
        predictors=tuple(
            summarize_predictor(name, role, cases, seed) for name, (role, cases) in results.items()
        ),
        differences=differences,
        failures=tuple(failures),
        splits=tuple(sorted(splits)),
    )


def dataset_key(source: str, taken: Collection[str] = ()) -> str:
    """A name that files and links may carry, of any source; numbered where it is taken.

    Args:
        source: as the cases name it, such as "clinic/2026".
        taken: keys that others have.
    """
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", source).strip("-") or "cases"
    return next(
        name
        for name in (plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3)))
        if name not in taken
    )


def dataset_name(source: str, splits: Collection[str] = ()) -> str:
    """A data set in words: held out only where every case says so."""
    plain, held_out = SOURCES.get(source, (source, source))
    return held_out if set(splits) == {HELD_OUT} else plain


def _agreements(results: Sequence[CaseResult], seed: int) -> tuple[Agreement, ...]:
    volumes = [
        AgreementPoint(x.row.case_id, x.row.patient, x.row.reference_mm3, x.row.predicted_mm3)
        for x in results
    ]
    masses = [
        AgreementPoint(x.row.case_id, x.row.patient, x.row.reference_ha_mg, x.row.predicted_ha_mg)
        for x in results
        if x.row.reference_ha_mg is not None and x.row.predicted_ha_mg is not None
    ]
    agreements = [measure_agreement("volume", "mm3", volumes, seed)]
    if masses:
        agreements.append(measure_agreement("HA mass", "mg", masses, seed))
    return tuple(agreements)


def _froc(results: Sequence[CaseResult], seed: int) -> Froc | None:
    """The curve; None where a predicted lesion has no probability."""
    patients: dict[str, PatientScores] = {}
    for result in results:
        scores = patients.setdefault(result.row.patient, PatientScores())
        scores.cases += 1
        scores.lesions += len(result.lesions)
        for lesion in result.lesions:
            if lesion.found:
                if lesion.probability is None:
                    return None
                scores.found.append(lesion.probability)
        for false in result.false_positives:
            if false.probability is None:
                return None
            scores.false.append(false.probability)
    return measure_froc(patients, seed)


def _calibration(results: Sequence[CaseResult], seed: int) -> Calibration | None:
    """Of all predicted lesions that have a probability; None where predictions have none at all."""
    pairs = [(x, result.row.patient) for result in results for x in result.candidates]
    if not pairs and any(result.row.predicted for result in results):
        return None
    return measure_calibration(
        [candidate.probability for candidate, _ in pairs],
        [candidate.is_lesion for candidate, _ in pairs],
        [patient for _, patient in pairs],
        seed,
    )


def summary_lines(dataset: DatasetReport) -> list[str]:
    """A data set in a few lines, the judged predictor first."""
    kind = {True: "synthetic lesions; ", False: "real lesions; ", None: ""}[dataset.synthetic]
    lines = [
        f"{dataset.name} ({kind}{dataset.cases} cases of {dataset.patients} patients, "
        f"{dataset.lesions} lesions)"
    ]
    for predictor in dataset.predictors:
        lines.append(
            f"  {predictor.name}: lesion Dice (30 mm3 or more) "
            f"{_text(predictor, 'lesion_dice_from_30_mm3')}, "
            f"sensitivity {_text(predictor, 'sensitivity')}, "
            f"false positives a case {_text(predictor, 'false_positives_per_case')}"
        )
    metal = {x.name: x for x in dataset.predictors[0].strata if x.by == "metal"}
    plain = metal.get("no metal")
    if plain is not None and plain.cases < dataset.cases:
        lines.append(
            f"  {dataset.judged.name}, {plain.cases} cases without metal: sensitivity "
            f"{interval_text(plain.sensitivity)}, false positives a case "
            f"{interval_text(plain.false_positives_per_case)}"
        )
    return lines


def interval_text(interval: Interval) -> str:
    """A figure with its interval, in words."""
    if interval.value is None:
        return "not measured"
    if interval.low is None or interval.high is None:
        return f"{interval.value:.2f}"
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _text(predictor: PredictorReport, key: str) -> str:
    return interval_text(predictor.figure(key).interval)


def cautions_of(datasets: Sequence[DatasetReport]) -> tuple[str, ...]:
    """What a reader must know before the figures."""
    cautions = []
    for dataset in datasets:
        seen = [split for split in SEEN_SPLITS if split in dataset.splits]
        if seen:
            cautions.append(
                f"{dataset.name}: there are cases of the split {' and '.join(seen)}, which models"
                " are trained on or chosen by; these figures may be too good."
            )
        if dataset.patients < FEW_PATIENTS:
            cautions.append(
                f"{dataset.name}: {dataset.patients} patients are few; intervals are rough."
            )
        if dataset.synthetic:
            cautions.append(
                f"{dataset.name}: the lesions are synthetic; these figures say nothing certain of "
                "patients and do not compare with clinical ones."
            )
        if dataset.synthetic is None:
            cautions.append(f"{dataset.name}: the cases do not say whether lesions are synthetic.")
        if dataset.lesions == 0:
            cautions.append(f"{dataset.name}: no case has a lesion; only false positives count.")
        if dataset.judged.froc is None and dataset.lesions:
            cautions.append(
                f"{dataset.name}: not every predicted lesion has a probability; there is no FROC."
            )
    return tuple(cautions)
