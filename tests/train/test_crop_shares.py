"""Shares of what was shown."""

import pytest
import torch

from calciscope.labels import IGNORE
from calciscope_train.crop_mix import CENTERS
from calciscope_train.crop_shares import CropShares


def test_crops_are_counted_by_center_by_what_they_hold_and_by_voxels() -> None:
    shares = CropShares()
    trainer = None
    names = list(CENTERS.values())
    labels = torch.zeros(2, 2, 2, 2, dtype=torch.uint8)
    labels[0, 0, 0, 0] = 4
    labels[1, 0] = IGNORE
    vascular, hard = names.index("vascular"), names.index("hard_miss")
    for centers in ((vascular, hard), (vascular, vascular)):
        batch = {"labels": labels, "centered_on": torch.tensor(centers)}
        shares.on_train_batch_end(trainer, None, None, batch, 0)  # type: ignore[arg-type]
    counted = shares.shares()
    assert counted["crops/centered/vascular"] == 3 / 4
    assert counted["crops/centered/hard_miss"] == 1 / 4
    assert counted["crops/holding/vascular"] == 2 / 4
    assert counted["crops/voxels/vascular"] == pytest.approx(2 / 32)
    # Of each two crops of 8 voxels one is vascular and four are ignored.
    assert counted["crops/voxels/background"] == pytest.approx(2 * (16 - 1 - 4) / 32)


def test_an_epoch_begins_anew() -> None:
    shares = CropShares()
    batch = {"labels": torch.full((1, 1, 1, 1), 6), "centered_on": torch.tensor([0])}
    shares.on_train_batch_end(None, None, None, batch, 0)  # type: ignore[arg-type]
    shares.on_train_epoch_start(None, None)  # type: ignore[arg-type]
    batch["labels"] = torch.full((1, 1, 1, 1), 2)
    shares.on_train_batch_end(None, None, None, batch, 0)  # type: ignore[arg-type]
    assert shares.shares()["crops/voxels/muscle"] == 1.0
