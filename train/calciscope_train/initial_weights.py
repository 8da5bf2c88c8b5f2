"""Start a new run from the weights of an earlier one: `calciscope-train fit --init CHECKPOINT`.

Only the weights are taken, the averaged ones where the earlier run kept an average; the schedule,
the optimizer and the step count begin anew. Any LightningModule that keeps its model in `network`
can start this way.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

import pytorch_lightning as pl
from torch import Tensor, nn

from calciscope.errors import ModelError
from calciscope_train.checkpoints import network_weights, read_stored

log = logging.getLogger(__name__)


def load_initial_weights(module: pl.LightningModule, path: Path) -> None:
    """Give the network of a new run the weights of a checkpoint.

    Lightning writes the averaged weights as `state_dict` and the raw ones beside them, so the
    averaged ones are what is read here.

    Args:
        module: keeps its model in `network`.
        path: a checkpoint of any run.

    Raises:
        ModelError: the checkpoint cannot be read or is of another architecture.
    """
    weights = network_weights(read_stored(path)["state_dict"])
    network = module.network
    if not isinstance(network, nn.Module):
        raise TypeError(f"{type(module).__name__} keeps no module in `network`")
    difference = _difference(network.state_dict(), weights)
    if difference:
        raise ModelError(
            f"{path} is of another architecture than this run ({difference}); "
            "give the run the same model section as the run that wrote it"
        )
    network.load_state_dict(weights)
    log.info("weights of %s; schedule, optimizer and steps begin anew", path)


def _difference(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """The first thing in which two sets of weights differ; empty if in none."""
    for name, weight in wanted.items():
        if name not in given:
            return f"it lacks {name}"
        if given[name].shape != weight.shape:
            return f"{name} is {tuple(given[name].shape)} there, {tuple(weight.shape)} here"
    surplus = sorted(set(given) - set(wanted))
    return f"{surplus[0]} is unknown here" if surplus else ""
