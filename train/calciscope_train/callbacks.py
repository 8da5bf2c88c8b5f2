"""Callbacks of a run: averaged weights, stopping on a signal, and one line per validation."""

import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, WeightAveraging
from torch import Tensor

log = logging.getLogger(__name__)

LAST = "last.ckpt"

Handler = Any  # what signal.signal gives back: a function, a constant or None


class WarmedWeightAveraging(WeightAveraging):
    """Exponential moving average of the weights, short at first so that early validations count.

    Validation, checkpoints' `state_dict` and so the exported model use the average.

    Args:
        decay: share that the average keeps at each step, once warm.
    """

    def __init__(self, decay: float = 0.998) -> None:
        def average(old: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
            kept = min(decay, (1.0 + float(count)) / (10.0 + float(count)))
            # Counters of batches are integers and cannot be averaged.
            return torch.lerp(new, old, kept) if old.is_floating_point() else new

        super().__init__(avg_fn=average)


class LastCheckpoint(Callback):
    """Write `last.ckpt` after every epoch, also one that is cut short, and in between by the clock.

    One file, replaced atomically. (ModelCheckpoint writes a last checkpoint only where it also
    keeps a best one, and numbers it where one exists already.)

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

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any, **kwargs: Any) -> None:
        """Write one if the last is old."""
        if self.clock() - self._saved_at >= self.seconds:
            self._save(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write one."""
        self._save(trainer)

    def _save(self, trainer: pl.Trainer) -> None:
        trainer.save_checkpoint(self.path)
        self._saved_at = self.clock()


class StopOnSignal(Callback):
    """On SIGTERM finish the step and end the run in order, checkpoint included.

    The handler only sets a flag: a checkpoint written inside a signal handler can hang or be torn
    (pytorch-lightning #21406). LastCheckpoint saves at the end of the epoch that is cut short.
    """

    def __init__(self) -> None:
        self.asked = False
        self._previous: Handler = None

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take over SIGTERM."""
        self.asked = False
        self._previous = signal.signal(signal.SIGTERM, self._ask)

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any, **kwargs: Any) -> None:
        """Stop, if asked, without spending the last seconds on a validation."""
        if self.asked:
            trainer.limit_val_batches = 0
            trainer.should_stop = True

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Give SIGTERM back."""
        self._restore()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Give SIGTERM back."""
        self._restore()

    def _restore(self) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGTERM, self._previous)
            self._previous = None


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
