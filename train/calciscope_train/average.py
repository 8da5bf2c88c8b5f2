"""`calciscope-train average`: the mean of several runs' weights, as one checkpoint.

Runs that began from the same weights and were trained apart end near enough for their mean to be a
network, often a better one than each (Wortsman 2022, ICML, "Model soups"). The statistics of
BatchNorm are no weights: their mean belongs to no network, so they are measured again on crops.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn

from calciscope.errors import InputError, ModelError
from calciscope.preprocessing import PreprocessingSpec
from calciscope.writers.whole_file import whole_file
from calciscope_train.augmentation import AugmentationSettings
from calciscope_train.checkpoints import PREFIX, network_record, network_weights, read_stored
from calciscope_train.crop_mix import CropMix
from calciscope_train.datamodule import CtSegmentationDataModule
from calciscope_train.network import CalcificationUNet
from calciscope_train.segmenter import CHECKPOINT_KEY

log = logging.getLogger(__name__)


def average(
    checkpoints: Sequence[Path],
    output: Path,
    roots: dict[str, float],
    mix: CropMix | None = None,
    crops: int = 600,
    batch_size: int = 8,
    seed: int = 0,
) -> None:
    """Average the networks of several checkpoints; the result can be exported and trained on.

    Args:
        checkpoints: two or more last.ckpt of calciscope-train fit, of one architecture; of each
            its averaged weights are taken.
        output: the checkpoint that is written.
        roots: folders of prepared cases, each with its share of the crops, as for fit.
        mix: what crops are centered on, as for fit.
        crops: of training, that the statistics of BatchNorm are measured on.
        batch_size: crops in a batch of them.
        seed: of the crops.

    Raises:
        InputError: fewer than two checkpoints are given, or `output` is there already.
        ModelError: a checkpoint cannot be read, or they differ in architecture or preprocessing.
    """
    if len(checkpoints) < 2:
        raise InputError("an average needs two checkpoints or more")
    if output.exists():
        raise InputError(f"{output} is there already; name another file")
    stored = [read_stored(path) for path in checkpoints]
    records = [network_record(part, path) for part, path in zip(stored, checkpoints, strict=True)]
    first = records[0]
    for path, record in zip(checkpoints, records, strict=True):
        if any(record[key] != first[key] for key in ("architecture", "spec")):
            raise ModelError(
                f"{path} is of another architecture or preprocessing than {checkpoints[0]}; "
                "average runs of one configuration"
            )
    network = CalcificationUNet(**first["architecture"])
    network.load_state_dict(_mean([network_weights(part["state_dict"]) for part in stored]))
    data = CtSegmentationDataModule(
        roots,
        PreprocessingSpec.from_json(first["spec"]),
        mix,
        AugmentationSettings(),
        batch_size,
        samples_per_epoch=max(crops, batch_size),
        seed=seed,
    )
    update_bn(_inputs(data, max(crops // batch_size, 1)), network)
    written: dict[str, Any] = {
        "state_dict": {PREFIX + name: weight for name, weight in network.state_dict().items()},
        "global_step": sum(int(part["global_step"]) for part in stored),
        CHECKPOINT_KEY: {**first, "seconds": sum(float(r["seconds"]) for r in records)},
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(output) as draft:
        torch.save(written, draft)
    log.info("%s: the mean of %d networks", output, len(stored))


def _mean(parts: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each weight; counters are those of the first."""
    return {
        name: torch.stack([part[name] for part in parts]).mean(dim=0)
        if weight.is_floating_point()
        else weight
        for name, weight in parts[0].items()
    }


def _inputs(data: CtSegmentationDataModule, batches: int) -> Iterator[Tensor]:
    for batch in islice(data.train_dataloader(), batches):
        yield batch["ct"]
