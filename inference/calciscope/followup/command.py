"""What `calciscope compare` does: two studies or folders of results in, the change in a folder."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from calciscope.errors import InputError, OutputError
from calciscope.followup.compare import ComparedPoints, compare_points
from calciscope.followup.comparison import Comparison
from calciscope.followup.comparison_json import comparison_to_json
from calciscope.followup.protocols import require_method
from calciscope.followup.report import write_comparison_report
from calciscope.followup.time_point import TimePoint, is_result_folder, read_results
from calciscope.models.operating_point import BALANCED
from calciscope.models.summary import EVALUATION_NAME
from calciscope.pipeline import Analyzer
from calciscope.results import Analysis
from calciscope.writers.output_folder import RESULT_NAMES, Results, output_folder

JSON_NAME = "comparison.json"
HTML_NAME = "comparison.html"
FOLDERS = ("earlier", "later")
"""Results of a run for each date that was given as a study."""

RESULTS = Results((JSON_NAME, HTML_NAME), FOLDERS, never_beside=(RESULT_NAMES[0], EVALUATION_NAME))

Tell = Callable[[str, float], None]


@dataclass(frozen=True)
class ComparisonRequest:
    """What is asked for.

    Attributes:
        earlier, later: each a study, or a folder of results of `calciscope run`.
        output: folder for the results; None writes nothing.
        force: replace those of an earlier comparison.
        model_version, engine, threads, mode, precision: that studies are analyzed with.
    """

    earlier: Path
    later: Path
    output: Path | None = None
    force: bool = False
    model_version: str | None = None
    engine: str = "auto"
    threads: int | None = None
    mode: str = BALANCED
    precision: str = "auto"


def run_comparison(request: ComparisonRequest, tell: Tell | None = None) -> Comparison:
    """Compare two dates, and write the result as a whole or not at all.

    Args:
        request: what is asked for.
        tell: called with what is being done and the share done.

    Raises:
        InputError: a study or a folder of results cannot be used, or the two cannot be compared.
        OutputError: `output` holds results already, or the studies, or cannot be written to.
        ModelError: the model or the engine is not usable.
    """
    _refuse_missing(request)
    if request.output is None:
        return compare_points(*_time_points(request, None, tell), tell=tell).comparison
    _refuse_inside(request, request.output)
    with output_folder(request.output, request.force, RESULTS) as staging:
        points = _time_points(request, staging, tell)
        compared = _with_folders(compare_points(*points, tell=tell), staging)
        if tell is not None:
            tell("writing", 0.0)
        write_comparison_report(staging / HTML_NAME, *points, compared)
        text = comparison_to_json(compared.comparison)
        (staging / JSON_NAME).write_text(text, encoding="utf-8")
    return compared.comparison


def compare(
    earlier: str | Path,
    later: str | Path,
    output: str | Path | None = None,
    *,
    force: bool = False,
    model_version: str | None = None,
    engine: str = "auto",
    threads: int | None = None,
    mode: str = BALANCED,
    precision: str = "auto",
    progress: Tell | None = None,
) -> Comparison:
    """Compare two dates of one patient.

    Args:
        earlier, later: each a study as for `calciscope.analyze`, or a folder of its results.
        output: folder for comparison.json and comparison.html, and for the results of each study
            in its folders earlier/ and later/; None writes nothing.
        force: replace an earlier comparison in `output`.
        model_version, engine, threads, mode, precision: that studies are analyzed with.
        progress: called with stage and share done.

    Raises:
        InputError, OutputError, ModelError: as `run_comparison`.
    """
    place = None if output is None else Path(output)
    request = ComparisonRequest(
        Path(earlier), Path(later), place, force, model_version, engine, threads, mode, precision
    )
    return run_comparison(request, progress)


def _refuse_missing(request: ComparisonRequest) -> None:
    for path in (request.earlier, request.later):
        if not path.exists():
            raise InputError(
                f"{path} does not exist; give a study, or a folder of results of calciscope run"
            )


def _refuse_inside(request: ComparisonRequest, output: Path) -> None:
    """Raise if what is compared would be replaced by the comparison."""
    for path in (request.earlier, request.later):
        if path.resolve().is_relative_to(output.resolve()):
            raise OutputError(f"{path} lies in {output}; choose another folder with -o")


def _time_points(
    request: ComparisonRequest, staging: Path | None, tell: Tell | None
) -> tuple[TimePoint, TimePoint]:
    """Both dates; folders of results are read first, as they are refused at once."""
    paths = dict(zip(FOLDERS, (request.earlier, request.later), strict=True))
    points = {name: read_results(path) for name, path in paths.items() if is_result_folder(path)}
    if len(points) < len(paths):
        analyzer = Analyzer(
            request.model_version,
            request.engine,
            request.threads,
            mode=request.mode,
            precision=request.precision,
        )
        method = f"{analyzer.model.name} {analyzer.model.version} ({analyzer.mode.name})"
        for point in points.values():
            require_method(point, method)
        for name, path in paths.items():
            if name not in points:
                folder = None if staging is None else staging / name
                points[name] = _analyzed(analyzer, path, folder, _named(tell, name))
    earlier, later = (points[name] for name in FOLDERS)
    return earlier, later


def _named(tell: Tell | None, name: str) -> Tell | None:
    """Say which date a stage is about."""
    if tell is None:
        return None
    return lambda stage, share: tell(f"{name}: {stage}", share)


def _analyzed(
    analyzer: Analyzer, source: Path, folder: Path | None, tell: Tell | None
) -> TimePoint:
    """Analyze a study, and keep of it only what a comparison needs."""
    analysis = analyzer.analyze(source, tell)
    if folder is not None:
        if tell is not None:
            tell("writing", 0.0)
        analyzer.write(analysis, folder)
    return TimePoint(
        source=source,
        findings=analysis.findings,
        tissues=analysis.segmentation.tissues,
        lesion_ids=analysis.measurement.lesion_ids,
        ct=analysis.study.volume,
        patient=_patient(analysis),
    )


def _patient(analysis: Analysis) -> str:
    instances = analysis.study.instances
    return str(instances[0].get("PatientID") or "") if instances else ""


def _with_folders(compared: ComparedPoints, staging: Path) -> ComparedPoints:
    """Say where the results of each date are."""
    comparison = compared.comparison
    names = [name if (staging / name).is_dir() else "" for name in FOLDERS]
    return replace(
        compared,
        comparison=replace(
            comparison,
            earlier=replace(comparison.earlier, results=names[0]),
            later=replace(comparison.later, results=names[1]),
        ),
    )
