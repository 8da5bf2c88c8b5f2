"""`calciscope-train spect-fit`: LightningCLI over the hot-spot classifier and its data."""

from collections.abc import Sequence
from pathlib import Path

from calciscope_train.callbacks import ValidationLine
from calciscope_train.fit import RunCLI, cli_settings, run_to_end
from calciscope_train.spect.classifier import HotSpotClassifier
from calciscope_train.spect.datamodule import HotSpotDataModule


class HotSpotFitCLI(RunCLI):
    """The hot-spot network's run."""

    default_run = Path("runs/spect")


def spect_fit(args: Sequence[str]) -> Path | None:
    """Train, from the last checkpoint of the run folder if there is one.

    Args:
        args: as on the command line: --config FILE [--model.learning_rate 1e-3 ...].

    Returns:
        The last checkpoint; None where the run ended before its first one.

    Raises:
        RunInterrupted: a signal ended the run before its budget was used up.
    """
    cli = HotSpotFitCLI(
        HotSpotClassifier, HotSpotDataModule, **cli_settings(args, [ValidationLine()])
    )
    return run_to_end(cli)
