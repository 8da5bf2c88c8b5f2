"""The LightningModule: its clock, its schedule, and what a checkpoint carries."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.schedule import Budget, learning_rate_factor
from calciscope_train.segmenter import CHECKPOINT_KEY, CalcificationSegmenter


class Run:
    """A segmenter with a clock that is set by hand and a trainer that only remembers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, budget: Budget) -> None:
        self.now = 0.0
        self.step = 0
        self.module = CalcificationSegmenter(
            PreprocessingSpec(), budget, widths=(8, 8), fine_width=8, learning_rate=0.1
        )
        self.group: dict[str, Any] = {"lr": None}
        self.trainer: Any = SimpleNamespace(
            optimizers=[SimpleNamespace(param_groups=[self.group])],
            should_stop=False,
            check_val_every_n_epoch=5,
            world_size=1,
        )
        self.logged: dict[str, float] = {}
        self.module.clock = lambda: self.now
        kind = CalcificationSegmenter
        monkeypatch.setattr(kind, "trainer", property(lambda _: self.trainer))
        monkeypatch.setattr(kind, "global_step", property(lambda _: self.step))
        monkeypatch.setattr(
            kind, "log", lambda _, name, value, **__: self.logged.update({name: value})
        )
        monkeypatch.setattr(kind, "log_dict", lambda _, figures: self.logged.update(figures))
        self.module.on_train_start()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(monkeypatch, Budget(steps=100, minutes=10))


def test_the_learning_rate_follows_the_further_of_steps_and_clock(run: Run) -> None:
    run.step, run.now = 20, 300.0  # a fifth of the steps, half of the time
    run.module.on_train_batch_start({}, 0)
    assert run.group["lr"] == pytest.approx(0.1 * learning_rate_factor(0.5))
    run.step = 70
    run.module.on_train_batch_start({}, 0)
    assert run.group["lr"] == pytest.approx(0.1 * learning_rate_factor(0.7))


def test_batch_norm_freezes_late(run: Run) -> None:
    norm = run.module.network.head[0][1]  # type: ignore[index]
    for step, training in ((79, True), (80, False)):
        run.step = step
        run.module.on_train_batch_start({}, 0)
        assert norm.training is training


def test_the_end_of_the_budget_stops_after_a_validation(run: Run) -> None:
    run.step = 99
    run.module.on_train_batch_end(None, {}, 0)
    assert not run.trainer.should_stop
    run.step = 100
    run.module.on_train_batch_end(None, {}, 0)
    assert run.trainer.should_stop
    assert run.trainer.check_val_every_n_epoch == 1


def test_the_clock_goes_on_after_a_resume(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.now = 240.0
    assert run.module.progress() == pytest.approx(0.4)
    checkpoint: dict[str, Any] = {}
    run.module.on_save_checkpoint(checkpoint)
    resumed = Run(monkeypatch, Budget(steps=100, minutes=10))
    resumed.module.on_load_checkpoint(checkpoint)
    resumed.now = 60.0
    assert resumed.module.progress() == pytest.approx(0.5)


def test_processes_go_by_one_clock(run: Run) -> None:
    # Another process has been at it for 480 of the 600 seconds.
    other = torch.tensor(480.0, dtype=torch.float64)
    run.trainer.world_size = 2
    run.trainer.strategy = SimpleNamespace(reduce=lambda mine, reduce_op: torch.max(mine, other))
    run.now = 300.0
    assert run.module.progress() == pytest.approx(0.8)
    run.now = 360.0
    assert run.module.progress() == pytest.approx(0.9)


def test_a_checkpoint_says_how_to_rebuild_the_network(run: Run) -> None:
    checkpoint: dict[str, Any] = {}
    run.module.on_save_checkpoint(checkpoint)
    record = checkpoint[CHECKPOINT_KEY]
    assert PreprocessingSpec.from_json(record["spec"]) == PreprocessingSpec()
    assert record["architecture"] == {
        "inputs": 2,
        "widths": (8, 8),
        "fine_width": 8,
        "norm": "batch",
    }


def test_validation_counts_every_crop(run: Run) -> None:
    batch = {
        "ct": torch.zeros(2, 2, 8, 8, 4),
        "labels": torch.full((2, 8, 8, 4), 2, dtype=torch.uint8),
        "case": torch.tensor([0, 1]),
        "voxel_volume_mm3": torch.tensor([2.5, 2.5]),
    }
    bias = run.module.network.state_dict()["head.1.bias"]
    bias[2] = 1e3
    run.module.eval()
    run.module.on_validation_epoch_start()
    run.module.validation_step(batch, 0)
    run.module.on_validation_epoch_end()
    assert run.logged["val/dice/muscle"] == 1.0
    assert run.logged["val/false_positives_per_crop"] == 0.0


def test_training_moves_the_loss_down() -> None:
    torch.manual_seed(0)
    module = CalcificationSegmenter(
        PreprocessingSpec(), Budget(), widths=(8, 8), fine_width=8, learning_rate=0.01
    )
    labels = torch.zeros(2, 8, 8, 4, dtype=torch.uint8)
    labels[:, 2:5, 2:5, 1:3] = 6
    ct = torch.stack([labels.float() / 3 - 1] * 2, dim=1)
    optimizer = module.configure_optimizers()
    losses = []
    for _ in range(30):
        loss = module.loss(module(ct), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert (module.eval()(ct).argmax(1)[labels == 6] == 6).float().mean() > 0.9
