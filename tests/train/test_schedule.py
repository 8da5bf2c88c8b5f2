"""Length of a run and learning rate."""

import pytest

from calciscope_train.schedule import FLOOR, WARMUP, Budget, learning_rate_factor


def test_progress_is_by_steps_or_by_the_clock_whichever_is_further() -> None:
    budget = Budget(steps=100, minutes=2)
    assert budget.progress(50, 12) == pytest.approx(0.5)
    assert budget.progress(5, 90) == pytest.approx(0.75)
    assert budget.progress(500, 0) == 1.0
    assert Budget(steps=100).progress(10, 1e9) == pytest.approx(0.1)


@pytest.mark.parametrize(("steps", "minutes"), [(0, None), (10, 0.0), (-1, 5.0)])
def test_a_budget_is_positive(steps: int, minutes: float | None) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Budget(steps, minutes)


def test_the_learning_rate_rises_then_falls_to_its_floor() -> None:
    assert learning_rate_factor(0.0) == FLOOR
    assert learning_rate_factor(WARMUP / 2) == pytest.approx(0.5)
    assert learning_rate_factor(WARMUP) == pytest.approx(1.0)
    halfway = WARMUP + (1 - WARMUP) / 2
    assert learning_rate_factor(halfway) == pytest.approx((1 + FLOOR) / 2)
    assert learning_rate_factor(1.0) == pytest.approx(FLOOR)
    after = [learning_rate_factor(WARMUP + (1 - WARMUP) * step / 50) for step in range(51)]
    assert after == sorted(after, reverse=True)
