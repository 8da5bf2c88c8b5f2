"""Stopping on a signal: only a flag in the handler, the same step in every process."""

import signal
from types import SimpleNamespace
from typing import Any

import pytest

from calciscope_train.interruption import StopOnSignal


def make_trainer(accumulate: int = 1, other_was_asked: bool = False) -> Any:
    strategy = SimpleNamespace(reduce_boolean_decision=lambda asked, all: asked or other_was_asked)
    return SimpleNamespace(
        should_stop=False,
        limit_val_batches=1.0,
        accumulate_grad_batches=accumulate,
        strategy=strategy,
    )


def end_batch(stop: StopOnSignal, trainer: Any, number: int = 0) -> None:
    stop.on_train_batch_end(trainer, trainer, None, {}, number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_only_sets_a_flag_and_the_next_batch_end_stops(number: signal.Signals) -> None:
    trainer = make_trainer()
    before = signal.getsignal(number)
    stop = StopOnSignal()
    stop.on_train_start(trainer, trainer)
    try:
        end_batch(stop, trainer)
        assert not trainer.should_stop
        signal.raise_signal(number)
        assert stop.asked
        assert not trainer.should_stop
        end_batch(stop, trainer)
        assert (trainer.should_stop, trainer.limit_val_batches) == (True, 0)
        assert stop.stopped
    finally:
        stop.on_train_end(trainer, trainer)
    assert signal.getsignal(number) is before


def test_only_the_signals_of_the_configuration_are_taken() -> None:
    trainer = make_trainer()
    before = signal.getsignal(signal.SIGTERM)
    stop = StopOnSignal((signal.SIGUSR2,))
    stop.on_train_start(trainer, trainer)
    try:
        assert signal.getsignal(signal.SIGTERM) is before
        signal.raise_signal(signal.SIGUSR2)
        assert stop.asked
    finally:
        stop.on_train_end(trainer, trainer)


def test_a_signal_to_another_process_stops_this_one_too() -> None:
    trainer = make_trainer(other_was_asked=True)
    stop = StopOnSignal()
    end_batch(stop, trainer)
    assert trainer.should_stop
    assert not stop.asked


def test_a_gradient_that_is_half_gathered_is_finished_first() -> None:
    trainer = make_trainer(accumulate=4)
    stop = StopOnSignal()
    stop.asked = True
    for number, stopped in ((4, False), (5, False), (6, False), (7, True)):
        end_batch(stop, trainer, number)
        assert trainer.should_stop is stopped


def test_a_run_that_ends_by_itself_was_not_stopped() -> None:
    trainer = make_trainer()
    trainer.should_stop = True  # the budget is used up
    stop = StopOnSignal()
    stop.asked = True
    end_batch(stop, trainer)
    assert not stop.stopped


def test_the_handlers_are_given_back_after_an_error() -> None:
    trainer = make_trainer()
    before = signal.getsignal(signal.SIGTERM)
    stop = StopOnSignal()
    stop.on_train_start(trainer, trainer)
    stop.on_exception(trainer, trainer, RuntimeError())
    assert signal.getsignal(signal.SIGTERM) is before
