"""Filters in the address."""

import pytest

from calciscope.service.journal.states import JobState
from calciscope.service.web.query import Query


def test_an_address_and_back() -> None:
    query = Query("failed", "a&b=c", "7", 3)
    assert query.address == "?show=failed&text=a%26b%3Dc&days=7&page=3"
    assert Query().address == ""


@pytest.mark.parametrize(
    "values",
    [
        {"show": "everything", "days": "8", "page": "-1"},
        {"page": "²", "days": "1e9"},
        {"page": "9" * 400, "text": "\x00"},
    ],
)
def test_nonsense_counts_as_not_said(values: dict[str, str]) -> None:
    assert Query.read(values) == Query()


def test_what_is_wanted() -> None:
    wanted = Query.read({"show": "failed", "text": " rossi ", "days": "1"}).wanted(1e6, True)
    assert wanted.states == (JobState.FAILED,)
    assert (wanted.text, wanted.patients, wanted.since) == ("rossi", True, 1e6 - 86_400)
    assert Query("attention").wanted(1e6, False).attention


def test_another_state_begins_at_the_first_page() -> None:
    assert Query("failed", "x", "", 4).showing("done") == Query("done", "x", "", 1)
