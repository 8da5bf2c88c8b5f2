"""`calciscope evaluate`: predictors over reference cases, to one report."""

import logging
import os
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import perf_counter

from calciscope import __version__
from calciscope.evaluation.bootstrap import RESAMPLES
from calciscope.evaluation.case_scoring import CaseResult, Truth, score_case
from calciscope.evaluation.definitions import DEFINITIONS
from calciscope.evaluation.failures import FailureGallery
from calciscope.evaluation.model_predictor import ModelPredictor
from calciscope.evaluation.predictions import Predictor
from calciscope.evaluation.records import (
    DatasetReport,
    EvaluationProvenance,
    EvaluationReport,
    Role,
)
from calciscope.evaluation.reference_cases import CaseFiles
from calciscope.evaluation.rule_predictor import RulePredictor, Surroundings
from calciscope.evaluation.summarizing import cautions_of, summarize_dataset, summary_lines
from calciscope.findings import NOTICE

LOGGER = logging.getLogger(__name__)

Tell = Callable[[str, float], None]
"""Called with the name of a case and the share of the cases done."""


def evaluate(
    cases: Sequence[CaseFiles],
    predictors: Sequence[Predictor],
    threads: int | None = None,
    gallery: FailureGallery | None = None,
    seed: int = 0,
    tell: Tell | None = None,
) -> EvaluationReport:
    """Judge predictors on reference cases.

    Args:
        cases: from `case_layouts.find_cases`; read one after the other.
        predictors: the judged one first. Rules are left out for cases without a CT.
        threads: CPU threads the models use, for the record; None for all.
        gallery: keeps what the judged predictor gave, for pictures; None where none are drawn.
        seed: of the resampling.
        tell: of progress.

    Raises:
        InputError: a case is broken, or a predictor has nothing to say of it.
    """
    start = perf_counter()
    for files in cases:
        files.check()
    judging = _Judging(predictors, gallery or FailureGallery())
    for number, files in enumerate(cases):
        if tell is not None:
            tell(files.name, number / len(cases))
        judging.add(files)
        LOGGER.info("%d of %d: %s", number + 1, len(cases), files.name)
    datasets = judging.datasets(seed)
    return EvaluationReport(
        provenance=_provenance(predictors, threads, seed, perf_counter() - start),
        definitions=DEFINITIONS,
        datasets=datasets,
        cautions=cautions_of(datasets),
        summary=tuple(line for dataset in datasets for line in summary_lines(dataset)),
        notice=NOTICE,
    )


class _Judging:
    """Results so far, by source of the cases and name of the predictor."""

    def __init__(self, predictors: Sequence[Predictor], gallery: FailureGallery) -> None:
        self._predictors = predictors
        self._gallery = gallery
        self._results: dict[str, dict[str, list[CaseResult]]] = {}
        self._synthetic: dict[str, set[bool | None]] = {}
        self._licenses: dict[str, set[str]] = {}
        self._splits: dict[str, set[str]] = {}
        rules = [p.surroundings for p in predictors if isinstance(p, RulePredictor)]
        self._surroundings = rules[0] if rules else Surroundings()

    def add(self, files: CaseFiles) -> None:
        """Score every predictor on one case."""
        case = files.read()
        truth = Truth.of(case, self._surroundings)
        results = self._results.setdefault(case.source, {})
        self._synthetic.setdefault(case.source, set()).add(case.synthetic)
        self._licenses.setdefault(case.source, set()).add(case.license)
        self._splits.setdefault(case.source, set()).add(case.split)
        for predictor in self._predictors:
            if predictor.role is Role.BASELINE and case.ct is None:
                continue
            prediction = predictor.predict(case)
            result = score_case(truth, prediction)
            results.setdefault(predictor.name, []).append(result)
            if predictor.role is Role.JUDGED:
                self._gallery.add(case, prediction.mask, result)

    def datasets(self, seed: int) -> tuple[DatasetReport, ...]:
        """Summaries, one a source; rules only where they saw every case."""
        roles = {predictor.name: predictor.role for predictor in self._predictors}
        reports: list[DatasetReport] = []
        for source, results in self._results.items():
            cases = max(len(found) for found in results.values())
            whole = {
                name: (roles[name], found) for name, found in results.items() if len(found) == cases
            }
            synthetic = self._synthetic[source]
            reports.append(
                summarize_dataset(
                    source,
                    whole,
                    next(iter(synthetic)) if len(synthetic) == 1 else None,
                    "; ".join(sorted(self._licenses[source] - {""})),
                    self._gallery.chosen(source),
                    seed,
                    self._splits[source],
                    {report.key for report in reports},
                )
            )
        return tuple(reports)


def _provenance(
    predictors: Sequence[Predictor], threads: int | None, seed: int, seconds: float
) -> EvaluationProvenance:
    models = {p.role: p for p in predictors if isinstance(p, ModelPredictor)}
    judged, compared = models.get(Role.JUDGED), models.get(Role.COMPARED)
    # Of saved predictions it is not known what made them, whatever a second model runs with.
    engine = judged.engine if judged else None
    cores = os.cpu_count() or 1
    return EvaluationProvenance(
        program="calciscope",
        program_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        hardware=f"{platform.machine()}, {threads or cores} of {cores} threads",
        seconds=seconds,
        seed=seed,
        resamples=RESAMPLES,
        model=judged.record if judged else None,
        compared=compared.record if compared else None,
        engine=engine.name if engine else "",
        device=engine.device if engine else "",
        precision=engine.precision if engine else "",
        mode=judged.mode if judged else "",
    )
