"""CtSegmentationDataModule: prepared cases of several sources, as batches of crops."""

import logging
import multiprocessing
import sys
from collections.abc import Sequence
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from calciscope.errors import InputError
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.augmentation import Augmentation, AugmentationSettings
from calciscope_train.cases import Case, list_cases, read_case
from calciscope_train.crop_mix import CropMix
from calciscope_train.crops import CropDataset, CropPlan
from calciscope_train.fitting_cases import check_keys, check_patients, licensed
from calciscope_train.samplers import NumberSampler

Batch = dict[str, torch.Tensor]

VALIDATION_WORKERS = 2
"""Most worker processes of the validation loader, whose crops are few and plain."""

log = logging.getLogger(__name__)


class CtSegmentationDataModule(pl.LightningDataModule):
    """Batches {"ct": (N, C, X, Y, Z), "labels": (N, X, Y, Z), "case": (N,), ...} of random crops.

    A checkpoint keeps how many crops were trained on, so that a run which goes on reads new ones,
    with any number of processes and any batch size.

    Args:
        roots: folders of prepared cases, each with its share of the crops.
        spec: the preprocessing that the model will carry; its patch size is that of the crops.
        mix: what crops are centered on.
        augmentation: random changes of training crops; none at all if null.
        batch_size: crops in a batch of one process.
        samples_per_epoch: crops in an epoch of training, over all processes.
        validation_crops: crops in each validation, over all processes, the same ones every time.
        workers: processes that read crops, for each process that trains; 0 reads in that one.
        seed: of every draw.
        licenses: cases of other licenses are left out; null takes all.
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
        licenses: list[str] | None = None,
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
        self.licenses = licenses
        self.crops_seen = 0

    def plan(self, split: str) -> CropPlan:
        """The cases of a split with their weights.

        Raises:
            InputError: a root has no case in this split, none with an accepted license, or a case
                that was made with another preprocessing; a patient is in train and in val.
        """
        if split == "train":
            check_patients(map(Path, self.roots), self.licenses)
        cases: list[Case] = []
        weights: list[float] = []
        for root, share in self.roots.items():
            found = self._cases(Path(root), split)
            cases += found
            weights += [share / len(found)] * len(found)
        return CropPlan(cases, weights, self.mix, self.spec.patch_size, self.seed)

    def _cases(self, root: Path, split: str) -> Sequence[Case]:
        folders = list_cases(root, split)
        if not folders:
            raise InputError(
                f"{root} has no prepared case in {split}; run calciscope-train synthesise"
            )
        cases = licensed([read_case(folder) for folder in folders], self.licenses, root)
        check_keys(cases, self.spec, root)
        return cases

    def train_dataloader(self) -> DataLoader[Batch]:
        """Augmented crops, new ones each epoch."""
        augmentation = Augmentation(self.augmentation) if self.augmentation else None
        dataset = CropDataset(self.plan("train"), self.spec, augmentation)
        sampler = self._sampler(self.samples_per_epoch, first=lambda: self.crops_seen)
        return self._loader(dataset, sampler, self.workers)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Plain crops, the same ones every time."""
        dataset = CropDataset(self.plan("val"), self.spec)
        workers = min(self.workers, VALIDATION_WORKERS)
        return self._loader(dataset, self._sampler(self.validation_crops), workers)

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Count the crops that are trained on; those read ahead do not count."""
        if self.trainer is not None and self.trainer.training:
            self.crops_seen += len(batch["ct"]) * self.trainer.world_size
        return batch

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"crops_seen": self.crops_seen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with the crops after those of the checkpoint."""
        self.crops_seen = int(state_dict["crops_seen"])

    def _sampler(self, samples: int, **kwargs: Any) -> NumberSampler:
        rank, processes = 0, 1
        if self.trainer is not None:
            rank, processes = self.trainer.global_rank, self.trainer.world_size
        return NumberSampler(samples, self.batch_size, rank, processes, **kwargs)

    def _loader(
        self, dataset: CropDataset, sampler: NumberSampler, workers: int
    ) -> DataLoader[Batch]:
        return DataLoader(
            dataset,
            batch_size=self.batch_size,
            sampler=sampler,
            num_workers=workers,
            persistent_workers=workers > 0,
            multiprocessing_context=worker_context() if workers else None,
            worker_init_fn=one_thread if workers else None,
            pin_memory=torch.cuda.is_available(),
        )


def worker_context() -> BaseContext:
    """How worker processes start: from a clean server process, or each from nothing.

    Never as a fork of the process that trains: that one holds threads of CUDA, OpenMP and the
    loggers, and a lock that one of them holds at the moment of a fork stays locked in the child.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # The server imports once what every worker needs.
    context.set_forkserver_preload(["calciscope_train.crops"])
    return context


def one_thread(worker: int) -> None:
    """Keep a worker on one core; many workers with many threads each would stand in line."""
    torch.set_num_threads(1)
