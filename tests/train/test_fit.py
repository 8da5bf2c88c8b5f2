"""The real configuration, small: it trains, stops, resumes and learns."""

import logging
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from calciscope_train.checkpoints import read_checkpoint
from calciscope_train.fit import fit, last_checkpoint
from calciscope_train.segmenter import CalcificationSegmenter

CONFIGS = Path(__file__).parents[2] / "configs"

pytestmark = [
    # Lightning's own wrapper of a torch function that renamed its tree leaves.
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec.*:FutureWarning"),
    # Lightning's command line calls what newer releases of jsonargparse have renamed.
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    # Reading crops takes a few percent of a step; a worker would cost a core.
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
]


@pytest.fixture(autouse=True)
def quiet_lightning() -> Iterator[None]:
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(level)


@pytest.fixture
def arguments(toy_root: Path, tmp_path: Path) -> list[str]:
    """The smoke configuration on the toy cases, four steps long."""
    return [
        *("--config", str(CONFIGS / "smoke.yaml")),
        *("--run", str(tmp_path / "run")),
        *("--data.roots", f'{{"{toy_root}": 1.0}}'),
        *("--data.samples_per_epoch", "4"),
        *("--data.validation_crops", "2"),
        *("--model.budget.steps", "4"),
    ]


def test_a_run_ends_with_its_budget_and_leaves_a_whole_checkpoint(arguments: list[str]) -> None:
    last = fit(arguments)
    assert last is not None
    assert [path.name for path in last.parent.iterdir()] == ["last.ckpt"]
    trained = read_checkpoint(last)
    assert trained.steps == 4
    assert trained.spec.patch_size == (32, 32, 16)
    assert not trained.network.training


def test_the_checkpoint_gives_the_averaged_weights(arguments: list[str]) -> None:
    last = fit([*arguments, "--average.decay", "0.5"])
    assert last is not None
    stored = torch.load(last, weights_only=True)
    name = "head.1.weight"
    network = read_checkpoint(last).network.state_dict()
    assert torch.equal(network[name], stored["state_dict"][f"network.{name}"])
    assert not torch.equal(network[name], stored["current_model_state"][f"network.{name}"])


def test_a_run_goes_on_where_it_stopped_as_if_it_had_not(
    arguments: list[str], tmp_path: Path
) -> None:
    def state(run: str, *budgets: int) -> dict[str, torch.Tensor]:
        for steps in budgets:
            # A long budget keeps the learning rate the same in both runs; epochs end them.
            more = ["--model.budget.steps", "1000", "--trainer.max_epochs", str(steps)]
            last = fit([*arguments, "--run", str(tmp_path / run), *more])
        assert last is not None
        stored = torch.load(last, weights_only=True)
        assert stored["global_step"] == 2 * budgets[-1]
        weights: dict[str, torch.Tensor] = stored["current_model_state"]
        return weights

    whole, parts = state("whole", 2), state("parts", 1, 2)
    for name, weight in whole.items():
        torch.testing.assert_close(parts[name], weight, msg=name)


def test_a_finished_run_is_left_as_it_is(arguments: list[str]) -> None:
    last = fit(arguments)
    assert last is not None
    before = read_checkpoint(last)
    again = fit(arguments)
    assert again == last
    assert read_checkpoint(last).steps <= before.steps + 1


def test_a_new_run_has_no_checkpoint(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None


@pytest.mark.parametrize(
    "wrong",
    [["--model.nrom", "batch"], ["--data.spec.patch_size", "[32, 32]"], ["--model.norm", "layer"]],
)
def test_a_misspelt_key_or_a_wrong_type_is_a_usage_error(
    arguments: list[str], wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        fit([*arguments, *wrong])
    assert caught.value.code == 2
    assert wrong[0].lstrip("-").split(".")[-1] in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ct.yaml", "smoke.yaml"])
def test_the_shipped_configurations_hold_known_keys(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[CalcificationSegmenter] = []

    def record(trainer: object, model: CalcificationSegmenter, **kwargs: object) -> None:
        seen.append(model)

    monkeypatch.setattr("pytorch_lightning.Trainer.fit", record)
    fit(["--config", str(CONFIGS / name)])
    assert seen[0].budget.steps > 0


@pytest.mark.slow
def test_the_smoke_run_learns_the_tissues(
    arguments: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    longer = {"--data.samples_per_epoch": "60", "--data.validation_crops": "8"}
    given = list(arguments)
    for key, value in {**longer, "--model.budget.steps": "120"}.items():
        given[given.index(key) + 1] = value
    with caplog.at_level(logging.INFO, logger="calciscope_train"):
        fit(given)
    lines = [line for line in caplog.messages if line.startswith("step")]
    assert [line.split(":")[0] for line in lines] == ["step 30", "step 60", "step 90", "step 120"]
    figures = dict(part.rsplit(" ", 1) for part in lines[-1].split(": ")[1].split("  "))
    assert float(figures["dice/muscle"]) > 0.7
    assert math.isfinite(float(figures["loss"]))
