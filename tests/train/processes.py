"""Runs of `calciscope-train fit` in processes of their own, which can be killed."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

CONFIGS = Path(__file__).parents[2] / "configs"
PACKAGES = tuple(str(CONFIGS.parent / name) for name in ("train", "inference"))
PATIENCE_S = 240.0
COMMAND = ("-m", "calciscope_train.cli", "fit")


def fit_arguments(toy_root: Path, run: Path, steps: int) -> list[str]:
    """The smoke configuration on the toy cases, saving a checkpoint at every step."""
    return [
        *("--config", str(CONFIGS / "smoke.yaml")),
        *("--run", str(run)),
        *("--data.roots", f'{{"{toy_root}": 1.0}}'),
        *("--data.samples_per_epoch", "2000"),
        *("--data.validation_crops", "4"),
        *("--model.budget.steps", str(steps)),
        *("--checkpoint.minutes", "0"),
        *("--model.widths", "[8,8]"),
        *("--precision", "32-true"),
    ]


class Fit:
    """One process (and those that it starts)."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        launcher: Sequence[str] = COMMAND,
    ) -> None:
        # What the machine that runs the tests says of clusters must not reach the run.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "TORCH"))}
        path = os.pathsep.join((str(folder), *PACKAGES))
        self.log = folder / "fit.log"
        self._file = self.log.open("a")
        self.process = subprocess.Popen(
            [sys.executable, *launcher, *arguments],
            cwd=folder,
            env={**inherited, "OMP_NUM_THREADS": "1", "PYTHONPATH": path, **(environment or {})},
            stdout=self._file,
            stderr=subprocess.STDOUT,
        )

    def wait(self) -> int:
        """Exit status."""
        status = self.process.wait(timeout=PATIENCE_S)
        self._file.close()
        return status

    def wait_for_checkpoint(self, path: Path, after: int = 0) -> None:
        """Return once a checkpoint holds more than so many steps."""
        until = time.monotonic() + PATIENCE_S
        while not (path.exists() and steps_of(path) > after):
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"no checkpoint in time:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)


def steps_of(path: Path) -> int:
    """Optimizer steps of a checkpoint; fails if it is torn."""
    return int(torch.load(path, weights_only=True)["global_step"])
