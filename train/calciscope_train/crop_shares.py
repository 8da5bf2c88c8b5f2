"""How often each thing was really shown in an epoch: rare labels must get their share."""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor

from calciscope.labels import Label
from calciscope_train.crop_mix import CENTERS


class CropShares(Callback):
    """Log, for each epoch, what its crops were centered on and which labels they held.

    `crops/centered/<name>` is the share of crops centered on something; `crops/holding/<label>` the
    share that hold at least one voxel of a label, and `crops/voxels/<label>` its share of all
    voxels.
    """

    def __init__(self) -> None:
        self._counts: dict[str, Tensor] = {}

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to count."""
        self._counts = {}

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: dict[str, Tensor],
        batch_idx: int,
    ) -> None:
        """Count one batch, on its device, so that nothing waits for it."""
        labels = batch["labels"].flatten(1)
        held = torch.stack([(labels == label).sum(1) for label in Label])
        self._add("centered", torch.bincount(batch["centered_on"], minlength=len(CENTERS)))
        self._add("holding", (held > 0).sum(1))
        self._add("voxels", held.sum(1))
        self._add("total", torch.tensor([labels.shape[0], labels.numel()], device=labels.device))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the shares."""
        if self._counts:
            pl_module.log_dict(self.shares(), sync_dist=True)

    def shares(self) -> dict[str, float]:
        """The shares counted so far, by name."""
        crops, voxels = self._counts["total"].tolist()
        names = tuple(label.name.lower() for label in Label)
        parts = (
            ("centered", tuple(CENTERS.values()), crops),
            ("holding", names, crops),
            ("voxels", names, voxels),
        )
        return {
            f"crops/{part}/{name}": count / whole
            for part, labels, whole in parts
            for name, count in zip(labels, self._counts[part].tolist(), strict=True)
        }

    def _add(self, name: str, counts: Tensor) -> None:
        self._counts[name] = self._counts[name] + counts if name in self._counts else counts
