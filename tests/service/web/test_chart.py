"""The bars of the chart."""

from datetime import datetime

import pytest
from tests.service.conftest import HandClock
from tests.service.web.hospital import Hospital

from calciscope.service.journal.journal import Journal
from calciscope.service.journal.overview import Overview
from calciscope.service.journal.states import JobState
from calciscope.service.web.chart import HEIGHT, KEPT_SECONDS, Charts, chart

HOUR = 3600.0


@pytest.fixture
def at_noon(clock: HandClock) -> HandClock:
    clock.wall = datetime(2026, 11, 23, 12, 30).timestamp()
    return clock


def test_an_empty_journal_has_an_empty_chart(journal: Journal, at_noon: HandClock) -> None:
    drawn = chart(Overview(journal.database), at_noon.now(), "day")
    assert (drawn.most, len(drawn.bars), drawn.turnaround) == (0, 24, "")
    assert not any(bar.pieces for bar in drawn.bars)
    assert drawn.labels == ("13:00", "19:00", "01:00", "07:00")


def test_bars_are_stacked_to_scale(
    journal: Journal, hospital: Hospital, at_noon: HandClock
) -> None:
    at_noon.advance(-2 * HOUR)
    for number, state in enumerate((JobState.DONE, JobState.DELIVERED, JobState.FAILED)):
        hospital.bring(hospital.send(f"1.{number}"), state)
    hospital.bring(hospital.send("1.9"), JobState.REFUSED)
    at_noon.advance(2 * HOUR)
    hospital.bring(hospital.send("1.10"), JobState.DONE)
    drawn = chart(Overview(journal.database), at_noon.now(), "day")
    assert drawn.most == 4
    tall, low = drawn.bars[21], drawn.bars[23]
    assert [(p.kind, p.y, p.height) for p in tall.pieces] == [
        ("done", HEIGHT / 2, HEIGHT / 2),
        ("refused", HEIGHT / 4, HEIGHT / 4),
        ("failed", 0.0, HEIGHT / 4),
    ]
    assert [(p.y, p.height) for p in low.pieces] == [(HEIGHT * 3 / 4, HEIGHT / 4)]
    assert tall.title == "10:00 to 11:00: 2 analyzed, 1 refused, 1 failed"
    assert drawn.summary == "In the last 24 hours: 3 analyzed, 1 refused, 1 failed."


def test_weeks_are_days(journal: Journal, hospital: Hospital, at_noon: HandClock) -> None:
    at_noon.advance(-20 * 24 * HOUR)
    hospital.bring(hospital.send("1.1"), JobState.DONE)
    at_noon.advance(19 * 24 * HOUR)
    hospital.bring(hospital.send("1.2"), JobState.DONE)
    at_noon.advance(24 * HOUR)
    drawn = chart(Overview(journal.database), at_noon.now(), "weeks")
    assert [number for number, bar in enumerate(drawn.bars) if bar.pieces] == [12]
    assert drawn.bars[12].title == "2026-11-22: 1 analyzed"


def test_an_unknown_span_is_the_first(journal: Journal, at_noon: HandClock) -> None:
    assert chart(Overview(journal.database), at_noon.now(), "century").span == "day"


def test_a_chart_is_kept_for_a_while(
    journal: Journal, hospital: Hospital, at_noon: HandClock
) -> None:
    charts = Charts(Overview(journal.database), at_noon)
    assert charts.of("day").most == 0
    hospital.bring(hospital.send("1.1"), JobState.DONE)
    assert charts.of("century").most == 0
    assert charts.of("weeks").most == 1
    at_noon.advance(KEPT_SECONDS)
    assert charts.of("day").most == 1
