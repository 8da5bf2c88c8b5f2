"""Stopping in order when a signal says that the machine is about to be taken away."""

import signal
import threading
from types import FrameType
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from calciscope_train.callbacks import is_amid_gradient

Handler = Any  # what signal.signal gives back: a function, a constant or None


class StopOnSignal(Callback):
    """On a signal finish the step and end the run in order, checkpoint included.

    The handler only sets a flag: a checkpoint written inside a signal handler can hang or be torn
    (pytorch-lightning #21406). LastCheckpoint saves at the end of the epoch that is cut short.
    Processes of one run agree, so that a signal which reaches only one of them stops all at the
    same step.

    Args:
        signals: what to listen to. SLURM sends SIGTERM before it takes a node away, and the signal
            of `sbatch --signal` before the time is up.
    """

    def __init__(
        self, signals: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGUSR1)
    ) -> None:
        self.signals = signals
        self.asked = False
        self.stopped = False
        self._previous: dict[signal.Signals, Handler] = {}

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take over the signals."""
        self.asked = self.stopped = False
        # Python allows this to the main thread alone.
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._ask) for number in self.signals}

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Stop, if asked, without spending the last seconds on a validation."""
        if is_amid_gradient(trainer, batch_idx):
            return
        if trainer.strategy.reduce_boolean_decision(self.asked, all=False):
            self.stopped = not trainer.should_stop
            trainer.limit_val_batches = 0
            trainer.should_stop = True

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Give the signals back."""
        self._restore()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Give the signals back."""
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}
