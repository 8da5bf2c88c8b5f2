from datetime import datetime

import pytest
from pydicom import Dataset

from calciscope.readers.elements import quiet
from calciscope.readers.moments import at_time_of_day, date_time, moment


def header(**elements: str) -> Dataset:
    dataset = Dataset()
    with quiet():
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("20260131", "235959", datetime(2026, 1, 31, 23, 59, 59)),
        ("20260131", "0905", datetime(2026, 1, 31, 9, 5)),
        ("20260131", "09", datetime(2026, 1, 31, 9)),
        ("20260131", "090501.25", datetime(2026, 1, 31, 9, 5, 1, 250_000)),
        ("2026.01.31", "09:05:01", datetime(2026, 1, 31, 9, 5, 1)),  # before DICOM 3.0
        ("20260131", "235960", datetime(2026, 2, 1)),  # a leap second
    ],
)
def test_dates_and_times(date: str, time: str, expected: datetime) -> None:
    given = header(AcquisitionDate=date, AcquisitionTime=time)
    assert moment(given, "Acquisition") == expected


@pytest.mark.parametrize(
    ("date", "time"), [("", "090000"), ("20260131", ""), ("20261331", "09"), ("20260131", "2500")]
)
def test_what_is_no_moment(date: str, time: str) -> None:
    assert moment(header(AcquisitionDate=date, AcquisitionTime=time), "Acquisition") is None
    assert moment(Dataset(), "Acquisition") is None


def test_a_time_of_day_takes_the_date_of_another_moment() -> None:
    assert at_time_of_day(datetime(2026, 1, 31, 2), "2330") == datetime(2026, 1, 31, 23, 30)
    assert at_time_of_day(datetime(2026, 1, 31, 2), "") is None


@pytest.mark.parametrize(
    ("stamp", "zone", "expected"),
    [
        ("20260131093000", "", datetime(2026, 1, 31, 9, 30)),
        ("20260131093000.5", "", datetime(2026, 1, 31, 9, 30, 0, 500_000)),
        ("20260131093000+0000", "+0200", datetime(2026, 1, 31, 11, 30)),
        ("20260131003000+0100", "-0430", datetime(2026, 1, 30, 19)),
        ("20260131093000+0100", "", datetime(2026, 1, 31, 9, 30)),
    ],
)
def test_a_date_with_time_is_turned_to_the_time_zone_of_the_header(
    stamp: str, zone: str, expected: datetime
) -> None:
    given = header(RadiopharmaceuticalStartDateTime=stamp)
    assert date_time(given, "RadiopharmaceuticalStartDateTime", zone) == expected
    assert date_time(Dataset(), "RadiopharmaceuticalStartDateTime", zone) is None
