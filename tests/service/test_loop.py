"""Threads that go on: errors, waking, stopping."""

import threading

import pytest

from calciscope.service.loop import Loop

LONG = 30.0


def test_more_work_is_done_at_once_and_then_it_rests() -> None:
    rested, turns = threading.Event(), []

    def tick() -> bool:
        turns.append(1)
        if len(turns) == 3:
            rested.set()
        return len(turns) < 3

    loop = Loop("test", tick, LONG)
    loop.start()
    assert rested.wait(LONG)
    loop.stop()
    assert loop.join(LONG)
    assert len(turns) == 3


def test_error_is_logged_and_the_next_turn_comes(caplog: pytest.LogCaptureFixture) -> None:
    failed, went_well = threading.Event(), threading.Event()

    def tick() -> bool:
        if not failed.is_set():
            failed.set()
            raise OSError("the share is away")
        went_well.set()
        return False

    loop = Loop("test", tick, 0.001)
    loop.start()
    assert went_well.wait(LONG)
    loop.stop()
    assert loop.join(LONG)
    assert loop.failures == 0
    assert "test failed, turn 1 in a row" in caplog.text


def test_waking_ends_the_rest() -> None:
    turns = threading.Semaphore(0)

    def tick() -> bool:
        turns.release()
        return False

    loop = Loop("test", tick, LONG)
    loop.start()
    assert turns.acquire(timeout=LONG)
    loop.wake()
    assert turns.acquire(timeout=LONG)
    loop.stop()
    assert loop.join(LONG)


def test_turn_that_hangs_is_seen() -> None:
    began, go_on = threading.Event(), threading.Event()

    def tick() -> bool:
        began.set()
        go_on.wait(LONG)
        return False

    loop = Loop("test", tick, LONG)
    assert loop.turn_seconds == 0.0
    loop.start()
    assert began.wait(LONG)
    assert loop.turn_seconds > 0.0
    loop.stop()
    go_on.set()
    assert loop.join(LONG)
    assert loop.turn_seconds == 0.0
    assert not loop.healthy


def test_loop_that_was_never_started_can_be_joined() -> None:
    loop = Loop("test", lambda: False, LONG)
    loop.stop()
    assert loop.join(LONG)
    assert not loop.healthy
