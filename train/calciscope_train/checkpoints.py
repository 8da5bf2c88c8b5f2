"""Read the network out of a checkpoint, without the LightningModule that wrote it."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from calciscope.errors import ModelError
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.network import CalcificationUNet
from calciscope_train.segmenter import CHECKPOINT_KEY

PREFIX = "network."
"""What the names of a checkpoint's weights begin with."""


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """What a checkpoint holds.

    Attributes:
        network: in evaluation mode, on the CPU, with averaged weights where the run kept them.
        spec: its preprocessing.
        steps: optimizer steps it was trained for.
        minutes: wall-clock minutes it was trained for.
    """

    network: CalcificationUNet
    spec: PreprocessingSpec
    steps: int
    minutes: float


def read_stored(path: Path) -> dict[str, Any]:
    """What a checkpoint file holds, on the CPU.

    Raises:
        ModelError: the file is absent, broken, or holds no weights.
    """
    try:
        # weights_only: a checkpoint from elsewhere cannot run code.
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ModelError(f"{path} cannot be read as a checkpoint ({error})") from error
    if not isinstance(stored, dict) or not isinstance(stored.get("state_dict"), dict):
        raise ModelError(f"{path} is not a checkpoint of calciscope-train fit; name its last.ckpt")
    return stored


def network_weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the network alone, under the names it gives them itself."""
    return {k.removeprefix(PREFIX): v for k, v in state.items() if k.startswith(PREFIX)}


def network_record(stored: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What rebuilds the network of a stored checkpoint: architecture, spec, seconds trained.

    Raises:
        ModelError: it is not of the CT network.
    """
    if CHECKPOINT_KEY not in stored:
        raise ModelError(f"{path} is not a checkpoint of calciscope-train fit; name its last.ckpt")
    return dict(stored[CHECKPOINT_KEY])


def read_checkpoint(path: Path) -> TrainedNetwork:
    """Rebuild the trained network.

    Raises:
        ModelError: the file is absent, broken, or not a checkpoint of the CT network.
    """
    stored = read_stored(path)
    record = network_record(stored, path)
    network = CalcificationUNet(**record["architecture"])
    network.load_state_dict(network_weights(stored["state_dict"]))
    return TrainedNetwork(
        network.eval(),
        PreprocessingSpec.from_json(record["spec"]),
        int(stored["global_step"]),
        float(record["seconds"]) / 60.0,
    )
