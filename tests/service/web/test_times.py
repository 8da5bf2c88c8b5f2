"""Times in words."""

import pytest

from calciscope.service.web.times import exact, moment, relative


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (-59, "just now"),
        (-60, "1 min ago"),
        (-3600, "1 h ago"),
        (-2 * 86_400, "2 days ago"),
        (30, "in under 1 min"),
        (180, "in 3 min"),
    ],
)
def test_relative(seconds: float, text: str) -> None:
    assert relative(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (2.04, "2.0 s"),
        (59.4, "59 s"),
        (168, "2 min 48 s"),
        (3 * 3600 + 120, "3 h 2 min"),
        (3 * 86_400 + 3600, "3 days 1 h"),
    ],
)
def test_exact(seconds: float, text: str) -> None:
    assert exact(seconds) == text


def test_a_moment_says_the_time_zone_to_machines() -> None:
    found = moment(1_800_000_000.0, 1_800_000_120.0)
    assert found.relative == "2 min ago"
    assert found.iso[-6] in "+-"
    assert found.clock.startswith(found.absolute)
