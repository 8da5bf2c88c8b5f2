"""Batches: shape, repeatability with any number of workers, and shares of the sources."""

from pathlib import Path

import numpy as np
import pytest
import torch

from calciscope.errors import InputError
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.augmentation import AugmentationSettings
from calciscope_train.cases import write_case
from calciscope_train.datamodule import CtSegmentationDataModule, NumberSampler

SPEC = PreprocessingSpec(patch_size=(24, 24, 8))


def module(root: Path, workers: int = 0, seed: int = 0) -> CtSegmentationDataModule:
    return CtSegmentationDataModule(
        {str(root): 1.0},
        SPEC,
        augmentation=AugmentationSettings(),
        samples_per_epoch=4,
        validation_crops=4,
        workers=workers,
        seed=seed,
    )


def test_a_batch_is_as_the_network_wants_it(toy_root: Path) -> None:
    batch = next(iter(module(toy_root).train_dataloader()))
    assert batch["ct"].shape == (2, 2, 24, 24, 8)
    assert batch["ct"].dtype == torch.float32
    assert batch["ct"].abs().max() <= 1
    assert batch["labels"].shape == (2, 24, 24, 8)
    assert batch["labels"].dtype == torch.uint8
    assert batch["case"].tolist()[0] in range(3)
    assert batch["voxel_volume_mm3"].tolist() == [2.5, 2.5]


def test_the_seed_decides_and_the_number_of_workers_does_not(toy_root: Path) -> None:
    def crops(workers: int, seed: int) -> torch.Tensor:
        loader = module(toy_root, workers, seed).train_dataloader()
        return torch.cat([batch["ct"] for batch in loader])

    assert torch.equal(crops(0, 3), crops(1, 3))
    assert not torch.equal(crops(0, 3), crops(0, 4))


def test_each_epoch_brings_new_crops() -> None:
    sampler = NumberSampler(4)
    assert list(sampler) == [0, 1, 2, 3]
    sampler.set_epoch(2)
    assert list(sampler) == [8, 9, 10, 11]
    assert len(sampler) == 4


def test_validation_is_plain_and_always_the_same(toy_root: Path) -> None:
    first, again = (list(module(toy_root).val_dataloader()) for _ in range(2))
    assert len(first) == 2
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one["ct"], other["ct"])
        assert torch.equal(one["labels"], other["labels"])


def test_sources_share_the_crops_however_many_cases_they_have(tmp_path: Path) -> None:
    labels = np.full((8, 8, 4), 6, dtype=np.uint8)
    for root, count in (("many", 3), ("few", 1)):
        for number in range(count):
            meta = {"case_id": f"{number}", "source": root, "spacing_mm": [1.0, 1.0, 2.5]}
            write_case(tmp_path / root / "train" / f"{number}", labels.astype(int), labels, meta)
    roots = {str(tmp_path / "many"): 1.0, str(tmp_path / "few"): 3.0}
    plan = CtSegmentationDataModule(roots, SPEC).plan("train")
    shares = dict.fromkeys(("many", "few"), 0.0)
    for case, weight in zip(plan.cases, plan.weights, strict=True):
        shares[case.meta["source"]] += weight
    assert shares == pytest.approx({"many": 1.0, "few": 3.0})


def test_a_root_without_cases_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no prepared case in val; run calciscope-train"):
        module(tmp_path).val_dataloader()
