"""Reporting checklists, filled with what the run knows and nothing else.

An item without an answer is "not known": somebody who knows has to say it. The wording of the
items stands in `templates/*.yaml`, the answers in `answers.py`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any, TypeVar

import yaml

from calciscope.evaluation.report.answers import NotApplicable
from calciscope.evaluation.report.blocks import Section
from calciscope.writers.report_blocks import Table, Text

NAMES = ("claim", "tripod_ai")

Report = TypeVar("Report")


class Status(StrEnum):
    """What became of an item."""

    REPORTED = "reported"
    NOT_APPLICABLE = "not applicable"
    NOT_KNOWN = "not known"


@dataclass(frozen=True)
class ChecklistItem:
    """One item.

    Attributes:
        value: what is reported, or why the item does not apply; "" where it is not known.
    """

    id: str
    section: str
    text: str
    status: Status
    value: str


@dataclass(frozen=True)
class Checklist:
    """A filled checklist."""

    key: str
    name: str
    title: str
    items: tuple[ChecklistItem, ...]

    @property
    def counts(self) -> dict[Status, int]:
        """Number of items of each status."""
        found = Counter(item.status for item in self.items)
        return {status: found[status] for status in Status}


def filled_checklists(
    report: Report, answers: Mapping[str, Callable[[Report], str | None]]
) -> tuple[Checklist, ...]:
    """CLAIM and TRIPOD+AI for a run.

    Args:
        report: of the run.
        answers: what it knows, by the name that the checklists use; None: nothing.
    """
    told = {name: answer(report) for name, answer in answers.items()}
    return tuple(_filled(name, told) for name in NAMES)


def _filled(key: str, told: Mapping[str, str | None]) -> Checklist:
    source = files("calciscope.evaluation.report") / "templates" / f"{key}.yaml"
    content: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
    items = tuple(_item(item, told) for item in content["items"])
    return Checklist(key, str(content["name"]), str(content["title"]), items)


def _item(item: dict[str, Any], told: Mapping[str, str | None]) -> ChecklistItem:
    known = (str(item["id"]), str(item["section"]), str(item["text"]))
    if "not_applicable" in item:
        return ChecklistItem(*known, Status.NOT_APPLICABLE, str(item["not_applicable"]))
    answer = told[item["answer"]] if "answer" in item else None
    if not answer:
        return ChecklistItem(*known, Status.NOT_KNOWN, "")
    status = Status.NOT_APPLICABLE if isinstance(answer, NotApplicable) else Status.REPORTED
    return ChecklistItem(*known, status, str(answer))


def checklist_section(checklist: Checklist) -> Section:
    """A checklist as a section of the report."""
    counts = ", ".join(f"{count} {status}" for status, count in checklist.counts.items())
    rows = tuple(
        (item.id, item.section, item.text, item.status.value, item.value)
        for item in checklist.items
    )
    table = Table(
        f"checklist-{checklist.key}",
        f"{checklist.title}: {counts}",
        ("Item", "Section", "What is asked", "Status", "What the run knows"),
        rows,
        text_columns=5,
    )
    hint = "Filled from the run alone. What is not known here, somebody who knows has to add."
    return Section(
        f"checklist-{checklist.key}", checklist.name, (Text(hint, hint=True), table), folded=True
    )
