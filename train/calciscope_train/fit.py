"""`calciscope-train fit`: LightningCLI over the segmenter and its data; resumes by itself."""

import logging
from collections.abc import Sequence
from pathlib import Path

from pytorch_lightning.cli import ArgsType, LightningArgumentParser, LightningCLI

from calciscope_train.callbacks import (
    LAST,
    LastCheckpoint,
    StopOnSignal,
    ValidationLine,
    WarmedWeightAveraging,
)
from calciscope_train.datamodule import CtSegmentationDataModule
from calciscope_train.segmenter import CalcificationSegmenter

log = logging.getLogger(__name__)


def checkpoint_folder(run: Path) -> Path:
    """Where a run keeps its checkpoints."""
    return run / "checkpoints"


class FitCLI(LightningCLI):
    """One YAML, each key a constructor argument: model, data, trainer, average, checkpoint, run."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the run folder and the callbacks, and give the model the data's preprocessing."""
        parser.add_argument(
            "--run", type=Path, default=Path("runs/ct"), help="folder of the run; resumed if used"
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
    """
    cli = FitCLI(
        CalcificationSegmenter,
        CtSegmentationDataModule,
        args=list(args),
        run=False,
        save_config_callback=None,
        auto_configure_optimizers=False,
        seed_everything_default=0,
        trainer_defaults={"callbacks": [ValidationLine()], "enable_checkpointing": False},
    )
    last = last_checkpoint(cli.config.run)
    log.info("run %s, %s", cli.config.run, f"going on from {last}" if last else "new")
    cli.trainer.fit(cli.model, datamodule=cli.datamodule, ckpt_path=last, weights_only=True)
    return last_checkpoint(cli.config.run)
