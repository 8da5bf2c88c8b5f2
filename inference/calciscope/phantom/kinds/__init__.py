"""All kinds of mineral and of what is mistaken for it (taxonomy ids C*, H*, V*, J*, B3, X*).

`KINDS` is read from distributions.yaml when it is first asked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from types import MappingProxyType

from calciscope.errors import PhantomError
from calciscope.phantom.distributions import Distributions, shipped_distributions
from calciscope.phantom.draws import parse_distribution, section
from calciscope.phantom.kinds import (
    foreign,
    joints,
    masses,
    muscle,
    ossification,
    outside,
    subcutaneous,
    vessels,
)
from calciscope.phantom.kinds.builder import Builder, Kind

__all__ = ["BUILDERS", "KINDS", "Kind", "read_kinds"]

BUILDERS: Mapping[str, type[Builder]] = MappingProxyType(
    {
        "C1": subcutaneous.Nodules,
        "C2_sheet": subcutaneous.Sheet,
        "C2_large": subcutaneous.Sheet,
        "C2_net": subcutaneous.Plaque,
        "C3": muscle.Rods,
        "C3_focus": muscle.Focus,
        "C4": masses.Tumoral,
        "C5": muscle.Cloud,
        "C5_focus": muscle.Focus,
        "C5_haze": subcutaneous.Sheet,
        "C5_mass": masses.MineralizedMass,
        "C6": subcutaneous.Plaque,
        "C7": subcutaneous.Granuloma,
        "C8_fat": subcutaneous.FatNecrosis,
        "C8_muscle": muscle.Myonecrosis,
        "C9": masses.Node,
        "H1": ossification.Ossification,
        "V1": vessels.Intimal,
        "V2": vessels.Medial,
        "V3": vessels.Phleboliths,
        "J1": joints.Tendon,
        "J1_cartilage": joints.Cartilage,
        "J1_enthesophyte": joints.Spur,
        "J2": joints.Ossicles,
        "B3_osteophyte": joints.Spur,
        "B3_ossicle": joints.Ossicles,
        "B3_growth_plate": joints.GrowthPlate,
        "X1": foreign.WiresAndClips,
        "X1_plate": foreign.Screws,
        "X1_nail": foreign.Rod,
        "X1_stem": foreign.Rod,
        "X2": foreign.Splinter,
        "X2_wood": foreign.Wood,
        "X3": vessels.ContrastVessel,
        "X3_bowel": foreign.Bowel,
        "X4_lead": outside.Lead,
        "X4_line": outside.Line,
        "X4_zip": outside.Zip,
        "X4_bag": outside.Bag,
        "X4_dressing": outside.Dressing,
    }
)
"""What makes each kind; its settings are in distributions.yaml under the same name."""

PLACES = ("muscle", "subcutaneous", "bone", "fascia", "periosteal", "joint", "bundle", "outside")


def read_kinds(distributions: Distributions) -> dict[str, Kind]:
    """Kinds as a file of distributions describes them.

    Raises:
        PhantomError: a kind or a setting is unknown or lacking; the message names it.
    """
    source = distributions.source
    section(distributions.kinds, tuple(BUILDERS), f"{source}: kinds")
    return {name: _kind(name, distributions) for name in BUILDERS}


def _kind(name: str, distributions: Distributions) -> Kind:
    place = f"{distributions.source}: {name}"
    builder = BUILDERS[name]
    own = tuple(f.name for f in fields(builder))
    frame = ("where", "room_mm", "on_bone")
    raw = {"on_bone": 0.0, **distributions.kinds[name]}
    settings = section(raw, (*frame, *own), place)
    where = section(settings["where"], None, f"{place}.where")
    unknown = sorted(set(where) - set(PLACES))
    if unknown or not where:
        raise PhantomError(
            f"{place}.where names {', '.join(unknown) or 'no place'}; choose of {', '.join(PLACES)}"
        )
    room = settings["room_mm"]
    if not isinstance(room, list) or len(room) != 2 or room[0] > room[1]:
        raise PhantomError(f"{place}.room_mm is {room!r}; write the lowest and highest distance")
    drawn = {key: parse_distribution(settings[key], f"{place}.{key}") for key in own}
    return Kind(
        name,
        builder(**drawn),
        {key: float(weight) for key, weight in where.items()},
        (float(room[0]), float(room[1])),
        float(settings["on_bone"]),
    )


@cache
def _shipped() -> Mapping[str, Kind]:
    return MappingProxyType(read_kinds(shipped_distributions()))


class _ShippedKinds(Mapping[str, Kind]):
    """The kinds that Calciscope comes with, read when they are first asked for."""

    def __getitem__(self, name: str) -> Kind:
        return _shipped()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(BUILDERS)

    def __len__(self) -> int:
        return len(BUILDERS)


KINDS: Mapping[str, Kind] = _ShippedKinds()
"""Every kind by name."""
