"""Tables of a data set of hot spots: figures, differences, compartments, strata, cases."""

from calciscope.evaluation.report.wording import capital, figure_name, interval, number
from calciscope.evaluation.spect.names import compartment_name
from calciscope.evaluation.spect.records import SpectDataset
from calciscope.evaluation.spect.report.wording import basis
from calciscope.evaluation.spect.summarizing import RULE_NAME
from calciscope.labels import Compartment
from calciscope.writers.report_blocks import Table

INTERVAL = "[95\u00a0%\u00a0interval]"


def figures_table(data: SpectDataset) -> Table:
    """Figures down; the network, the rule and their difference across."""
    verdicts = {True: "better", False: "worse", None: "unclear"}
    rule = {figure.key: figure.interval for figure in data.rule_figures}
    differences = {row.key: row for row in data.differences}
    rows = []
    for figure in data.figures:
        digits = 3 if figure.key in ("ece", "brier", "rejected") else 2
        difference = differences.get(figure.key)
        told = (
            f"{interval(difference.difference)} {verdicts[difference.better]}"
            if difference and difference.difference.value is not None
            else "–"
        )
        beside = interval(rule[figure.key]) if figure.key in rule else "–"
        rows.append((capital(figure_name(figure)), interval(figure.interval, digits), beside, told))
    caption = (
        "All figures, with 95 % intervals over patients; differences are paired, better or worse"
        f" only where the interval excludes 0. Detection is by rule. {basis(data)}"
    )
    head = ("Figure", "Network", f"Rule: {RULE_NAME}", "Network − rule")
    return Table(f"{data.key}-figures", caption, head, tuple(rows))


def compartments_table(data: SpectDataset) -> Table:
    """Each compartment against the others."""
    rows = tuple(
        (
            capital(compartment_name(row.compartment)),
            number(row.hot_spots, 0),
            number(row.predicted, 0),
            *(
                interval(known) if known.value is not None else "–"
                for known in (row.recall, row.precision, row.f1, row.auc)
            ),
        )
        for row in data.compartments
    )
    head = ("Compartment", "True", "Predicted", "Recall", "Precision", "F1", "AUC")
    caption = f"By compartment, 95 % intervals over patients; – nothing to measure. {basis(data)}"
    return Table(f"{data.key}-compartments", caption, head, rows)


def ablations_table(data: SpectDataset) -> Table:
    """What was done, and the difference that it makes."""
    rows = tuple(
        (
            row.name,
            row.how,
            interval(row.macro_f1),
            interval(row.muscle_or_subcutis),
            "–" if place == 0 else interval(row.difference),
        )
        for place, row in enumerate(data.ablations)
    )
    head = (
        "Input", "How", f"Macro-F1 {INTERVAL}", f"Muscle versus subcutis {INTERVAL}",
        "Macro-F1 less that with all input",
    )  # fmt: skip
    return Table(f"{data.key}-ablations", f"Ablations. {basis(data)}", head, rows, text_columns=2)


def strata_table(data: SpectDataset) -> Table:
    """The network by kind of case."""
    rows = tuple(
        (
            row.by if place == 0 or data.strata[place - 1].by != row.by else "",
            row.name,
            number(row.cases, 0),
            number(row.hot_spots, 0),
            interval(row.accuracy),
            interval(row.macro_f1),
            interval(row.false_per_case),
        )
        for place, row in enumerate(data.strata)
    )
    head = ("By", "Stratum", "Cases", "Hot spots", "Accuracy", "Macro-F1", "False a scan")
    return Table(f"{data.key}-strata", f"By stratum. {basis(data)}", head, rows, text_columns=2)


def cases_table(data: SpectDataset) -> Table:
    """Every case, with what was wrong in it."""
    rows = tuple(
        (
            line.case_id,
            line.body_part,
            "; ".join(map(_wrong, line.wrong)),
            str(line.hot_spots),
            str(line.right),
            str(line.false),
            f"{line.found} / {line.foci}",
        )
        for line in data.case_lines
    )
    head = ("Case", "Body part", "Wrong (id: true → predicted)", "Hot spots", "Right", "False",
            "Foci found")  # fmt: skip
    return Table(f"{data.key}-cases", f"Case by case. {basis(data)}", head, rows, text_columns=3)


def _wrong(text: str) -> str:
    """As "3: bone > joint" with the names of the field."""
    number, _, both = text.partition(": ")
    names = [compartment_name(Compartment(name)) for name in both.split(" > ")]
    return f"{number}: {' → '.join(names)}"
