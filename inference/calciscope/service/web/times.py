"""Times for people: how long ago, and when exactly."""

from dataclasses import dataclass
from datetime import datetime

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


@dataclass(frozen=True)
class Moment:
    """A point in time in three ways.

    Attributes:
        iso: for the machine, with the offset from UTC.
        absolute: for people, in the time zone of the service.
        clock: the same with seconds.
        relative: such as "3 min ago" or "in 2 h".
    """

    iso: str
    absolute: str
    clock: str
    relative: str


def moment(at: float, now: float) -> Moment:
    """A point in time as seen from another, both in seconds since 1970."""
    local = datetime.fromtimestamp(at).astimezone()
    return Moment(
        local.isoformat(timespec="seconds"),
        local.strftime("%Y-%m-%d %H:%M"),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        relative(at - now),
    )


def relative(seconds: float) -> str:
    """A distance in time from now; negative is past. Rough, so that a page seldom changes."""
    length = abs(seconds)
    if length < MINUTE:
        return "in under 1 min" if seconds > 0 else "just now"
    text = rough(length)
    return f"in {text}" if seconds > 0 else f"{text} ago"


def rough(seconds: float) -> str:
    """A length of time in its largest unit."""
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        return f"{seconds / HOUR:.0f} h"
    return f"{seconds / DAY:.0f} days"


def exact(seconds: float) -> str:
    """A length of time in two units, for timelines."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 2 * DAY:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} days {whole % 86_400 // 3600} h"
