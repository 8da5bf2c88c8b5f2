"""Read the network out of a checkpoint, without the LightningModule that wrote it."""

import pickle
from dataclasses import dataclass
from pathlib import Path

import torch

from calciscope.errors import ModelError
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.network import CalcificationUNet
from calciscope_train.segmenter import CHECKPOINT_KEY

PREFIX = "network."


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


def read_checkpoint(path: Path) -> TrainedNetwork:
    """Rebuild the trained network.

    Raises:
        ModelError: the file is absent, broken, or not a checkpoint of the CT network.
    """
    try:
        # weights_only: a checkpoint from elsewhere cannot run code.
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ModelError(f"{path} cannot be read as a checkpoint ({error})") from error
    if not isinstance(stored, dict) or CHECKPOINT_KEY not in stored:
        raise ModelError(f"{path} is not a checkpoint of calciscope-train fit; name its last.ckpt")
    record = stored[CHECKPOINT_KEY]
    network = CalcificationUNet(**record["architecture"])
    weights = stored["state_dict"]
    network.load_state_dict(
        {k.removeprefix(PREFIX): v for k, v in weights.items() if k.startswith(PREFIX)}
    )
    return TrainedNetwork(
        network.eval(),
        PreprocessingSpec.from_json(record["spec"]),
        int(stored["global_step"]),
        float(record["seconds"]) / 60.0,
    )
