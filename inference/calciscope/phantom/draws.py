"""Numbers that are drawn: distributions, and how a settings file writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from calciscope.errors import PhantomError

Rng = np.random.Generator


class Distribution(Protocol):
    """Something that numbers are drawn from."""

    def draw(self, rng: Rng) -> float:
        """One number."""
        ...


@dataclass(frozen=True)
class Fixed:
    """Always the same number."""

    value: float

    def draw(self, rng: Rng) -> float:
        return self.value


@dataclass(frozen=True)
class Uniform:
    """Any number from low to high."""

    low: float
    high: float

    def draw(self, rng: Rng) -> float:
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class Integers:
    """Any whole number from low to high, both included."""

    low: int
    high: int

    def draw(self, rng: Rng) -> float:
        return float(rng.integers(int(self.low), int(self.high) + 1))


@dataclass(frozen=True)
class LogNormal:
    """exp(N(log median, sigma)), clipped to low ... high."""

    median: float
    sigma: float
    low: float
    high: float

    def draw(self, rng: Rng) -> float:
        return float(np.clip(self.median * np.exp(rng.normal(0, self.sigma)), self.low, self.high))


@dataclass(frozen=True)
class Choice:
    """One of some numbers; what is listed twice comes twice as often."""

    values: tuple[float, ...]

    def draw(self, rng: Rng) -> float:
        return float(self.values[int(rng.integers(len(self.values)))])


FORMS: dict[str, tuple[type[Any], int]] = {
    "uniform": (Uniform, 2),
    "integers": (Integers, 2),
    "log_normal": (LogNormal, 4),
    "choice": (Choice, 0),
}
"""Distribution and number of its figures by the word of the file; 0: any number."""


def parse_distribution(value: object, place: str) -> Distribution:
    """Read a number, or a mapping of one word to its figures.

    Raises:
        PhantomError: it is neither; the message names `place`.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Fixed(float(value))
    if isinstance(value, Mapping) and len(value) == 1:
        word, figures = next(iter(value.items()))
        if word in FORMS and isinstance(figures, list):
            form, count = FORMS[word]
            numbers = [f for f in figures if isinstance(f, int | float)]
            if len(numbers) == len(figures) and len(figures) in (count or len(figures),):
                return _checked(form, tuple(float(n) for n in numbers), place)
    raise PhantomError(
        f"{place} is {value!r}; write a number or one of {', '.join(FORMS)} with its figures"
    )


def _checked(form: type[Any], numbers: tuple[float, ...], place: str) -> Distribution:
    if form is Choice and numbers:
        return Choice(numbers)
    low, high = numbers[-2:] if len(numbers) >= 2 else (1.0, 0.0)
    if low > high:
        raise PhantomError(f"{place} runs from {low} to {high}; write the smaller figure first")
    made: Distribution = form(*numbers)
    return made


def section(raw: object, keys: tuple[str, ...] | None, place: str) -> Mapping[str, Any]:
    """A mapping with just these keys (None: any).

    Raises:
        PhantomError: it is no mapping, or a key is unknown or lacking.
    """
    if not isinstance(raw, Mapping):
        raise PhantomError(f"{place} holds {raw!r}; write a mapping of names to settings")
    if keys is not None:
        unknown, lacking = sorted(set(raw) - set(keys)), sorted(set(keys) - set(raw))
        if unknown:
            raise PhantomError(f"{place} has no setting {', '.join(unknown)}; it has "
                               f"{', '.join(keys)}")  # fmt: skip
        if lacking:
            raise PhantomError(f"{place} lacks {', '.join(lacking)}; add it")
    return raw
