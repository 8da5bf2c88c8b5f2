"""CtSegmentationDataModule: prepared cases of several sources, as batches of crops."""

from collections.abc import Iterator
from pathlib import Path

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Sampler

from calciscope.errors import InputError
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.augmentation import Augmentation, AugmentationSettings
from calciscope_train.cases import Case, list_cases, read_case
from calciscope_train.crops import CropDataset, CropMix, CropPlan

Batch = dict[str, torch.Tensor]


class NumberSampler(Sampler[int]):
    """Numbers of the crops of one epoch; each epoch goes on where the last one ended."""

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        first = self.epoch * self.samples
        return iter(range(first, first + self.samples))

    def __len__(self) -> int:
        return self.samples


class CtSegmentationDataModule(pl.LightningDataModule):
    """Batches {"ct": (N, C, X, Y, Z), "labels": (N, X, Y, Z), "case": (N,)} of random crops.

    Args:
        roots: folders of prepared cases, each with its share of the crops.
        spec: the preprocessing that the model will carry; its patch size is that of the crops.
        mix: what crops are centered on.
        augmentation: random changes of training crops; none at all if null.
        batch_size: crops in a batch.
        samples_per_epoch: crops in an epoch of training.
        validation_crops: crops in each validation, the same ones every time.
        workers: processes that read crops; 0 reads in the main process.
        seed: of every draw.
    """

    def __init__(
        self,
        roots: dict[str, float],
        spec: PreprocessingSpec,
        mix: CropMix | None = None,
        augmentation: AugmentationSettings | None = None,
        batch_size: int = 2,
        samples_per_epoch: int = 400,
        validation_crops: int = 48,
        workers: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.roots = roots
        self.spec = spec
        self.mix = mix or CropMix()
        self.augmentation = augmentation
        self.batch_size = batch_size
        self.samples_per_epoch = samples_per_epoch
        self.validation_crops = validation_crops
        self.workers = workers
        self.seed = seed

    def plan(self, split: str) -> CropPlan:
        """The cases of a split with their weights.

        Raises:
            InputError: a root has no case in this split, or a case is on another grid.
        """
        cases: list[Case] = []
        weights: list[float] = []
        for root, share in self.roots.items():
            folders = list_cases(Path(root), split)
            if not folders:
                raise InputError(
                    f"{root} has no prepared case in {split}; run calciscope-train synthesise"
                )
            cases += [read_case(folder) for folder in folders]
            weights += [share / len(folders)] * len(folders)
        return CropPlan(cases, weights, self.mix, self.spec.patch_size, self.seed)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Augmented crops, new ones each epoch."""
        augmentation = Augmentation(self.augmentation) if self.augmentation else None
        dataset = CropDataset(self.plan("train"), self.spec, augmentation)
        return self._loader(dataset, self.samples_per_epoch)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Plain crops, the same ones every time."""
        return self._loader(CropDataset(self.plan("val"), self.spec), self.validation_crops)

    def _loader(self, dataset: CropDataset, samples: int) -> DataLoader[Batch]:
        return DataLoader(
            dataset,
            batch_size=self.batch_size,
            sampler=NumberSampler(samples),
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
        )
