"""The real configuration on toy hot spots: it trains, resumes and learns."""

import csv
import logging
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from calciscope_train.cli import run
from calciscope_train.spect.fit import spect_fit

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
]


@pytest.fixture(autouse=True)
def quiet_lightning() -> Iterator[None]:
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(level)


def test_the_command_trains_one_batch(fit_arguments: list[str]) -> None:
    assert run(["spect-fit", *fit_arguments, "--trainer.fast_dev_run", "true"]) == 0


def test_a_run_goes_on_where_it_stopped_as_if_it_had_not(
    fit_arguments: list[str], tmp_path: Path
) -> None:
    def state(name: str, *epochs: int) -> dict[str, torch.Tensor]:
        last = None
        for count in epochs:
            # A long budget keeps the learning rate the same in both runs; epochs end them.
            more = ["--model.budget.steps", "1000", "--trainer.max_epochs", str(count)]
            more += ["--model.dropout", "0", "--model.budget.minutes", "null"]
            last = spect_fit([*fit_arguments, "--run", str(tmp_path / name), *more])
        assert last is not None
        stored = torch.load(last, weights_only=True)
        assert stored["global_step"] == 2 * epochs[-1]
        assert stored["HotSpotDataModule"]["samples_seen"] == 12 * epochs[-1]
        weights: dict[str, torch.Tensor] = stored["current_model_state"]
        return weights

    whole, parts = state("whole", 2), state("parts", 1, 2)
    for name, weight in whole.items():
        torch.testing.assert_close(parts[name], weight, msg=name)


def test_a_short_run_learns_the_toy(fit_arguments: list[str], tmp_path: Path) -> None:
    longer = ["--model.budget.steps", "60", "--data.samples_per_epoch", "180"]
    more = [*longer, "--trainer.logger", "true", "--average.decay", "0.9"]
    spect_fit([*fit_arguments, *more])
    with (tmp_path / "run" / "log" / "version_0" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["val/macro_f1"]]
    assert float(rows[-1]["val/nll"]) < math.log(11) / 2
    assert float(rows[-1]["val/accuracy"]) == 1.0
