"""Which part of the list a browser asks for: filters and page, as they stand in the address."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from calciscope.service.journal.overview import Wanted
from calciscope.service.journal.states import GOING_ON, JobState
from calciscope.service.web.names import one_line
from calciscope.service.web.times import DAY

ROWS = 50
"""Jobs on a page."""

PERIODS = {"1": "the last day", "7": "the last 7 days", "30": "the last 30 days"}
"""Days: in words; anything else is all time."""

GROUPS: dict[str, tuple[JobState, ...]] = {
    "open": GOING_ON,
    **{state.value: (state,) for state in JobState},
}
"""Name in the address: states."""

ATTENTION = "attention"
LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class Query:
    """What is looked at; the defaults show everything.

    Attributes:
        show: a name of GROUPS, `attention`, or empty for all.
        text: that is searched for.
        days: a key of PERIODS, or empty.
        page: from 1.
    """

    show: str = ""
    text: str = ""
    days: str = ""
    page: int = 1

    @classmethod
    def read(cls, values: Mapping[str, str]) -> "Query":
        """From an address; what is not understood counts as not said."""
        show, days, page = (values.get(key, "") for key in ("show", "days", "page"))
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
        return cls(
            show if show in GROUPS or show == ATTENTION else "",
            one_line(values.get("text", ""), 100),
            days if days in PERIODS else "",
            min(max(number, 1), LAST_PAGE),
        )

    def wanted(self, now: float, patients: bool) -> Wanted:
        """As a question to the journal."""
        return Wanted(
            states=GROUPS.get(self.show, ()),
            attention=self.show == ATTENTION,
            text=self.text,
            patients=patients,
            since=now - float(self.days) * DAY if self.days else 0.0,
        )

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.show or self.text or self.days)

    @property
    def address(self) -> str:
        """The part of an address behind the question mark, with it; empty for the defaults."""
        values = {key: value for key, value in asdict(self).items() if value and value != 1}
        return f"?{urlencode(values)}" if values else ""

    def showing(self, show: str) -> "Query":
        """Other states, from the first page."""
        return replace(self, show=show, page=1)

    def at(self, page: int) -> "Query":
        """Another page."""
        return replace(self, page=page)
