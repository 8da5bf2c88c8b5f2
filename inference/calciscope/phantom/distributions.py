"""Numbers drawn from distributions, and the one file that holds them all.

`distributions.yaml` names, for each kind of mineral and confounder, where it lies and how large,
dense and frequent it is. A key of a kind in the file is an argument of its builder's constructor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import yaml

from calciscope.errors import PhantomError

Rng = np.random.Generator
FILE = "distributions.yaml"


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


@dataclass(frozen=True)
class BodyPart:
    """What differs in one part of the body.

    Attributes:
        lesions: number of requests for calcification in a case that has any.
        factors: on the weight or rate of a kind; 1 where it is not named.
    """

    lesions: Distribution
    factors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """How many of each kind a case gets.

    Attributes:
        negative_share: of cases without calcification.
        weights: share of each kind among the requests for calcification.
        rates: mean number of each confounder, drawn from a Poisson distribution.
        body_parts: by name.
    """

    negative_share: float
    weights: Mapping[str, float]
    rates: Mapping[str, float]
    body_parts: Mapping[str, BodyPart]


@dataclass(frozen=True)
class Distributions:
    """The content of the file.

    Attributes:
        counts: of all kinds.
        kinds: settings by kind, still unread: `kinds.read_kinds` turns them into builders.
        source: where it was read, for messages.
    """

    counts: Counts
    kinds: Mapping[str, Mapping[str, Any]]
    source: str


@cache
def shipped_distributions() -> Distributions:
    """The distributions that Calciscope comes with, read once."""
    text = resources.files("calciscope.phantom").joinpath(FILE).read_text(encoding="utf-8")
    return parse_distributions(text, FILE)


def read_distributions(path: Path) -> Distributions:
    """Read a file of distributions.

    Raises:
        PhantomError: it is missing, no YAML, or has a key that is unknown or lacking.
    """
    try:
        return parse_distributions(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise PhantomError(f"{path} cannot be read; give a file of distributions") from error


def parse_distributions(text: str, source: str) -> Distributions:
    """Read distributions from text; `source` names it in messages."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PhantomError(f"{source} is no YAML: {error}") from error
    top = section(raw, ("counts", "kinds"), source)
    names = tuple(section(top["kinds"], None, f"{source}: kinds"))
    keys = ("negative_share", "weights", "rates", "body_parts")
    counts = section(top["counts"], keys, f"{source}: counts")
    parts = section(counts["body_parts"], None, f"{source}: body_parts")
    return Distributions(
        Counts(
            float(counts["negative_share"]),
            _figures(counts["weights"], names, f"{source}: weights"),
            _figures(counts["rates"], names, f"{source}: rates"),
            {name: _body_part(entry, names, f"{source}: {name}") for name, entry in parts.items()},
        ),
        {name: section(top["kinds"][name], None, f"{source}: {name}") for name in names},
        source,
    )


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


def _figures(raw: object, kinds: tuple[str, ...], place: str) -> Mapping[str, float]:
    figures = section(raw, None, place)
    unknown = [name for name in figures if name not in kinds]
    if unknown:
        raise PhantomError(f"{place} names {', '.join(unknown)}; no such kind is in the file")
    return {name: float(value) for name, value in figures.items()}


def _body_part(raw: object, kinds: tuple[str, ...], place: str) -> BodyPart:
    entry = section(raw, ("lesions", "factors"), place)
    return BodyPart(
        parse_distribution(entry["lesions"], f"{place}.lesions"),
        _figures(entry["factors"], kinds, f"{place}.factors"),
    )


def draw_counts(
    rng: Rng,
    body_part: str = "leg",
    negative_share: float | None = None,
    distributions: Distributions | None = None,
) -> dict[str, int]:
    """How many lesions of each kind a case gets.

    Args:
        rng: source of every draw.
        body_part: one of the file's body parts.
        negative_share: of cases without calcification (None: that of the file); confounders
            they have.
        distributions: None for those that Calciscope comes with.

    Raises:
        PhantomError: unknown body part.
    """
    counts = (distributions or shipped_distributions()).counts
    if body_part not in counts.body_parts:
        raise PhantomError(
            f"no body part {body_part!r}; choose one of {', '.join(counts.body_parts)}"
        )
    part = counts.body_parts[body_part]
    drawn = {
        kind: int(rng.poisson(rate * part.factors.get(kind, 1.0)))
        for kind, rate in counts.rates.items()
    }
    share = counts.negative_share if negative_share is None else negative_share
    if rng.uniform() < share:
        return drawn
    names = list(counts.weights)
    weights = np.array([counts.weights[n] * part.factors.get(n, 1.0) for n in names])
    for name in rng.choice(names, round(part.lesions.draw(rng)), p=weights / weights.sum()):
        drawn[str(name)] = drawn.get(str(name), 0) + 1
    return drawn
