"""The card of a hot-spot model: what it is for, was trained on, can do and cannot."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from calciscope.errors import OutputError
from calciscope.evaluation.report.model_card import (
    DESCRIPTION_KEY,
    LIMITS_KEY,
    CardData,
    cell,
    render_card,
    training_rows,
)
from calciscope.evaluation.report.patients import overlap_caution
from calciscope.evaluation.report.wording import capital, interval, number, typeset
from calciscope.evaluation.spect.names import compartment_name
from calciscope.evaluation.spect.records import SpectDataset, SpectEvaluation
from calciscope.evaluation.spect.report.answers import overlap_of
from calciscope.evaluation.spect.report.tables import figures_table
from calciscope.evaluation.spect.report.wording import basis
from calciscope.writers.whole_file import whole_file

DESCRIPTION = (
    "A network that says in which of 11 anatomical compartments a hot spot of bone SPECT/CT "
    "(99mTc diphosphonate) lies. Input: uptake, CT, and the CT network's tissues and calcification "
    "around a hot spot that was found by rule. Output: calibrated probabilities; no compartment is "
    "named where none is likely enough."
)
LIMITS = (
    "It names a compartment, not a disease; whether uptake is pathologic is not its question.",
    "It knows neither other tracers nor PET, nor SPECT without its CT.",
    "It only sees hot spots that the rule of detection found.",
)
WEAK = 0.8
"""Recall below which a compartment is named as weak."""

FEWEST = 10
"""True hot spots that a compartment needs to be called weak: with fewer, chance would do."""


class Manifest(Protocol):
    """What the card needs of a manifest."""

    @property
    def sha256(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def training_data(self) -> dict[str, Any]: ...


def write_spect_card(report: SpectEvaluation, manifest: Manifest, path: Path) -> None:
    """Write the card (Markdown), replaced as a whole.

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
            draft.write_text(spect_card(report, manifest), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path} ({error.strerror}); choose another") from error


def spect_card(report: SpectEvaluation, manifest: Manifest) -> str:
    """The card as text."""
    report = typeset(report)
    training = manifest.training_data
    overlap = overlap_of(report)
    told = training.get(LIMITS_KEY)
    limits = (
        *LIMITS,
        *(str(line) for line in (told if isinstance(told, list | tuple) else ())),
        *overlap_caution(overlap),
        *report.cautions,
        "The figures hold for cases like the ones measured; for others they are not known.",
    )
    return render_card(
        report=report,
        manifest=manifest,
        description=str(training.get(DESCRIPTION_KEY) or DESCRIPTION),
        extras=(),
        training=training_rows(training),
        patients=f"{overlap.text}." if overlap else "",
        datasets=[_card_data(data) for data in report.datasets],
        weak=[line for data in report.datasets for line in _weak(data)],
        limits=tuple(dict.fromkeys(limits)),
    )


def _card_data(data: SpectDataset) -> CardData:
    table = figures_table(data)
    return CardData(
        f"{capital(data.name)} ({'synthetic' if data.synthetic else 'real'})",
        capital(basis(data)),
        tuple(cell(text) for text in table.head[1:]),
        tuple(tuple(cell(text) for text in row) for row in table.rows),
        tuple(_lines(data)),
    )


def _lines(data: SpectDataset) -> Iterator[str]:
    """Recall by compartment, calibration, ablations and robustness, a line each."""
    told = [
        f"{compartment_name(row.compartment)} {number(row.recall.value)} of {row.hot_spots}"
        for row in data.compartments
        if row.hot_spots
    ]
    if told:
        yield f"Recall by compartment: {', '.join(told)}."
    floor = data.calibration
    if floor.ece_null_median is not None:
        yield (
            f"Calibration: ECE {interval(floor.ece, 3)}, null floor"
            f" {number(floor.ece_null_median, 3)} to {number(floor.ece_null_95, 3)}."
        )
    worth = [f"{row.name} {interval(row.macro_f1)} ({row.how})" for row in data.ablations]
    yield f"Macro-F1 by input: {'; '.join(worth)}."
    for curve in data.robustness:
        points = [f"{p.label} {interval(p.macro_f1)}" for p in curve.points]
        yield f"Macro-F1, {curve.title.lower()}: {'; '.join(points)}."


def _weak(data: SpectDataset) -> Iterator[str]:
    """Compartments that are told worst, and what they are taken for; at least the worst one."""
    known = [
        row.recall.value
        for row in data.compartments
        if row.hot_spots >= FEWEST and row.recall.value is not None
    ]
    limit = max(WEAK, min(known, default=WEAK))
    names = [compartment_name(row.compartment) for row in data.compartments]
    for place, row in enumerate(data.compartments):
        recall = row.recall.value
        if row.hot_spots < FEWEST or recall is None or recall > limit:
            continue
        counts = dict(zip([*names, "nothing"], data.confusion[place], strict=True))
        del counts[names[place]]
        other = max(counts, key=lambda name: counts[name])
        yield (
            f"{capital(data.name)}: {names[place]} is told in {number(recall)} of"
            f" {row.hot_spots}, most often taken for {other} ({counts[other]})."
        )
