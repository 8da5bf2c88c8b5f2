"""Two processes train one network, on the CPU (gloo)."""

import json
import signal
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch

from calciscope_train.requeue import REQUEUE_STATUS

from .processes import COMMAND, Fit, fit_arguments, steps_of

PROBE = dedent(
    """
    import json
    from pathlib import Path

    import torch
    from pytorch_lightning.callbacks import Callback


    class Probe(Callback):
        '''Each process writes what it sees.'''

        def __init__(self, folder: str) -> None:
            self.folder = Path(folder)
            self.crops = []

        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            self.crops.append(batch["ct"].sum().item())

        def on_train_end(self, trainer, pl_module):
            rank = trainer.global_rank
            torch.save(dict(pl_module.network.named_parameters()), self.folder / f"w{rank}.pt")
            figures = {k: float(v) for k, v in trainer.callback_metrics.items() if "val/" in k}
            seen = {
                "step": trainer.global_step,
                "crops": self.crops,
                "figures": figures,
                "world_size": trainer.world_size,
                "shown": pl_module._scores.crops,
            }
            (self.folder / f"seen{rank}.json").write_text(json.dumps(seen))
    """
)
TWO_DEVICES = ("--trainer.devices", "2", "--trainer.strategy", "ddp")


def seen(folder: Path) -> list[dict[str, Any]]:
    """What both processes saw, after a check that their weights are the same."""
    weights = [torch.load(folder / f"w{rank}.pt", weights_only=True) for rank in range(2)]
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name]), name
    return [json.loads((folder / f"seen{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.slow
def test_two_processes_train_one_network_stop_together_and_go_on(
    toy_root: Path, tmp_path: Path
) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    run = tmp_path / "run"
    last = run / "checkpoints" / "last.ckpt"
    callback = f'[{{"class_path": "probe.Probe", "init_args": {{"folder": "{tmp_path}"}}}}]'
    more = [*TWO_DEVICES, "--trainer.callbacks", callback]

    # Lightning starts the second process; the signal reaches the first alone.
    first = Fit([*fit_arguments(toy_root, run, 100_000), *more], tmp_path)
    first.wait_for_checkpoint(last)
    first.process.send_signal(signal.SIGTERM)
    assert first.wait() == REQUEUE_STATUS, first.log.read_text()
    one, other = seen(tmp_path)
    assert (one["world_size"], one["step"]) == (2, other["step"])
    assert steps_of(last) == one["step"]
    assert not set(one["crops"]) & set(other["crops"])
    assert [path.name for path in last.parent.iterdir()] == ["last.ckpt"]

    # torchrun starts both, and both end with the budget.
    steps = one["step"] + 3
    # After "--" torchrun does not take our --run for one of its own options.
    module, name, command = COMMAND
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    launcher = (*launcher, module, "--", name, command)
    second = Fit([*fit_arguments(toy_root, run, steps), *more], tmp_path, launcher=launcher)
    assert second.wait() == 0, second.log.read_text()
    one, other = seen(tmp_path)
    assert one["step"] == other["step"] == steps
    # Each counted half of the four crops of validation, and both know the figures of all.
    assert (one["shown"], other["shown"]) == (2, 2)
    assert one["figures"] == other["figures"] != {}
    stored = torch.load(last, weights_only=True)
    assert stored["CtSegmentationDataModule"]["crops_seen"] == 2 * 2 * steps
    assert int(stored["averaging_state"]["n_averaged"]) == steps
