"""The logs of a run, all inside its folder."""

from pathlib import Path

from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger


def run_loggers(run: Path) -> list[Logger]:
    """A table of figures, and the same for TensorBoard with pictures.

    Each part of a run that is resumed writes its own `<run>/log/version_<n>/metrics.csv`, as the
    CSV logger deletes what it finds; TensorBoard shows the files of all parts in
    `<run>/tensorboard` as one run.
    """
    return [
        CSVLogger(run, name="log"),
        TensorBoardLogger(run, name="tensorboard", version=""),
    ]
