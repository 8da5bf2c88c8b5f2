"""`calciscope-train fit`: LightningCLI over the segmenter and its data; resumes by itself.

The same command serves a laptop, one GPU, one node and a cluster; only `trainer` differs, see
configs/cluster.yaml. A run that is told to stop writes a checkpoint and exits with status 75; the
same command then goes on with it.
"""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.cli import ArgsType, LightningArgumentParser, LightningCLI

from calciscope_train.callbacks import LAST, LastCheckpoint, ValidationLine, WarmedWeightAveraging
from calciscope_train.crop_shares import CropShares
from calciscope_train.datamodule import CtSegmentationDataModule
from calciscope_train.devices import best_precision, slurm_environment
from calciscope_train.initial_weights import load_initial_weights
from calciscope_train.interruption import StopOnSignal
from calciscope_train.requeue import RunInterrupted
from calciscope_train.run_logs import run_loggers
from calciscope_train.segmenter import CalcificationSegmenter
from calciscope_train.validation_pictures import ValidationPictures

AUTO = "auto"

log = logging.getLogger(__name__)


def checkpoint_folder(run: Path) -> Path:
    """Where a run keeps its checkpoints."""
    return run / "checkpoints"


def picture_folder(run: Path) -> Path:
    """Where a run keeps its pictures."""
    return run / "pictures"


class RunCLI(LightningCLI):
    """One YAML, each key a constructor argument: model, data, trainer, average, checkpoint, run."""

    default_run = Path("runs/run")

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the run folder and the callbacks, and give the model the spec of the data."""
        parser.add_argument(
            "--run", type=Path, default=self.default_run, help="folder of the run; resumed if used"
        )
        parser.add_argument(
            "--init", type=Path | None, default=None, help="checkpoint whose weights a new run has"
        )
        parser.add_argument(
            "--precision",
            type=str | None,
            default=None,
            help="auto takes bf16 where the device has it; null leaves it to trainer.precision",
        )
        parser.add_argument(
            "--slurm_auto_requeue",
            type=bool,
            default=False,
            help="let Lightning requeue a SLURM job itself, from inside its signal handler",
        )
        parser.link_arguments("data.spec", "model.spec", apply_on="instantiate")
        parser.add_lightning_class_args(WarmedWeightAveraging, "average")
        parser.add_lightning_class_args(StopOnSignal, "stop")
        parser.add_lightning_class_args(LastCheckpoint, "checkpoint")
        parser.link_arguments("run", "checkpoint.folder", compute_fn=checkpoint_folder)

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Parse what was given, and only that: sys.argv holds the name of the command too."""
        self.config = (
            parser.parse_args(args) if isinstance(args, list) else parser.parse_object(args or {})
        )

    def instantiate_trainer(self, **kwargs: Any) -> pl.Trainer:
        """The trainer, fitted to the device and the cluster it runs on."""
        given = self.config.trainer
        if self.config.precision == AUTO:
            kwargs["precision"] = best_precision(str(given.accelerator))
        elif self.config.precision is not None:
            kwargs["precision"] = self.config.precision
        if given.logger is None or given.logger is True:
            kwargs["logger"] = run_loggers(self.config.run)
        if given.enable_progress_bar is None:
            kwargs["enable_progress_bar"] = sys.stderr.isatty()
        if given.default_root_dir is None:
            kwargs["default_root_dir"] = self.config.run
        cluster = slurm_environment(self.config.slurm_auto_requeue)
        if cluster is not None and not given.plugins:
            kwargs["plugins"] = [cluster]
        return super().instantiate_trainer(**kwargs)

    @property
    def stop(self) -> StopOnSignal:
        """The callback that knows whether the run was told to stop."""
        callback: StopOnSignal = self.config_init["stop"]
        return callback


class FitCLI(RunCLI):
    """The CT network's run, with pictures of its validations."""

    default_run = Path("runs/ct")

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the pictures to what every run has."""
        super().add_arguments_to_parser(parser)
        parser.add_lightning_class_args(ValidationPictures, "pictures")
        parser.link_arguments("run", "pictures.folder", compute_fn=picture_folder)


def last_checkpoint(run: Path) -> Path | None:
    """The checkpoint of a run, if it has one."""
    path = checkpoint_folder(run) / LAST
    return path if path.exists() else None


def fit(args: Sequence[str]) -> Path | None:
    """Train, from the last checkpoint of the run folder if there is one.

    Args:
        args: as on the command line: --config FILE [--model.norm instance ...].

    Returns:
        The last checkpoint; None where the run ended before its first one.

    Raises:
        RunInterrupted: a signal ended the run before its budget was used up.
    """
    cli = FitCLI(
        CalcificationSegmenter,
        CtSegmentationDataModule,
        **cli_settings(args, [CropShares(), ValidationLine()]),
    )
    return run_to_end(cli)


def cli_settings(args: Sequence[str], callbacks: list[Callback]) -> dict[str, Any]:
    """What every run gives its command line."""
    return {
        "args": list(args),
        "run": False,
        "save_config_callback": None,
        "auto_configure_optimizers": False,
        "seed_everything_default": 0,
        "trainer_defaults": {
            "callbacks": callbacks,
            "enable_checkpointing": False,
            # The samplers of the data module give each process its own samples.
            "use_distributed_sampler": False,
        },
    }


def run_to_end(cli: RunCLI) -> Path | None:
    """Train, from the last checkpoint if there is one; gives the last checkpoint.

    Raises:
        RunInterrupted: a signal ended the run before its budget was used up.
    """
    last = last_checkpoint(cli.config.run)
    log.info("run %s, %s", cli.config.run, f"going on from {last}" if last else "new")
    # A run that was cut short goes on from its own checkpoint, even if its command says --init.
    if cli.config.init is not None and last is None:
        load_initial_weights(cli.model, cli.config.init)
    cli.trainer.fit(cli.model, datamodule=cli.datamodule, ckpt_path=last, weights_only=True)
    # The other processes end as if all were done: a launcher kills the rest of a job when one of
    # its processes fails, and SLURM reports the highest status.
    if cli.stop.stopped and cli.trainer.is_global_zero:
        raise RunInterrupted(
            f"told to stop at step {cli.trainer.global_step}; the same command goes on with "
            f"{cli.config.run}"
        )
    return last_checkpoint(cli.config.run)
