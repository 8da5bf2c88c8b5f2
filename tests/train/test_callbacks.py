"""Callbacks: averaging, the last checkpoint, and the line of the log."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from calciscope_train.callbacks import (
    LastCheckpoint,
    ValidationLine,
    WarmedWeightAveraging,
)


def averaged(old: torch.Tensor, new: torch.Tensor, count: int) -> float:
    average = WarmedWeightAveraging(decay=0.9)._kwargs["multi_avg_fn"]
    average([old], [new], torch.tensor(count))
    return float(old)


@pytest.mark.parametrize(("count", "kept"), [(0, 1 / 10), (10, 11 / 20), (10_000, 0.9)])
def test_the_average_is_short_at_first_and_long_later(count: int, kept: float) -> None:
    # The old value keeps min(decay, (1 + n) / (10 + n)).
    assert averaged(torch.tensor(0.0), torch.tensor(1.0), count) == pytest.approx(1 - kept)


def test_counters_are_taken_over_not_averaged() -> None:
    assert averaged(torch.tensor(3), torch.tensor(8), 5) == 8


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


class Saver:
    """A trainer that writes files and remembers which."""

    def __init__(self, accumulate: int = 1, other_is_old: bool = False, rank: int = 0) -> None:
        self.saved: list[Path] = []
        self.accumulate_grad_batches = accumulate
        self.is_global_zero = rank == 0
        self.strategy = SimpleNamespace(
            reduce_boolean_decision=lambda old, all: old or other_is_old
        )

    def save_checkpoint(self, path: Path, weights_only: bool) -> None:
        """Write the number of saves so far."""
        self.saved.append(path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(len(self.saved)))


def test_a_checkpoint_is_never_older_than_asked(tmp_path: Path) -> None:
    trainer: Any = Saver()
    checkpoint = LastCheckpoint(tmp_path, minutes=10)
    now = 0.0
    checkpoint.clock = lambda: now
    checkpoint.on_train_start(trainer, trainer)
    for now, expected in ((599.0, 0), (600.0, 1), (1100.0, 1), (1200.0, 2)):  # noqa: B007
        checkpoint.on_train_batch_end(trainer, trainer, None, {}, 0)
        assert len(trainer.saved) == expected
    checkpoint.on_train_epoch_end(trainer, trainer)
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
    assert (tmp_path / "last.ckpt").read_text() == "3"


def test_a_death_while_saving_leaves_the_last_checkpoint_whole(tmp_path: Path) -> None:
    trainer: Any = Saver()
    checkpoint = LastCheckpoint(tmp_path)
    checkpoint.on_train_epoch_end(trainer, trainer)

    def torn(path: Path, weights_only: bool) -> None:
        path.write_text("ha")
        raise KeyboardInterrupt

    trainer.save_checkpoint = torn
    with pytest.raises(KeyboardInterrupt):
        checkpoint.on_train_epoch_end(trainer, trainer)
    assert (tmp_path / "last.ckpt").read_text() == "1"


def test_processes_save_together_and_only_the_first_names_the_file(tmp_path: Path) -> None:
    trainer: Any = Saver(other_is_old=True, rank=1)
    checkpoint = LastCheckpoint(tmp_path, minutes=10)
    checkpoint.clock = lambda: 0.0
    checkpoint.on_train_start(trainer, trainer)
    checkpoint.on_train_batch_end(trainer, trainer, None, {}, 0)
    assert len(trainer.saved) == 1
    assert not (tmp_path / "last.ckpt").exists()


def test_no_checkpoint_is_written_while_a_gradient_is_gathered(tmp_path: Path) -> None:
    trainer: Any = Saver(accumulate=3)
    checkpoint = LastCheckpoint(tmp_path, minutes=1)
    checkpoint.clock = lambda: 1e6
    for batch in range(7):
        checkpoint.on_train_batch_end(trainer, trainer, None, {}, batch)
        checkpoint._saved_at = 0.0
    assert len(trainer.saved) == 2
