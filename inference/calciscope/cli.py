"""The command line. Nothing heavy is imported before a command needs it."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from calciscope import __version__
from calciscope.errors import CalciscopeError, InputError
from calciscope.service import commands as service

if TYPE_CHECKING:
    from calciscope.findings import Findings
    from calciscope.followup.comparison import Comparison
    from calciscope.pipeline import Progress as Tell

app = typer.Typer(
    name="calciscope",
    help="Find mineral in soft tissue. Research use, not a diagnosis.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
console = Console()
errors = Console(stderr=True)

EngineOption = Annotated[
    str, typer.Option("--engine", help="auto, openvino or onnxruntime (CUDA where it is there).")
]
ModeOption = Annotated[
    str, typer.Option("--mode", help="balanced; sensitive misses less, specific invents less.")
]
PrecisionOption = Annotated[
    str, typer.Option("--precision", help="auto, fp32, bf16 or int8 (where the model has it).")
]
LanguageOption = Annotated[
    str, typer.Option("--language", help="Of conclusion and labs: en, fr, de.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace results in OUT.")]
OutputOption = Annotated[
    Path, typer.Option("-o", "--output", metavar="OUT", help="For the results.")
]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="Version of ct-calcification; default newest.")
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, help="CPU threads; default all.")
]


@app.command()
def run(
    source: Annotated[
        Path,
        typer.Argument(metavar="INPUT", help="Folder or .zip of DICOM, or a CT NIfTI file in HU."),
    ],
    output: OutputOption,
    force: ForceOption = False,
    engine: EngineOption = "auto",
    model_version: ModelOption = None,
    threads: ThreadsOption = None,
    mode: ModeOption = "balanced",
    precision: PrecisionOption = "auto",
    labs: Annotated[
        Path | None,
        typer.Option(metavar="LABS.yaml", help="Laboratory values, with units."),
    ] = None,
    language: LanguageOption = "en",
    labelmap: Annotated[
        bool, typer.Option("--labelmap", help="DICOM SEG as LABELMAP; default BINARY.")
    ] = False,
    deidentify: Annotated[
        bool, typer.Option("--deidentify", help="No result says whose study it is (PS3.15).")
    ] = False,
    show_patient: Annotated[
        bool, typer.Option("--show-patient", help="Patient ID in the reports.")
    ] = False,
    series: Annotated[
        str | None,
        typer.Option(metavar="UID", help="Series Instance UID of the CT, against the choice."),
    ] = None,
    spect: Annotated[
        Path | None,
        typer.Option(
            "--spect",
            metavar="SPECT",
            help="SPECT NIfTI in SUVbw, or DICOM; default: what the study holds.",
        ),
    ] = None,
    spect_series: Annotated[
        str | None,
        typer.Option(metavar="UID", help="Series Instance UID of the SPECT, against the choice."),
    ] = None,
    accept_pet: Annotated[
        bool, typer.Option("--accept-pet", help="Take a PET for want of a SPECT.")
    ] = False,
    register: Annotated[
        bool, typer.Option("--register", help="Move the uptake onto the bones of the CT.")
    ] = False,
) -> None:
    """Analyze one study: masks, findings.json, report.html and .pdf, DICOM objects."""
    from calciscope.inputs import SpectRequest
    from calciscope.labs import read_labs
    from calciscope.pipeline import Analyzer
    from calciscope.results import OutputOptions

    try:
        outputs = OutputOptions(labelmap, deidentify, show_patient)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
    # Before the model is loaded: what cannot be used is refused at once.
    values = None if labs is None else read_labs(labs)
    analyzer = Analyzer(
        model_version,
        engine,
        threads,
        mode=mode,
        precision=precision,
        language=language,
        outputs=outputs,
    )
    console.print(
        f"Model {analyzer.model.name} {analyzer.model.version} ({analyzer.mode.name}), engine"
        f" {analyzer.engine_text} on {analyzer.engine.device}"
    )
    with _progress() as tell:
        request = SpectRequest(spect, accept_pet, register, spect_series)
        findings = analyzer.run(source, output, force, tell, values, series, request)
    _print_findings(findings, output)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT")] = Path(
        "calciscope-demo"
    ),
    force: ForceOption = False,
    engine: EngineOption = "auto",
    language: LanguageOption = "en",
) -> None:
    """Make the phantom of the case report as DICOM, analyze it, say where the report is."""
    from calciscope.demo import run_demo

    with _progress() as tell:
        findings = run_demo(output, force, engine, tell, language)
    _print_findings(findings, output)


@app.command()
def compare(
    earlier: Annotated[
        Path,
        typer.Argument(metavar="EARLIER", help="A study as for run, or a folder of its results."),
    ],
    later: Annotated[Path, typer.Argument(metavar="LATER", help="The same of a later date.")],
    output: OutputOption,
    force: ForceOption = False,
    engine: EngineOption = "auto",
    model_version: ModelOption = None,
    threads: ThreadsOption = None,
    mode: ModeOption = "balanced",
    precision: PrecisionOption = "auto",
) -> None:
    """Compare two dates: what is new, grown, stable, shrunk or gone."""
    from calciscope.followup.command import ComparisonRequest, run_comparison

    request = ComparisonRequest(
        earlier, later, output, force, model_version, engine, threads, mode, precision
    )
    with _progress() as tell:
        comparison = run_comparison(request, tell)
    _print_comparison(comparison, output)


@app.command()
def evaluate(
    references: Annotated[
        list[Path],
        typer.Argument(
            metavar="REFERENCES...",
            help="Folders of cases: prepared ones, or NIfTI label maps or masks with their CTs.",
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="For the report.")],
    predictions: Annotated[
        Path | None,
        typer.Option(help="Folder of masks or of results of `run`, instead of running a model."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Version or folder; default newest.")
    ] = None,
    compare: Annotated[
        str | None, typer.Option(help="Version or folder of a second model, for differences.")
    ] = None,
    engine: EngineOption = "auto",
    threads: ThreadsOption = None,
    mode: ModeOption = "balanced",
    precision: PrecisionOption = "auto",
    force: ForceOption = False,
) -> None:
    """Measure a model, or saved predictions, on cases with references; write a report."""
    from calciscope.evaluation.command import EvaluationRequest, run_evaluation

    request = EvaluationRequest(
        tuple(references),
        output,
        predictions,
        model,
        compare,
        engine,
        threads,
        mode,
        precision,
        force,
    )
    with _progress() as tell:
        report = run_evaluation(request, tell)
    for line in report.summary:
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    for caution in report.cautions:
        console.print(f"[yellow]Note:[/] {escape(caution)}")
    page = (output / "report.html").resolve()
    console.print(f"Report: {page}", soft_wrap=True, markup=False, highlight=False)
    console.print(report.notice)


@app.command()
def models() -> None:
    """List the installed models: versions, hashes, modes and evaluation figures."""
    from calciscope.models.registry import installed_models
    from calciscope.models.summary import evaluation_figures, operating_lines

    table = Table("model", "version", "sha256", "measured")
    for model in installed_models():
        lines = [*operating_lines(model), *evaluation_figures(model)]
        table.add_row(model.name, model.version, model.sha256[:12], "\n".join(lines))
    console.print(table)


app.command()(service.watch)
app.add_typer(service.jobs)
app.command()(service.selftest)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print and exit.")
    ] = False,
) -> None:
    """Find mineral in soft tissue. Research use, not a diagnosis."""


@contextmanager
def _progress() -> "Iterator[Tell]":
    """A bar that follows the stages of a run."""
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        console=console, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("starting", total=1.0)

        def tell(stage: str, share: float) -> None:
            bar.update(task, description=stage, completed=share)

        yield tell


def _print_findings(findings: "Findings", output: Path) -> None:
    total = findings.ct.burden.total
    provenance = findings.provenance
    if provenance.series:
        console.print(f"Analyzed {escape(provenance.series)}", highlight=False)
    for other in provenance.series_left_out:
        console.print(f"Left out {escape(other)}", highlight=False)
    for warning in findings.provenance.warnings:
        console.print(f"[yellow]Note:[/] {escape(warning)}")
    console.print(
        f"{total.count} soft-tissue calcifications, {total.volume_pv_mm3 / 1000:.2f} mL, "
        f"{total.ha_mass_mg:.0f} mg hydroxyapatite"
    )
    if findings.spect is not None:
        summary = findings.spect.summary
        console.print(
            f"{summary.hot_spots} hot spots in the SPECT, {summary.physiologic} of them physiologic"
        )
    if findings.conclusion:
        text = " ".join(findings.conclusion.sentences[:-1])
        console.print(text, soft_wrap=True, markup=False, highlight=False)
    report = (output / "report.html").resolve()
    console.print(f"Report: {report}", soft_wrap=True, markup=False, highlight=False)
    console.print("Research use, not a diagnosis.")


def _print_comparison(comparison: "Comparison", output: Path) -> None:
    from calciscope.followup.wording import summary_sentences

    for caution in (*comparison.differences, *comparison.warnings):
        console.print(f"[yellow]Note:[/] {escape(caution)}")
    for line in summary_sentences(comparison):
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    page = (output / "comparison.html").resolve()
    console.print(f"Report: {page}", soft_wrap=True, markup=False, highlight=False)
    console.print("Research use, not a diagnosis.")


def main() -> None:
    """Entry point: one clear line and exit status 1 for what Calciscope refuses."""
    try:
        app()
    except CalciscopeError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or 'the file system'}: {error.strerror or error}")
    except sqlite3.Error as error:
        _refuse(f"the journal of the service cannot be used ({error}); look at the disk, and at who"
                " may write to the data folder")  # fmt: skip
    except MemoryError:
        _refuse("memory does not suffice; give a part of the study or use a larger machine")


def _refuse(sentence: str) -> None:
    errors.print(f"calciscope: {sentence}", style="red", soft_wrap=True, markup=False)
    sys.exit(1)
