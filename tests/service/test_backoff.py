"""Waits between attempts: doubled, bounded, scattered."""

from random import Random

import pytest

from calciscope.service.backoff import delay
from calciscope.service.settings.work import Backoff


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 10.0), (2, 20.0), (4, 80.0), (5, 100.0), (50, 100.0), (9999, 100)]
)
def test_doubles_up_to_the_longest(attempt: int, seconds: float) -> None:
    backoff = Backoff(first_seconds=10, longest_seconds=100, jitter=0)
    assert delay(backoff, attempt, Random(0)) == seconds


def test_jitter_scatters_by_its_share_and_no_more() -> None:
    backoff = Backoff(first_seconds=10, longest_seconds=100, jitter=0.25)
    random = Random(0)
    waits = [delay(backoff, 1, random) for _ in range(1000)]
    assert 7.5 <= min(waits) < 8.0
    assert 12.0 < max(waits) <= 12.5
