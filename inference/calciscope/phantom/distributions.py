"""Numbers drawn from distributions, and the one file that holds them all.

`distributions.yaml` names, for each kind of mineral and confounder, where it lies and how large,
dense and frequent it is. A key of a kind in the file is an argument of its builder's constructor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from calciscope.errors import PhantomError
from calciscope.phantom.draws import Distribution, parse_distribution, section

Rng = np.random.Generator
FILE = "distributions.yaml"


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
