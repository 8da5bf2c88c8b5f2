"""Normal uptake and kinds of foci: activity.yaml, read once and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from calciscope.errors import PhantomError
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.phantom.draws import Distribution, parse_distribution, section

SHAPES = ("blob", "whole", "shell", "dependent", "tube")

INDEX = {compartment: n for n, compartment in enumerate(HOT_SPOT_COMPARTMENTS)}
"""Value of a compartment in a compartment map."""


@dataclass(frozen=True)
class FocusKind:
    """A kind of focus.

    Attributes:
        name: key of the file; compartment: that it belongs to.
        weight: among the kinds of its compartment.
        site: where its middle lies; shape: see SHAPES; along: direction of its length.
        length_mm, width_mm, depth_mm: of the focus; suv: true SUVbw.
        hu: what the CT shows there (None: nothing of it).
    """

    name: str
    compartment: Compartment
    weight: float
    site: str
    shape: str
    along: str
    length_mm: Distribution
    width_mm: Distribution
    depth_mm: Distribution
    suv: Distribution
    hu: Distribution | None


@dataclass(frozen=True)
class ActivitySettings:
    """The content of activity.yaml.

    Attributes:
        normal: SUV by tissue; organs: compartment and SUV by name of the organ.
        shares: probabilities; lesions, extensive, misregistration: distributions by name.
        count: foci of a case; weights: of compartments in a limb and in the trunk.
        foci: kinds by name.
    """

    normal: Mapping[str, Distribution]
    organs: Mapping[str, tuple[Compartment, Distribution]]
    shares: Mapping[str, float]
    lesions: Mapping[str, Distribution]
    extensive: Mapping[str, Distribution]
    misregistration: Mapping[str, Distribution]
    count: Distribution
    weights: Mapping[str, Mapping[Compartment, float]]
    foci: Mapping[str, FocusKind]


@cache
def activity_settings() -> ActivitySettings:
    """Read activity.yaml once.

    Raises:
        PhantomError: the file is not as described above.
    """
    text = (
        resources.files("calciscope.phantom.activity").joinpath("activity.yaml").read_text("utf-8")
    )
    return parse_activity(yaml.safe_load(text))


def parse_activity(raw: dict[str, Any]) -> ActivitySettings:
    """Settings from the mapping that the YAML file holds.

    Raises:
        PhantomError: a key is missing or unknown, or a figure is none; the message names it.
    """
    keys = (
        "normal", "organs", "shares", "lesions", "extensive", "misregistration", "count", "weights",
        "foci",
    )  # fmt: skip
    top = section(raw, keys, "activity.yaml")

    def drawn(name: str) -> dict[str, Distribution]:
        return {
            k: parse_distribution(v, f"activity.yaml: {name}.{k}") for k, v in top[name].items()
        }

    return ActivitySettings(
        drawn("normal"),
        {name: _organ(name, row) for name, row in top["organs"].items()},
        {name: float(value) for name, value in top["shares"].items()},
        drawn("lesions"),
        drawn("extensive"),
        drawn("misregistration"),
        parse_distribution(top["count"], "activity.yaml: count"),
        {
            name: {_compartment(c, name): float(w) for c, w in row.items()}
            for name, row in top["weights"].items()
        },
        {name: _kind(name, row) for name, row in top["foci"].items()},
    )


def _compartment(value: object, place: str) -> Compartment:
    names = {str(c): c for c in HOT_SPOT_COMPARTMENTS}
    if value not in names:
        raise PhantomError(f"activity.yaml: {place} names the compartment {value!r}; "
                           f"choose one of {', '.join(names)}")  # fmt: skip
    return names[str(value)]


def _organ(name: str, raw: object) -> tuple[Compartment, Distribution]:
    row = section(raw, ("compartment", "suv"), f"activity.yaml: {name}")
    return _compartment(row["compartment"], name), parse_distribution(row["suv"], f"{name}.suv")


def _kind(name: str, raw: object) -> FocusKind:
    figures = ("length_mm", "width_mm", "depth_mm", "suv")
    keys = ("compartment", "weight", "site", "shape", "along", *figures, "hu")
    row = section(raw, keys, f"activity.yaml: {name}")
    if row["shape"] not in SHAPES:
        raise PhantomError(f"activity.yaml: {name} has the shape {row['shape']!r}; "
                           f"choose one of {', '.join(SHAPES)}")  # fmt: skip
    drawn = {key: parse_distribution(row[key], f"activity.yaml: {name}.{key}") for key in figures}
    hu = None if row["hu"] is None else parse_distribution(row["hu"], f"activity.yaml: {name}.hu")
    return FocusKind(
        name, _compartment(row["compartment"], name), float(row["weight"]), str(row["site"]),
        str(row["shape"]), str(row["along"]), hu=hu, **drawn,
    )  # fmt: skip
