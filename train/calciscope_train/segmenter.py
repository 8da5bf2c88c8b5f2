"""CalcificationSegmenter: the CT network with its loss, optimizer, schedule and validation."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.losses import LABEL_WEIGHTS, MaskedDiceCELoss, Overlap
from calciscope_train.network import CalcificationUNet, Norm, set_norm_frozen
from calciscope_train.schedule import Budget, learning_rate_factor
from calciscope_train.scores import CropScores, gathered

Batch = dict[str, Tensor]

CHECKPOINT_KEY = "calciscope"
"""Where a checkpoint keeps what is needed to rebuild and export the network."""


class CalcificationSegmenter(pl.LightningModule):
    """Trains CalcificationUNet on crops.

    Args:
        spec: the preprocessing of the data, kept in every checkpoint and exported model.
        budget: length of the run; training stops by itself when it is used up.
        widths: channels of each level of the network, finest first.
        fine_width: channels of its full-resolution path.
        norm: its normalization.
        learning_rate: the highest learning rate.
        weight_decay: of AdamW.
        label_weights: weight of each label in the cross-entropy.
        dice_weight: weight of the overlap term.
        overlap: the overlap term, dice or focal_tversky.
        lesion_weight: weight of the per-lesion term of the loss.
        freeze_norm_at: share of the run after which BatchNorm keeps its running statistics, so
            that the end of training sees what inference will see.
    """

    def __init__(
        self,
        spec: PreprocessingSpec,
        budget: Budget,
        widths: tuple[int, ...] = (32, 64, 96, 128),
        fine_width: int = 16,
        norm: Norm = "batch",
        learning_rate: float = 2e-3,
        weight_decay: float = 1e-2,
        label_weights: tuple[float, ...] = LABEL_WEIGHTS,
        dice_weight: float = 1.0,
        overlap: Overlap = "dice",
        lesion_weight: float = 0.0,
        freeze_norm_at: float = 0.8,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.budget = budget
        self.architecture: dict[str, Any] = {
            "inputs": len(spec.windows_hu),
            "widths": tuple(widths),
            "fine_width": fine_width,
            "norm": norm,
        }
        self.network = CalcificationUNet(**self.architecture)
        self.loss = MaskedDiceCELoss(label_weights, dice_weight, overlap, lesion_weight)
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.freeze_norm_at = freeze_norm_at
        self.clock: Callable[[], float] = time.monotonic
        self._seconds = 0.0
        self._last: float | None = None
        self._scores = CropScores()

    def forward(self, ct: Tensor) -> Tensor:
        """Logits (N, K, X, Y, Z) of windowed input (N, C, X, Y, Z)."""
        logits: Tensor = self.network(ct)
        return logits

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; the learning rate is set before every step."""
        return torch.optim.AdamW(
            self.network.parameters(), self.learning_rate, weight_decay=self.weight_decay
        )

    def on_train_start(self) -> None:
        """Start the clock of this part of the run."""
        self._last = self.clock()

    def progress(self) -> float:
        """Share of the run that is done, 0 to 1."""
        now = self.clock()
        if self._last is not None:
            self._seconds += now - self._last
        self._last = now
        if self.trainer.world_size > 1 and self.budget.minutes is not None:
            # One clock for all processes, or their schedules and ends would differ.
            seconds = torch.tensor(self._seconds, dtype=torch.float64, device=self.device)
            self._seconds = float(self.trainer.strategy.reduce(seconds, reduce_op="max"))
        return self.budget.progress(self.global_step, self._seconds)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set learning rate and normalization by progress."""
        progress = self.progress()
        rate = self.learning_rate * learning_rate_factor(progress)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = rate
        set_norm_frozen(self.network, progress >= self.freeze_norm_at)
        self.log("learning_rate", rate)

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """Stop at the end of the budget; a last validation and checkpoint follow."""
        if self.progress() >= 1.0:
            self.trainer.check_val_every_n_epoch = 1
            self.trainer.should_stop = True

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of one batch."""
        loss: Tensor = self.loss(self(batch["ct"]), batch["labels"])
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch["ct"]))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the counts of the last validation."""
        self._scores = CropScores()

    def validation_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Count one batch of crops; gives the predicted labels, uint8 (N, X, Y, Z)."""
        logits = self(batch["ct"])
        loss = self.loss(logits, batch["labels"])
        self.log("val/loss", loss, batch_size=len(batch["ct"]), sync_dist=True)
        predicted: Tensor = logits.argmax(dim=1).to(torch.uint8).cpu()
        predictions = predicted.numpy()
        references = batch["labels"].cpu().numpy()
        cases, volumes = batch["case"].tolist(), batch["voxel_volume_mm3"].tolist()
        for crop in zip(predictions, references, cases, volumes, strict=True):
            self._scores.add(*crop)
        return predicted

    def on_validation_epoch_end(self) -> None:
        """Log the figures of this validation."""
        scores = gathered(self._scores, self.trainer.world_size)
        self.log_dict({f"val/{name}": value for name, value in scores.summary().items()})

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
