"""HotSpotDataModule: cached hot spots as batches of network inputs with soft targets."""

from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from calciscope.labels import HOT_SPOT_COMPARTMENTS
from calciscope.spect.patch_inputs import network_inputs
from calciscope.spect.patch_spec import PatchSpec
from calciscope_train.datamodule import one_thread, worker_context
from calciscope_train.samplers import NumberSampler
from calciscope_train.spect.augmentation import PatchAugmentation, augmented, cropped
from calciscope_train.spect.patch_cache import CachedCase, cached_cases

Batch = dict[str, torch.Tensor]
Sample = dict[str, NDArray[np.float32]]


class PlainHotSpots(Dataset[Sample]):
    """Every hot spot once, as at inference.

    Args:
        cases: of a cache.
        spec: of the patches.
    """

    def __init__(self, cases: list[CachedCase], spec: PatchSpec) -> None:
        self.cases = cases
        self.spec = spec
        self.places = [(c, n) for c, case in enumerate(cases) for n in range(case.count)]
        self.shares = np.concatenate([case.shares for case in cases])

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, number: int) -> Sample:
        case, place = self.cases[self.places[number][0]], self.places[number][1]
        patch = cropped(case.patch(place, 0), case.margin)
        return {"inputs": network_inputs(patch, self.spec), "shares": self.shares[number]}


class DrawnHotSpots(Dataset[Sample]):
    """Hot spots drawn by class, changed at random; sample n is the same in every run.

    Args:
        cases: of a cache.
        spec: of the patches.
        augmentation: random changes; None for none.
        balance: 0 draws every hot spot alike, 1 every class alike.
        seed: of every draw.
    """

    def __init__(
        self,
        cases: list[CachedCase],
        spec: PatchSpec,
        augmentation: PatchAugmentation | None,
        balance: float,
        seed: int,
    ) -> None:
        self.plain = PlainHotSpots(cases, spec)
        self.augmentation = augmentation
        self.seed = seed
        classes = self.plain.shares.argmax(axis=1)
        counts = np.bincount(classes, minlength=len(HOT_SPOT_COMPARTMENTS))
        weights = np.asarray(counts[classes], dtype=np.float64) ** -balance
        self.weights = weights / weights.sum()
        self.cumulated = np.cumsum(self.weights)

    @property
    def priors(self) -> NDArray[np.float64]:
        """How often each class is drawn, (11,)."""
        classes = self.plain.shares.argmax(axis=1)
        sums = np.bincount(classes, self.weights, len(HOT_SPOT_COMPARTMENTS))
        return np.asarray(sums, dtype=np.float64)

    def __getitem__(self, number: int) -> Sample:
        rng = np.random.default_rng((self.seed, number))
        drawn = int(np.searchsorted(self.cumulated, rng.random(), side="right"))
        chosen = min(drawn, len(self.cumulated) - 1)
        place, spec = self.plain.places[chosen], self.plain.spec
        case = self.plain.cases[place[0]]
        patch = case.patch(place[1], int(rng.integers(case.views)))
        if self.augmentation is None:
            patch = cropped(patch, case.margin)
        else:
            patch = augmented(patch, case.margin, spec.fine_mm, self.augmentation, rng)
        return {"inputs": network_inputs(patch, spec), "shares": self.plain.shares[chosen]}


class HotSpotDataModule(pl.LightningDataModule):
    """Batches {"inputs": (N, L), "shares": (N, 11)}.

    A checkpoint keeps how many samples were trained on, so that a run which goes on draws new ones.

    Args:
        train, val: folders of patches, see calciscope-train spect-patches.
        spec: the patches, kept in every checkpoint and exported model.
        augmentation: random changes in training; none if null.
        balance: 0 draws every hot spot alike, 1 every class alike.
        batch_size: hot spots in a batch.
        samples_per_epoch: hot spots in an epoch of training.
        workers: processes that read; 0 reads in the one that trains.
        seed: of every draw.
    """

    def __init__(
        self,
        train: Path,
        val: Path,
        spec: PatchSpec,
        augmentation: PatchAugmentation | None = None,
        balance: float = 0.75,
        batch_size: int = 32,
        samples_per_epoch: int = 2000,
        workers: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.train = train
        self.val = val
        self.spec = spec
        self.augmentation = augmentation
        self.balance = balance
        self.batch_size = batch_size
        self.samples_per_epoch = samples_per_epoch
        self.workers = workers
        self.seed = seed
        self.samples_seen = 0

    def train_dataloader(self) -> DataLoader[Batch]:
        """Changed hot spots, new ones each epoch."""
        cases = cached_cases(self.train, self.spec)
        drawn = DrawnHotSpots(cases, self.spec, self.augmentation, self.balance, self.seed)
        rank, processes = 0, 1
        if self.trainer is not None:
            rank, processes = self.trainer.global_rank, self.trainer.world_size
        sampler = NumberSampler(
            self.samples_per_epoch, self.batch_size, rank, processes, lambda: self.samples_seen
        )
        return self._loader(drawn, sampler)

    def val_dataloader(self) -> DataLoader[Batch]:
        """All hot spots of the validation cases, as at inference."""
        return self._loader(PlainHotSpots(cached_cases(self.val, self.spec), self.spec), None)

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Count the samples that are trained on; those read ahead do not count."""
        if self.trainer is not None and self.trainer.training:
            self.samples_seen += len(batch["inputs"]) * self.trainer.world_size
        return batch

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"samples_seen": self.samples_seen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with the samples after those of the checkpoint."""
        self.samples_seen = int(state_dict["samples_seen"])

    def _loader(self, dataset: Dataset[Sample], sampler: NumberSampler | None) -> DataLoader[Batch]:
        loader: DataLoader[Any] = DataLoader(
            dataset,
            batch_size=self.batch_size,
            sampler=sampler,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            multiprocessing_context=worker_context() if self.workers else None,
            worker_init_fn=one_thread if self.workers else None,
            pin_memory=torch.cuda.is_available(),
        )
        return loader
