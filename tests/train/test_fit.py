"""The real configuration, small: it trains, stops, resumes and learns."""

import csv
import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

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


def test_a_run_starts_from_the_averaged_weights_of_another_and_then_goes_on_by_itself(
    arguments: list[str], tmp_path: Path
) -> None:
    first = fit([*arguments, "--average.decay", "0.5"])
    assert first is not None
    # A learning rate of almost nothing leaves the weights as they were given.
    given = [*arguments, "--init", str(first), "--run", str(tmp_path / "second")]
    still = ["--model.learning_rate", "1e-12", "--model.budget.steps", "2"]
    second = fit([*given, *still])
    assert second is not None
    wanted, got = (read_checkpoint(path) for path in (first, second))
    assert got.steps == 2
    for name, weight in wanted.network.named_parameters():
        torch.testing.assert_close(got.network.get_parameter(name), weight, msg=name)
    # The same command again goes on from the run's own checkpoint, not from the first run's.
    fit([*given, "--model.budget.steps", "6"])
    assert read_checkpoint(second).steps == 6


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


def weights_after(arguments: list[str], run: Path, *more: str) -> dict[str, torch.Tensor]:
    last = fit([*arguments, "--run", str(run), *more])
    assert last is not None
    weights: dict[str, torch.Tensor] = torch.load(last, weights_only=True)["current_model_state"]
    return weights


def test_a_deterministic_run_can_be_repeated_bit_by_bit(
    arguments: list[str], tmp_path: Path
) -> None:
    more = ("--trainer.deterministic", "true", "--precision", "32-true")
    one, other = (weights_after(arguments, tmp_path / name, *more) for name in ("a", "b"))
    for name, weight in one.items():
        assert torch.equal(weight, other[name]), name
    torch.use_deterministic_algorithms(False)
    another = weights_after(arguments, tmp_path / "c", "--seed_everything", "1")
    assert not torch.equal(one["network.head.1.weight"], another["network.head.1.weight"])


def test_gathered_gradients_make_one_step_of_several_batches(
    arguments: list[str], tmp_path: Path
) -> None:
    # Eight batches of two crops are two steps of four batches each.
    gathered = ("--trainer.accumulate_grad_batches", "4", "--data.samples_per_epoch", "16")
    last = fit([*arguments, *gathered, "--trainer.max_epochs", "1"])
    assert last is not None
    stored = torch.load(last, weights_only=True)
    assert stored["global_step"] == 2
    assert stored["CtSegmentationDataModule"]["crops_seen"] == 16


@pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard")
def test_figures_and_pictures_lie_in_the_folder_of_the_run(
    arguments: list[str], tmp_path: Path
) -> None:
    fit([*arguments, "--trainer.logger", "true", "--trainer.log_every_n_steps", "1"])
    run = tmp_path / "run"
    with (run / "log" / "version_0" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    shares = [row for row in rows if row["crops/centered/vascular"]]
    names = [name for name in rows[0] if name.startswith("crops/centered/")]
    assert len(shares) == 2  # of epochs
    assert sum(float(shares[0][name]) for name in names) == pytest.approx(1.0)
    assert any(row["val/dice/muscle"] for row in rows)
    pictures = sorted(path.name for path in (run / "pictures").iterdir())
    assert pictures == ["step_0000002.png", "step_0000004.png"]
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    assert [event.step for event in events.Images("validation")] == [2, 4]
    assert {"val/loss", "train/loss", "crops/holding/foreign"} <= set(events.Tags()["scalars"])


def captured_cli(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The trainer that a command would train with."""
    seen: list[Any] = []
    monkeypatch.setattr(
        "pytorch_lightning.Trainer.fit", lambda trainer, *_, **__: seen.append(trainer)
    )
    fit(arguments)
    return seen[0]


def test_the_cluster_overlay_fits_over_the_full_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    over = ["--config", str(CONFIGS / "ct.yaml"), "--config", str(CONFIGS / "cluster.yaml")]
    here = ["--run", str(tmp_path), "--trainer.accelerator", "cpu", "--trainer.devices", "1"]
    trainer = captured_cli([*over, *here], monkeypatch)
    assert trainer.precision in ("bf16-mixed", "32-true")
    assert [type(logger).__name__ for logger in trainer.loggers] == [
        "CSVLogger",
        "TensorBoardLogger",
    ]
    assert {logger.save_dir for logger in trainer.loggers} == {str(tmp_path)}


@pytest.mark.parametrize(("asked", "automatic"), [([], False), (["true"], True)])
def test_lightning_does_not_requeue_a_slurm_job_unless_asked(
    arguments: list[str], asked: list[str], automatic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = {"NTASKS": 1, "NTASKS_PER_NODE": 1, "JOB_ID": 7, "PROCID": 0, "LOCALID": 0, "NODEID": 0}
    for name, value in slurm.items():
        monkeypatch.setenv(f"SLURM_{name}", str(value))
    more = [part for value in asked for part in ("--slurm_auto_requeue", value)]
    trainer = captured_cli([*arguments, *more], monkeypatch)
    cluster = trainer._accelerator_connector.cluster_environment
    assert type(cluster).__name__ == "SLURMEnvironment"
    assert cluster.auto_requeue is automatic


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
