"""Judged cases made by hand or by seed: everything that figures and report are made from."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.evaluation.spect.conditions import Condition, Family, standard_conditions
from calciscope.evaluation.spect.rows import RULE, FocusRow, HotSpotRow, SpectCaseResult
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment

PARTS = ("calf", "pelvis", "chest")


def hot_spot(
    number: int, truth: Compartment | None, *, false: bool = False, mixed: bool = False
) -> HotSpotRow:
    return HotSpotRow(number, truth, 0.5 if mixed else 0.9, mixed, None, false, 3.0, 5.0)


def focus(
    number: int, compartment: Compartment, *, found: bool = True, ml: float = 2.0, suv: float = 5.0
) -> FocusRow:
    return FocusRow(number, "node", compartment, suv, ml, 12.0, ml >= 0.5, False, found)


def certain(compartment: Compartment, probability: float = 0.8) -> tuple[float, ...]:
    """This probability for one compartment, the rest shared evenly."""
    rest = (1 - probability) / (len(HOT_SPOT_COMPARTMENTS) - 1)
    return tuple(probability if c is compartment else rest for c in HOT_SPOT_COMPARTMENTS)


def result(
    case_id: str,
    truths: list[Compartment],
    answers: dict[str, list[Compartment]],
    **changes: object,
) -> SpectCaseResult:
    """A case whose hot spots have a truth, and an answer under each condition."""
    record: dict[str, object] = {
        "case_id": case_id,
        "settings": "held_out",
        "body_part": "calf",
        "tissues_by": "CT network",
        "misregistration_mm": 2.0,
        "counts": 1.0,
        "hot_spots": tuple(hot_spot(n, truth) for n, truth in enumerate(truths, start=1)),
        "foci": tuple(focus(n, truth) for n, truth in enumerate(truths, start=1)),
        "answers": {key: tuple(certain(c) for c in said) for key, said in answers.items()},
    }
    return SpectCaseResult(**{**record, **changes})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Draws:
    """Many random cases: a model right in `skill` of its answers, less under disturbance."""

    seed: int = 7
    cases: int = 40
    skill: float = 0.88

    def results(self) -> list[SpectCaseResult]:
        rng = np.random.default_rng(self.seed)
        return [self._result(f"held_out-{900 + n}", rng) for n in range(self.cases)]

    def _result(self, case_id: str, rng: np.random.Generator) -> SpectCaseResult:
        count = int(rng.integers(4, 12))
        weights = np.array([5, 2, 3, 3, 1, 2, 2, 1, 1, 0.5, 1.5])
        truths = [
            HOT_SPOT_COMPARTMENTS[n] for n in rng.choice(11, count, p=weights / weights.sum())
        ]
        spots = [
            hot_spot(n, t, mixed=bool(rng.random() < 0.1)) for n, t in enumerate(truths, start=1)
        ]
        if rng.random() < 0.2:
            spots.append(hot_spot(count + 1, Compartment.MUSCLE, false=True))
            truths.append(Compartment.MUSCLE)
        foci = [
            focus(n, t, found=bool(rng.random() < 0.9), ml=float(rng.lognormal(0.7, 1.2)),
                  suv=float(rng.lognormal(1.4, 0.6)))
            for n, t in enumerate(truths[:count], start=1)
        ]  # fmt: skip
        level = float(np.exp(rng.uniform(-1.2, 1.2)))
        return SpectCaseResult(
            case_id, "held_out", str(rng.choice(PARTS)), "CT network", float(rng.uniform(0, 8)),
            level, tuple(spots), tuple(foci),
            {
                RULE: self._answers(truths, 0.55, rng),
                **{c.key: self._answers(truths, self._skill(c), rng)
                   for c in standard_conditions(("SPECT, own model",))},
            },
        )  # fmt: skip

    def _skill(self, condition: Condition) -> float:
        if condition.family is Family.ABLATION:
            return 0.7
        return self.skill - (0.02 if condition.family is Family.SHIFT else 0.3) * condition.value

    def _answers(
        self, truths: list[Compartment], skill: float, rng: np.random.Generator
    ) -> tuple[tuple[float, ...], ...]:
        return tuple(self._answer(t, skill, rng) for t in truths)

    def _answer(
        self, truth: Compartment, skill: float, rng: np.random.Generator
    ) -> tuple[float, ...]:
        """Probabilities that mean what they say: drawn first, then right as often."""
        highest = float(np.clip(rng.beta(8 * skill, 8 * (1 - skill)), 0.2, 0.999))
        true = HOT_SPOT_COMPARTMENTS.index(truth)
        said = (
            true if rng.random() < highest else int(rng.choice([n for n in range(11) if n != true]))
        )
        rest: NDArray[np.float64] = rng.dirichlet(np.ones(10)) * (1 - highest)
        rest = np.minimum(rest, 0.999 * highest)
        row = np.insert(rest, said, highest)
        return tuple(float(p) for p in row / row.sum())


@pytest.fixture(scope="session")
def drawn() -> list[SpectCaseResult]:
    return Draws().results()
