"""What a body part is made of, and how it is posed: lists of solids that move together."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace

import numpy as np

from calciscope.phantom.anatomy.solids import Points, Solid


@dataclass(frozen=True, eq=False)
class Bone:
    """A bone.

    Attributes:
        solid: its shape.
        cortex_mm: thickness of the cortex of a healthy adult.
        spongy: share of spongiosa in the cavity, 0 (marrow) to 1.
        ends_spongy: whether the share rises to 1 within 35 mm of both ends (long bones).
        name: for hardware and for what some people lack.
        gap_mm: cartilage painted around it first (joint spaces between touching bones).
        unit: solids of one unit are one bone: no cortex and no joint space between them.
    """

    solid: Solid
    cortex_mm: float = 1.2
    spongy: float = 1.0
    ends_spongy: bool = False
    name: str = ""
    gap_mm: float = 0.8
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Flesh:
    """A piece of the body's outline.

    Attributes:
        solid: skin surface.
        fat_mm: thickness of fat under the skin of a person of normal build.
        skin_mm: factor on the thickness of the skin.
        name: of what it is a part of ("": limb or trunk).
    """

    solid: Solid
    fat_mm: float = 6.0
    skin_mm: float = 1.0
    name: str = ""


@dataclass(frozen=True, eq=False)
class Vessel:
    """An artery with its veins.

    Attributes:
        points: polyline of the artery, LPS mm, shape (n, 3).
        radius_mm: of its lumen.
        superficial: a vein of the subcutis, without artery.
    """

    points: Points
    radius_mm: float = 1.5
    superficial: bool = False


@dataclass(frozen=True, eq=False)
class Organ:
    """Something inside that is neither muscle nor bone.

    Attributes:
        solid: its shape.
        content: key of what fills it (urine, gas, lung, bowel, fat, tendon, cartilage, fluid ...).
        wall_mm: thickness of a wall of soft tissue.
        level: share of the height, front to back, that is gas above fluid (bowel).
        hidden: whether no mineral may be placed in it.
        name: of the organ; uptake depends on it ("": on its content).
    """

    solid: Solid
    content: str
    wall_mm: float = 0.0
    level: float = 0.0
    hidden: bool = True
    name: str = ""


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A body part: lists of what it holds, all in one frame.

    Attributes:
        flesh: union of these is the body.
        muscles: polylines, shape (n, 3): each voxel of muscle belongs to the nearest.
        organs: painted in order, after muscle and before vessels and bone.
        hardware: metal, painted last.
        name: of the part; L or R once it is posed as a limb of that side.
    """

    flesh: tuple[Flesh, ...] = ()
    bones: tuple[Bone, ...] = ()
    vessels: tuple[Vessel, ...] = ()
    muscles: tuple[Points, ...] = ()
    organs: tuple[Organ, ...] = ()
    hardware: tuple[Solid, ...] = ()
    name: str = field(default="", kw_only=True)

    def moved(self, matrix: Points, offset: Points | None = None) -> "Anatomy":
        """The part under p -> matrix @ p + offset; fat and cortex keep their thickness."""
        shift = np.zeros(3) if offset is None else np.asarray(offset, float)

        def line(points: Points) -> Points:
            return np.asarray(points @ matrix.T + shift)

        return Anatomy(
            tuple(replace(f, solid=f.solid.moved(matrix, shift)) for f in self.flesh),
            tuple(replace(b, solid=b.solid.moved(matrix, shift)) for b in self.bones),
            tuple(replace(v, points=line(v.points)) for v in self.vessels),
            tuple(line(m) for m in self.muscles),
            tuple(replace(o, solid=o.solid.moved(matrix, shift)) for o in self.organs),
            tuple(h.moved(matrix, shift) for h in self.hardware),
            name=self.name,
        )

    def about(self, pivot: Points, matrix: Points) -> "Anatomy":
        """Turned (or scaled) about a fixed point."""
        center = np.asarray(pivot, float)
        return self.moved(matrix, center - matrix @ center)

    def without(self, names: Iterable[str]) -> "Anatomy":
        """The part lacking the bones of these names."""
        left_out = set(names)
        return replace(self, bones=tuple(b for b in self.bones if b.name not in left_out))


def joined(parts: Iterable[Anatomy]) -> Anatomy:
    """All of several parts as one."""
    whole = list(parts)
    return Anatomy(
        *(
            tuple(item for part in whole for item in getattr(part, f.name))
            for f in fields(Anatomy)
            if f.name != "name"
        ),
        name=" ".join(sorted({p.name for p in whole if p.name})),
    )


def one_bone(unit: str, bones: Iterable[Bone]) -> tuple[Bone, ...]:
    """Several solids as one bone."""
    return tuple(replace(bone, unit=unit) for bone in bones)


def rotation(axis: int, degrees: float) -> Points:
    """Right-handed rotation about a frame axis (0: u, 1: v, 2: z)."""
    a = np.deg2rad(degrees)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = np.cos(a)
    matrix[i, j], matrix[j, i] = -np.sin(a), np.sin(a)
    return matrix


MIRROR = np.diag([-1.0, 1.0, 1.0])
"""From a left part, whose lateral side is +x, to the right one."""


def line(*points: tuple[float, float, float]) -> Points:
    """A polyline."""
    return np.array(points, float)
