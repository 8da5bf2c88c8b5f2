"""Callbacks: averaging, signals, and the line of the log."""

import logging
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from calciscope_train.callbacks import (
    LastCheckpoint,
    StopOnSignal,
    ValidationLine,
    WarmedWeightAveraging,
)


def averaged(count: int, decay: float = 0.9) -> float:
    average = WarmedWeightAveraging(decay)._kwargs["avg_fn"]
    return float(average(torch.tensor(0.0), torch.tensor(1.0), torch.tensor(count)))


def test_the_average_is_short_at_first_and_long_later() -> None:
    # The old value keeps min(decay, (1 + n) / (10 + n)).
    assert averaged(0) == pytest.approx(1 - 1 / 10)
    assert averaged(10) == pytest.approx(1 - 11 / 20)
    assert averaged(10_000) == pytest.approx(1 - 0.9)


def test_counters_are_taken_over_not_averaged() -> None:
    average = WarmedWeightAveraging()._kwargs["avg_fn"]
    assert average(torch.tensor(3), torch.tensor(8), torch.tensor(5)).item() == 8


def test_a_signal_only_sets_a_flag_and_the_next_batch_end_stops() -> None:
    trainer: Any = SimpleNamespace(should_stop=False, limit_val_batches=1.0)
    module: Any = None
    before = signal.getsignal(signal.SIGTERM)
    stop = StopOnSignal()
    stop.on_train_start(trainer, module)
    try:
        stop.on_train_batch_end(trainer)
        assert not trainer.should_stop
        signal.raise_signal(signal.SIGTERM)
        assert stop.asked
        assert not trainer.should_stop
        stop.on_train_batch_end(trainer)
        assert (trainer.should_stop, trainer.limit_val_batches) == (True, 0)
    finally:
        stop.on_train_end(trainer, module)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_handler_is_given_back_after_an_error() -> None:
    trainer: Any = SimpleNamespace()
    before = signal.getsignal(signal.SIGTERM)
    stop = StopOnSignal()
    stop.on_train_start(trainer, trainer)
    stop.on_exception(trainer, trainer, RuntimeError())
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("checking", "lines"), [(True, 0), (False, 1)])
def test_one_line_per_validation(
    caplog: pytest.LogCaptureFixture, checking: bool, lines: int
) -> None:
    trainer: Any = SimpleNamespace(
        sanity_checking=checking,
        global_step=30,
        callback_metrics={"val/loss": torch.tensor(0.5), "train/loss": torch.tensor(1.0)},
    )
    with caplog.at_level(logging.INFO):
        ValidationLine().on_validation_end(trainer, trainer)
    assert caplog.messages == ["step 30: loss 0.500"] * lines


def test_a_checkpoint_is_never_older_than_asked(tmp_path: Path) -> None:
    saved: list[Path] = []
    trainer: Any = SimpleNamespace(save_checkpoint=saved.append)
    checkpoint = LastCheckpoint(tmp_path, minutes=10)
    now = 0.0
    checkpoint.clock = lambda: now
    checkpoint.on_train_start(trainer, trainer)
    for now, expected in ((599.0, 0), (600.0, 1), (1100.0, 1), (1200.0, 2)):  # noqa: B007
        checkpoint.on_train_batch_end(trainer)
        assert len(saved) == expected
    checkpoint.on_train_epoch_end(trainer, trainer)
    assert saved == [tmp_path / "last.ckpt"] * 3
