"""The model card: what a model is, was trained on and can do, made from record and manifest."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from calciscope.errors import OutputError
from calciscope.evaluation.records import DatasetReport, EvaluationReport
from calciscope.evaluation.report.answers_model import flat
from calciscope.evaluation.report.patients import leak_caution, patient_overlap
from calciscope.evaluation.report.tables import headline_table
from calciscope.evaluation.report.weak_spots import weak_spots
from calciscope.evaluation.report.wording import (
    capital,
    interval,
    number,
    sample,
    small_samples,
    synthetic,
    typeset,
)
from calciscope.models.manifest import ModelManifest
from calciscope.writers.whole_file import whole_file

DESCRIPTION_KEY = "description"
LIMITS_KEY = "limitations"
"""Keys of a manifest's training data in which its maker may describe the model in words."""


@dataclass(frozen=True)
class CardData:
    """One data set on the card: a table with a column a predictor, and lines beneath."""

    title: str
    sample: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]


def write_model_card(report: EvaluationReport, manifest: ModelManifest, path: Path) -> None:
    """Write the card (Markdown).

    Args:
        report: of this model.
        manifest: of the model; its training data may hold "description" (text) and
            "limitations" (list of sentences) in its maker's words.
        path: file to write, replaced as a whole.

    Raises:
        OutputError: the report is of another model, or the file cannot be written.
    """
    judged = report.provenance.model
    if judged is None or judged.sha256 != manifest.sha256:
        raise OutputError(
            f"cannot write {path}: the evaluation is not of {manifest.name} {manifest.version};"
            " evaluate this model first"
        )
    try:
        with whole_file(path) as draft:
            draft.write_text(model_card(report, manifest), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path} ({error.strerror}); choose another") from error


def model_card(report: EvaluationReport, manifest: ModelManifest) -> str:
    """The card as text."""
    report = typeset(report)
    training = manifest.training_data
    overlap = patient_overlap(report)
    return render_card(
        report=report,
        manifest=manifest,
        description=str(training.get(DESCRIPTION_KEY) or _description(manifest)),
        extras=tuple(_extras(manifest)),
        training=training_rows(training),
        patients=f"{overlap.text}." if overlap else "",
        datasets=[_card_data(data) for data in report.datasets],
        weak=[line for data in report.datasets for line in weak_spots(data)],
        limits=tuple(_limits(report, training)),
    )


def render_card(**content: Any) -> str:
    """The card of any kind of model; see the template for what it is made of."""
    environment = Environment(
        loader=PackageLoader("calciscope.evaluation.report", "templates"),
        # Markdown, not HTML; what could break a table is escaped by _cell.
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    template = environment.get_template("model_card.md.j2")
    return template.render(notice="Research use, not a diagnosis", **content)


def _description(manifest: ModelManifest) -> str:
    """What the manifest says of input and output."""
    spec = manifest.preprocessing
    spacing = " x ".join(f"{value:g}" for value in spec.spacing_mm)
    windows = " and ".join(f"{low:g} to {high:g}" for low, high in spec.windows_hu)
    labels = ", ".join(label.name for label in manifest.labels)
    return (
        f"A network that labels a CT as {labels}. Input: HU at {spacing} mm in the windows"
        f" {windows} HU."
    )


def _extras(manifest: ModelManifest) -> Iterator[str]:
    """Modes and further files, where the manifest has them."""
    for mode in manifest.modes:
        record = asdict(mode)
        yield f"Mode {record.pop('name')}: {flat(record)}."
    for variant in manifest.variants:
        yield (
            f"{variant.file}: the network in {variant.precision}, for {', '.join(variant.engines)};"
            f" {100 * variant.label_agreement:.2f} % of labels agree with it on windows that hold"
            " calcification."
        )


def training_rows(training: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """What a manifest says of training, but for what stands elsewhere on the card."""
    return tuple(_training(training))


def _training(training: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in training.items():
        if key not in (DESCRIPTION_KEY, LIMITS_KEY):
            text = flat({"": value}).removeprefix(": ") if not isinstance(value, Mapping) else ""
            yield key.replace("_", " "), text or flat(dict(value))  # type: ignore[call-overload]


def _card_data(data: DatasetReport) -> CardData:
    table = headline_table(data)
    return CardData(
        f"{capital(data.name)} ({synthetic(data)})",
        capital(sample(data)),
        tuple(cell(text) for text in table.head[1:]),
        tuple(tuple(cell(text) for text in row) for row in table.rows),
        tuple(_lines(data)),
    )


def cell(text: str) -> str:
    """A text that cannot break a table of Markdown."""
    return text.replace("|", "\\|").replace("\n", " ")


def _lines(data: DatasetReport) -> Iterator[str]:
    """What is found by group, burden and calibration, a line each."""
    rows = data.judged.sensitivities
    for by in dict.fromkeys(row.by for row in rows):
        groups = [f"{r.name} {r.found} of {r.lesions}" for r in rows if r.by == by and r.lesions]
        if groups:
            yield f"Found by {by}: {', '.join(groups)}."
    for agreement in data.judged.agreements:
        if agreement.points:
            error = agreement.median_absolute_relative_error
            size = "" if error is None else f", median size of the error {number(100 * error, 0)} %"
            yield (
                f"{capital(agreement.quantity)} of a case: bias"
                f" {interval(agreement.bias)} {agreement.unit}, ICC(2,1)"
                f" {interval(agreement.icc)}{size}."
            )
    calibration = data.judged.calibration
    if calibration is not None and calibration.ece.value is not None:
        yield (
            f"Calibration: ECE {interval(calibration.ece, 3)}, null floor"
            f" {number(calibration.ece_null_median, 3)} to {number(calibration.ece_null_95, 3)}."
        )


def _limits(report: EvaluationReport, training: Mapping[str, object]) -> Iterator[str]:
    told = training.get(LIMITS_KEY)
    yield from (str(line) for line in (told if isinstance(told, list | tuple) else ()))
    yield from dict.fromkeys((*leak_caution(report), *report.cautions, *small_samples(report)))
    if report.datasets and all(data.synthetic for data in report.datasets):
        yield "All lesions are synthetic: nothing here was measured on patients with calcinosis."
    yield "The figures hold for cases like the ones measured; for others they are not known."
