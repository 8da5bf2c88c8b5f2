"""Dates and times of DICOM as moments of the clock at the scanner (PS3.5 6.2: DA, TM, DT)."""

import re
from datetime import datetime, timedelta

from pydicom import Dataset

from calciscope.readers.elements import text

_DATE = r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})"
_TIME = r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?"
_OFFSET = r"([+-])(\d{2})(\d{2})"


def moment(header: Dataset, event: str) -> datetime | None:
    """When something happened that has a Date and a Time element; None where one is missing.

    Args:
        header: that has, say, AcquisitionDate and AcquisitionTime.
        event: the keyword without its end, say Acquisition.
    """
    return _moment(text(header, f"{event}Date"), text(header, f"{event}Time"))


def at_time_of_day(day: datetime, time: str) -> datetime | None:
    """A time of day (TM) on the date of another moment."""
    return _moment(day.strftime("%Y%m%d"), time)


def date_time(dataset: Dataset, keyword: str, zone: str = "") -> datetime | None:
    """A date with time (DT).

    Args:
        dataset: that has the element.
        keyword: of the element.
        zone: Timezone Offset From UTC of the header; the moment is turned to it where it names
            its own.
    """
    value = text(dataset, keyword)
    stamp = re.fullmatch(rf"{_DATE}({_TIME})({_OFFSET})?", value)
    if stamp is None:
        return None
    local = _moment(value[: stamp.start(4)], stamp[4])
    there, here = _offset(stamp[9] or ""), _offset(zone)
    if local is None or there is None or here is None:
        return local
    return local - there + here


def _moment(date: str, time: str) -> datetime | None:
    day, clock = re.fullmatch(_DATE, date), re.fullmatch(_TIME, time)
    if day is None or clock is None:
        return None
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
    try:
        found = datetime(int(day[1]), int(day[2]), int(day[3]), hour, minute)
    except ValueError:
        return None
    # A leap second is second 60.
    return found + timedelta(seconds=min(second, 60) + float(f"0.{clock[4] or 0}"))


def _offset(value: str) -> timedelta | None:
    found = re.fullmatch(_OFFSET, value)
    if found is None:
        return None
    size = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -size if found[1] == "-" else size
