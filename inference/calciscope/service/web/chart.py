"""How much was done: bars of an hour or a day, drawn as SVG on the server."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from calciscope.service.clock import Clock
from calciscope.service.journal.overview import OUTCOMES, Overview
from calciscope.service.journal.states import JobState
from calciscope.service.web.times import DAY, HOUR, exact

KEPT_SECONDS = 30.0
HEIGHT = 100.0
"""Of the drawing; one bar is 10 wide, with 2 to each side."""

SPANS = {"day": ("last 24 hours", HOUR, 24), "weeks": ("last 14 days", DAY, 14)}
"""Name in the address: in words, length of a step in seconds, number of steps."""

WORDS = {JobState.DONE: "analyzed", JobState.REFUSED: "refused", JobState.FAILED: "failed"}


@dataclass(frozen=True)
class Piece:
    """A part of a bar, from the top left."""

    kind: str
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """A bar; `title` says what it stands for."""

    x: float
    title: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Chart:
    """The chart and the figures beside it.

    Attributes:
        span: a key of SPANS.
        most: of the highest bar; the top of the scale.
        labels: under the bars, evenly spaced.
        summary: all of it in words.
        turnaround: median from first instance to delivery, in words; empty without one.
    """

    span: str
    words: str
    width: float
    most: int
    bars: tuple[Bar, ...]
    labels: tuple[str, ...]
    totals: tuple[tuple[str, int], ...]
    summary: str
    turnaround: str


def chart(overview: Overview, now: float, span: str) -> Chart:
    """Count what was done up to now.

    Args:
        overview: of the journal.
        now: seconds since 1970.
        span: a key of SPANS; anything else counts as the first.
    """
    span = span if span in SPANS else next(iter(SPANS))
    words, step, number = SPANS[span]
    starts = _starts(now, step, number)
    found = overview.outcomes(starts[0].timestamp(), step)
    most = max((sum(found.get((n, k), 0) for k in OUTCOMES) for n in range(number)), default=0)
    bars = tuple(
        _bar(n, {kind: found.get((n, kind), 0) for kind in OUTCOMES}, max(most, 1), _name(s, step))
        for n, s in enumerate(starts)
    )
    totals = tuple(
        (WORDS[kind], sum(count for (_, each), count in found.items() if each == kind))
        for kind in OUTCOMES
    )
    waits = overview.turnaround(starts[0].timestamp())
    return Chart(
        span, words, 10.0 * number, most, bars,
        tuple(_label(starts[n], step) for n in range(0, number, number // 4 or 1)),
        totals,
        f"In the {words}: " + ", ".join(f"{count} {word}" for word, count in totals) + ".",
        exact(waits[len(waits) // 2]) if waits else "",
    )  # fmt: skip


class Charts:
    """Draws a chart at most so often: of a busy day it takes a tenth of a second.

    Args:
        overview: of the journal.
        clock: of the chart, and of its age.
    """

    def __init__(self, overview: Overview, clock: Clock) -> None:
        self._overview = overview
        self._clock = clock
        self._drawn: dict[str, tuple[float, Chart]] = {}
        self._lock = threading.Lock()

    def of(self, span: str) -> Chart:
        """A chart that is at most KEPT_SECONDS old; see `chart`."""
        span = span if span in SPANS else next(iter(SPANS))
        with self._lock:
            at, drawn = self._drawn.get(span, (0.0, None))
            now = self._clock.monotonic()
            if drawn is None or not 0 <= now - at < KEPT_SECONDS:
                drawn = chart(self._overview, self._clock.now(), span)
                self._drawn[span] = (now, drawn)
            return drawn


def _starts(now: float, step: float, number: int) -> list[datetime]:
    """When the steps begin: on the full hour, or at the same hour of each day."""
    last = datetime.fromtimestamp(now).astimezone().replace(minute=0, second=0, microsecond=0)
    if step == DAY:
        last = last.replace(hour=0)
    return [last - timedelta(seconds=step * (number - 1 - n)) for n in range(number)]


def _bar(number: int, counts: dict[JobState, int], most: int, name: str) -> Bar:
    pieces, top = [], HEIGHT
    for kind in OUTCOMES:
        height = HEIGHT * counts[kind] / most
        if height:
            top -= height
            pieces.append(Piece(kind.value, 10.0 * number + 1.5, round(top, 2), round(height, 2)))
    told = ", ".join(f"{count} {WORDS[kind]}" for kind, count in counts.items() if count)
    return Bar(10.0 * number, f"{name}: {told or 'nothing'}", tuple(pieces))


def _name(start: datetime, step: float) -> str:
    if step == DAY:
        return start.strftime("%Y-%m-%d")
    return f"{start:%H:%M} to {start + timedelta(seconds=step):%H:%M}"


def _label(start: datetime, step: float) -> str:
    return start.strftime("%m-%d") if step == DAY else start.strftime("%H:%M")
