"""Who is let in."""

import pytest
from tests.service.conftest import HandClock

from calciscope.service.settings.house import StatusPage
from calciscope.service.web.visitors import ATTEMPTS, SESSION_SECONDS, WINDOW_SECONDS, Visitors

PROXY = StatusPage(proxy_header="X-Remote-User", proxies=("10.0.0.1",))


@pytest.fixture
def visitors(clock: HandClock) -> Visitors:
    return Visitors(StatusPage(), "sesame", clock)


def test_on_loopback_without_a_token_everybody_is_local(clock: HandClock) -> None:
    assert Visitors(StatusPage(), None, clock).who({}, "127.0.0.1", "") == "local"


def test_a_session_begins_with_the_token_and_ends(visitors: Visitors, clock: HandClock) -> None:
    assert visitors.who({}, "a", "") is None
    session = visitors.log_in("sesame", "a")
    assert session is not None
    assert visitors.who({}, "a", session) == "token"
    clock.advance(SESSION_SECONDS)
    assert visitors.who({}, "a", session) is None


def test_logging_out_ends_it_too(visitors: Visitors) -> None:
    session = visitors.log_in("sesame", "a")
    assert session is not None
    visitors.log_out(session)
    assert visitors.who({}, "a", session) is None


def test_a_session_is_never_the_visit_before_it(visitors: Visitors) -> None:
    assert visitors.log_in("sesame", "a") != visitors.log_in("sesame", "a")


def test_wrong_tokens_are_counted_by_address(visitors: Visitors, clock: HandClock) -> None:
    for _ in range(ATTEMPTS):
        assert visitors.log_in("wrong", "a") is None
    assert visitors.wait_seconds("a") == WINDOW_SECONDS
    assert visitors.log_in("sesame", "a") is None
    assert visitors.log_in("sesame", "b") is not None
    clock.advance(WINDOW_SECONDS)
    assert visitors.log_in("sesame", "a") is not None


def test_many_addresses_together_have_to_wait_too(visitors: Visitors) -> None:
    for number in range(10 * ATTEMPTS):
        visitors.log_in("wrong", f"10.0.0.{number}")
    assert visitors.log_in("sesame", "another") is None


def test_machines_bring_the_token_in_a_header(visitors: Visitors) -> None:
    assert visitors.who({"authorization": "Bearer sesame"}, "a", "") == "token"
    assert visitors.who({"authorization": "Bearer wrong"}, "a", "") is None


def test_the_proxy_is_believed_only_from_its_address(clock: HandClock) -> None:
    visitors = Visitors(PROXY, None, clock)
    assert visitors.who({"x-remote-user": "dr.a"}, "10.0.0.1", "") == "dr.a"
    assert visitors.who({"x-remote-user": "dr.a"}, "10.0.0.2", "") is None
    assert visitors.who({}, "10.0.0.1", "") is None


def test_the_name_from_the_proxy_is_one_line(clock: HandClock) -> None:
    visitors = Visitors(PROXY, None, clock)
    assert visitors.who({"x-remote-user": "a\x1b[31m" + "b" * 99}, "10.0.0.1", "") == (
        "a [31m" + "b" * 57 + "…"
    )


def test_a_form_belongs_to_its_visit(visitors: Visitors) -> None:
    token = visitors.form_token("a" * 64)
    assert visitors.is_form_token("a" * 64, token)
    assert not visitors.is_form_token("b" * 64, token)
    assert not visitors.is_form_token("a" * 64, "ü")
