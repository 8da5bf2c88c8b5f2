"""Callbacks of a run: averaged weights, the last checkpoint, and one line per validation."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, WeightAveraging
from torch import Tensor

log = logging.getLogger(__name__)

LAST = "last.ckpt"

DRAFT = ".last.ckpt.partial"
"""Name of a checkpoint while it is being written."""


class WarmedWeightAveraging(WeightAveraging):
    """Exponential moving average of the weights, short at first so that early validations count.

    Validation, checkpoints' `state_dict` and so the exported model use the average.

    Args:
        decay: share that the average keeps at each step, once warm.
    """

    def __init__(self, decay: float = 0.998) -> None:
        def average(averaged: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
            kept = min(decay, (1.0 + float(count)) / (10.0 + float(count)))
            if averaged[0].is_floating_point():
                torch._foreach_lerp_(averaged, current, 1.0 - kept)
            else:  # counters of batches are integers and cannot be averaged
                torch._foreach_copy_(averaged, current)

        super().__init__(multi_avg_fn=average)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Move the average beside the weights: it is made before they are on their device."""
        if self._average_model is not None:
            self._average_model.module.to(pl_module.device)


class LastCheckpoint(Callback):
    """Write `last.ckpt` after every epoch, also one that is cut short, and in between by the clock.

    One file, replaced atomically: it is written beside the last one and then takes its name, as
    Lightning's own draft lies in /tmp, from where it would be copied. (ModelCheckpoint writes a
    last checkpoint only where it also keeps a best one, and numbers it where one exists already.)

    Args:
        folder: where it is written.
        minutes: longest time without one.
    """

    def __init__(self, folder: Path, minutes: float = 10.0) -> None:
        self.path = folder / LAST
        self.seconds = 60.0 * minutes
        self.clock: Callable[[], float] = time.monotonic
        self._saved_at = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self._saved_at = self.clock()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Write one if the last is old."""
        if is_amid_gradient(trainer, batch_idx):
            return
        old = self.clock() - self._saved_at >= self.seconds
        # All processes or none: each would wait for the others while it saves.
        if trainer.strategy.reduce_boolean_decision(old, all=False):
            self._save(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write one."""
        self._save(trainer)

    def _save(self, trainer: pl.Trainer) -> None:
        draft = self.path.with_name(DRAFT)
        trainer.save_checkpoint(draft, weights_only=False)
        if trainer.is_global_zero:
            draft.replace(self.path)
        self._saved_at = self.clock()


class ValidationLine(Callback):
    """Write the figures of each validation as one line of the log."""

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the line."""
        if trainer.sanity_checking:
            return
        figures = trainer.callback_metrics
        text = "  ".join(
            f"{name.removeprefix('val/')} {float(value):.3f}"
            for name, value in sorted(figures.items())
            if name.startswith("val/")
        )
        log.info("step %d: %s", trainer.global_step, text)


def is_amid_gradient(trainer: pl.Trainer, batch_idx: int) -> bool:
    """Between two steps of the optimizer: a gradient is half gathered, and would be lost."""
    return (batch_idx + 1) % trainer.accumulate_grad_batches != 0
