"""HotSpotClassifier: the hot-spot network with its loss, optimizer, schedule and validation."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from calciscope.labels import HOT_SPOT_COMPARTMENTS
from calciscope.spect.patch_spec import PatchSpec
from calciscope_train.schedule import Budget, learning_rate_factor
from calciscope_train.spect.network import HotSpotNetwork
from calciscope_train.spect.scores import hot_spot_scores

Batch = dict[str, Tensor]

CHECKPOINT_KEY = "calciscope_spect"
"""Where a checkpoint keeps what is needed to rebuild and export the network."""


class HotSpotClassifier(pl.LightningModule):
    """Trains HotSpotNetwork.

    Args:
        spec: the patches, kept in every checkpoint and exported model.
        budget: length of the run; training stops by itself when it is used up.
        widths: channels of the fine branch.
        coarse_widths: channels of the coarse branch.
        hidden: width of the layer before the last.
        dropout: of that layer.
        learning_rate: the highest learning rate.
        weight_decay: of AdamW.
        share_weight: part of the target that follows the shares of activity; the rest is the
            largest compartment alone.
        smoothing: part of the target that is spread over all compartments.
    """

    def __init__(
        self,
        spec: PatchSpec,
        budget: Budget,
        widths: tuple[int, ...] = (16, 32, 64),
        coarse_widths: tuple[int, ...] = (16, 24, 32),
        hidden: int = 96,
        dropout: float = 0.2,
        learning_rate: float = 2e-3,
        weight_decay: float = 2e-2,
        share_weight: float = 0.3,
        smoothing: float = 0.02,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.budget = budget
        self.architecture: dict[str, Any] = {
            "widths": tuple(widths),
            "coarse_widths": tuple(coarse_widths),
            "hidden": hidden,
            "dropout": dropout,
        }
        self.network = HotSpotNetwork(spec, **self.architecture)
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.share_weight = share_weight
        self.smoothing = smoothing
        self.clock: Callable[[], float] = time.monotonic
        self.skipped_steps = 0
        self._seconds = 0.0
        self._last: float | None = None
        self._answers: list[tuple[Tensor, Tensor]] = []

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits (N, 11) of rows (N, L)."""
        logits: Tensor = self.network(inputs)
        return logits

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; the learning rate is set before every step."""
        return torch.optim.AdamW(
            self.network.parameters(), self.learning_rate, weight_decay=self.weight_decay
        )

    def targets(self, shares: Tensor) -> Tensor:
        """What the network is to say, (N, 11), rows sum to 1."""
        classes = len(HOT_SPOT_COMPARTMENTS)
        largest = torch.nn.functional.one_hot(shares.argmax(dim=1), classes).to(shares.dtype)
        mixed = (1.0 - self.share_weight) * largest + self.share_weight * shares
        return (1.0 - self.smoothing) * mixed + self.smoothing / classes

    def on_train_start(self) -> None:
        """Start the clock of this part of the run."""
        self._last = self.clock()

    def progress(self) -> float:
        """Share of the run that is done, 0 to 1."""
        now = self.clock()
        if self._last is not None:
            self._seconds += now - self._last
        self._last = now
        return self.budget.progress(self.global_step, self._seconds)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rate by progress."""
        rate = self.learning_rate * learning_rate_factor(self.progress())
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = rate
        self.log("learning_rate", rate)

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """Stop at the end of the budget; a last validation and checkpoint follow."""
        if self.progress() >= 1.0:
            self.trainer.check_val_every_n_epoch = 1
            self.trainer.should_stop = True

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Cross-entropy of one batch with soft targets."""
        logits = self(batch["inputs"]).float()
        loss = torch.nn.functional.cross_entropy(logits, self.targets(batch["shares"]))
        self.log("train/loss", loss, prog_bar=True, batch_size=len(logits))
        return loss

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip; a gradient that is not finite is left out, as bfloat16 gives one now and then."""
        gradients = [p.grad for p in self.parameters() if p.grad is not None]
        if not all(bool(torch.isfinite(gradient).all()) for gradient in gradients):
            self.skipped_steps += 1
            for gradient in gradients:
                gradient.zero_()
        self.log("train/skipped_steps", float(self.skipped_steps))
        self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def on_validation_epoch_start(self) -> None:
        """Forget the answers of the last validation."""
        self._answers = []

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep the answers of one batch."""
        logits = self(batch["inputs"]).float()
        self._answers.append((logits.cpu(), batch["shares"].cpu()))

    def on_validation_epoch_end(self) -> None:
        """Log the figures of this validation."""
        logits = torch.cat([answer[0] for answer in self._answers]).double().numpy()
        shares = torch.cat([answer[1] for answer in self._answers]).double().numpy()
        figures = hot_spot_scores(logits, shares)
        self.log_dict({f"val/{name}": value for name, value in figures.items()}, sync_dist=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what rebuilds the network without this class."""
        checkpoint[CHECKPOINT_KEY] = {
            "spec": self.spec.to_json(),
            "architecture": self.architecture,
            "budget": asdict(self.budget),
            "seconds": self._seconds,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the clock where the last part of the run left it."""
        self._seconds = float(checkpoint[CHECKPOINT_KEY]["seconds"])
