"""The chapter of one data set of hot spots: each question a reader has, with chart and numbers."""

from collections.abc import Iterator
from dataclasses import replace

from calciscope.evaluation.record_figures import SensitivityRow
from calciscope.evaluation.report.blocks import Block, Charts, Section
from calciscope.evaluation.report.chart_calibration import floor_chart, reliability_chart
from calciscope.evaluation.report.chart_comparison import sensitivity_chart
from calciscope.evaluation.report.wording import capital, interval, plural
from calciscope.evaluation.spect.names import compartment_name
from calciscope.evaluation.spect.records import SpectDataset
from calciscope.evaluation.spect.report.chart_abstention import risk_coverage_chart
from calciscope.evaluation.spect.report.chart_confusion import confusion_chart
from calciscope.evaluation.spect.report.chart_robustness import ablation_chart, robustness_chart
from calciscope.evaluation.spect.report.tables import (
    ablations_table,
    cases_table,
    compartments_table,
    figures_table,
    strata_table,
)
from calciscope.evaluation.spect.report.wording import basis, foci_basis, mark
from calciscope.evaluation.spect.summarizing import RULE_NAME
from calciscope.labels import Compartment
from calciscope.writers.report_blocks import Text


def spect_sections(data: SpectDataset) -> Iterator[Section]:
    """All parts of a data set's chapter, in order."""
    yield Section(data.key, f"{capital(data.name)}{mark(data)}", tuple(_headline(data)), level=1)
    parts = (
        ("compartments", "Which compartments are told apart", _compartments(data)),
        ("calibration", "Can the probabilities be believed?", _calibration(data)),
        ("abstention", "What is left unanswered", _abstention(data)),
        ("detection", "Which foci become hot spots", _detection(data)),
        ("ablation", "What each input is worth", _ablation(data)),
        ("robustness", "Misregistration, counts and noise", _robustness(data)),
        ("strata", "By body part and scanners", (strata_table(data),)),
    )
    for name, title, blocks in parts:
        yield Section(f"{data.key}-{name}", title, tuple(blocks))
    yield Section(f"{data.key}-lines", "Every case", (cases_table(data),), folded=True)


def _headline(data: SpectDataset) -> Iterator[Block]:
    kind = "synthetic" if data.synthetic else "real"
    yield Text(
        f"{plural(data.cases, 'case')}, {kind}; tissues by {data.tissues_by}."
        f" {plural(data.hot_spots, 'hot spot')} detected, {data.judged} with a true compartment"
        f" ({data.mixed} of them mixed), {data.false} there for nothing."
    )
    yield figures_table(data)


def _compartments(data: SpectDataset) -> Iterator[Block]:
    if data.judged == 0:
        yield Text("Not measured: no hot spot has a true compartment.")
        return
    yield Charts((confusion_chart(data, data.confusion, "network", "network"),))
    yield compartments_table(data)
    yield Charts((confusion_chart(data, data.rule_confusion, f"rule ({RULE_NAME})", "rule"),))


def _calibration(data: SpectDataset) -> Iterator[Block]:
    calibration = data.calibration
    if not calibration.bins:
        yield Text("Not measured: no hot spot has a true compartment.")
        return
    yield Text(
        "Of the largest probability of each hot spot. ECE is never 0 in a finite sample: its null"
        " floor is what a perfectly calibrated model with the same probabilities would score.",
        hint=True,
    )
    floor = floor_chart(data.key, basis(data), calibration)
    reliability = reliability_chart(
        data.key, basis(data), calibration, "hot spot", "share that are right"
    )
    yield Charts((reliability, *((floor,) if floor else ())))


def _abstention(data: SpectDataset) -> Iterator[Block]:
    report = data.abstention
    if not report.curve.points:
        yield Text("Not measured: no hot spot has a true compartment.")
        return
    yield Text(
        f"The program gives no compartment below a probability of {report.threshold:g}, nor where"
        " a second one is nearly as likely (bone and joint count together): it leaves"
        f" {interval(report.rejected, 3)} of the hot spots unanswered; of the others"
        f" {interval(report.answered_accuracy, 3)} are right, with a macro-F1 of"
        f" {interval(report.answered_macro_f1, 3)} (synthetic)."
    )
    yield Charts((risk_coverage_chart(data),))


def _detection(data: SpectDataset) -> Iterator[Block]:
    rows = data.detection
    if not rows:
        yield Text("Not measured: there is no true focus.")
        return
    yield Text(
        "Detection is by rule; the network takes no part in it. Small or faint foci cannot reach"
        " the threshold: the resolution of SPECT spreads them out.",
        hint=True,
    )
    yield Charts(
        tuple(
            sensitivity_chart(
                data.key, foci_basis(data), by, tuple(named(row) for row in rows if row.by == by),
                "detection by rule", "foci",
            )
            for by in dict.fromkeys(row.by for row in rows)
        )
    )  # fmt: skip


def named(row: SensitivityRow) -> SensitivityRow:
    """A row with its compartment in the words of the field."""
    if row.by != "compartment":
        return row
    return replace(row, name=compartment_name(Compartment(row.name)))


def _ablation(data: SpectDataset) -> Iterator[Block]:
    yield Text(
        "Input that is withheld from a model that was trained with it shows what it relies on, not"
        " what a model without that input could learn; models of their own show the latter.",
        hint=True,
    )
    yield Charts((ablation_chart(data),))
    yield ablations_table(data)


def _robustness(data: SpectDataset) -> Iterator[Block]:
    if not data.robustness:
        yield Text("Not measured: there is no second condition.")
        return
    yield Charts(tuple(robustness_chart(data, curve) for curve in data.robustness))
