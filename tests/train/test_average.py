"""The mean of several runs is a network, with statistics of its own."""

from pathlib import Path

import pytest
import torch

from calciscope.errors import InputError, ModelError
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.average import average
from calciscope_train.checkpoints import read_checkpoint
from calciscope_train.network import CalcificationUNet
from calciscope_train.segmenter import CHECKPOINT_KEY

SPEC = PreprocessingSpec(patch_size=(16, 16, 8))


def checkpoint(path: Path, seed: int, width: int = 8, steps: int = 10) -> Path:
    """A run that ended with random weights and with statistics of nothing it ever saw."""
    torch.manual_seed(seed)
    architecture = {"inputs": 2, "widths": (width, 16), "fine_width": 8, "norm": "batch"}
    network = CalcificationUNet(inputs=2, widths=(width, 16), fine_width=8, norm="batch")
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.fill_(100.0)
    stored = {
        "state_dict": {f"network.{k}": v for k, v in network.state_dict().items()},
        "global_step": steps,
        CHECKPOINT_KEY: {"spec": SPEC.to_json(), "architecture": architecture, "seconds": 60.0},
    }
    torch.save(stored, path)
    return path


def test_weights_are_the_mean_and_statistics_are_measured(tmp_path: Path, toy_root: Path) -> None:
    paths = [checkpoint(tmp_path / f"{seed}.ckpt", seed, steps=10 + seed) for seed in range(3)]
    average(paths, tmp_path / "new" / "mean.ckpt", {str(toy_root): 1.0}, crops=4, batch_size=2)
    mean = read_checkpoint(tmp_path / "new" / "mean.ckpt")
    assert (mean.steps, mean.minutes, mean.spec) == (33, 3.0, SPEC)
    parts = [dict(read_checkpoint(path).network.named_parameters()) for path in paths]
    for name, weight in mean.network.named_parameters():
        expected = sum(part[name] for part in parts) / 3
        torch.testing.assert_close(weight, expected)
    means = [b for name, b in mean.network.named_buffers() if name.endswith("running_mean")]
    assert means
    assert all(float(value.abs().max()) < 50 for value in means)
    with pytest.raises(InputError, match="is there already"):
        average(paths, tmp_path / "new" / "mean.ckpt", {str(toy_root): 1.0})
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mean.ckpt"]


def test_what_cannot_be_averaged(tmp_path: Path, toy_root: Path) -> None:
    one, wider = checkpoint(tmp_path / "a", 0), checkpoint(tmp_path / "b", 1, width=16)
    roots = {str(toy_root): 1.0}
    with pytest.raises(InputError, match="two checkpoints or more"):
        average([one], tmp_path / "mean.ckpt", roots)
    with pytest.raises(ModelError, match=r"b is of another architecture or preprocessing than .*a"):
        average([one, wider], tmp_path / "mean.ckpt", roots)
    assert not (tmp_path / "mean.ckpt").exists()
