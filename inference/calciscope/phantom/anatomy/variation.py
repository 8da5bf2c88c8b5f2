"""What makes one body differ from another: girth, stumps, osteophytes, crooked vessels, metal."""

from dataclasses import replace

import numpy as np

from calciscope.phantom.anatomy.parts import Anatomy, Bone, Flesh, Vessel
from calciscope.phantom.anatomy.solids import Ball, Points, Solid, Tube

Rng = np.random.Generator


def _radii(solid: Solid, factor: float, more_mm: float = 0.0) -> Solid:
    if isinstance(solid, (Tube, Ball)):
        return replace(solid, radii_mm=np.maximum(solid.radii_mm * factor + more_mm, 1.0))
    return solid


def with_girth(part: Anatomy, girth: float, bone: float, fat: float) -> Anatomy:
    """Thicker or thinner flesh and bones; fat beyond the normal is added outside the muscle."""
    flesh = tuple(
        replace(f, solid=_radii(f.solid, girth, 0.8 * (fat - 1) * f.fat_mm)) for f in part.flesh
    )
    bones = tuple(
        b if isinstance(b.solid, Ball) and b.solid.keep is not None
        else replace(b, solid=_radii(b.solid, bone))
        for b in part.bones
    )  # fmt: skip
    return replace(part, flesh=flesh, bones=bones)


def cut_below(part: Anatomy, z_mm: float) -> Anatomy:
    """A limb amputated at a height of its own frame; bone ends 25 mm above the stump's skin."""

    def solid(item: Solid, level: float, cap: float) -> Solid | None:
        if isinstance(item, Ball):
            return item if item.center[2] > level else None
        return _cut_tube(item, level, cap) if isinstance(item, Tube) else item

    flesh = [(f, solid(f.solid, z_mm, 0.7)) for f in part.flesh]
    bones = [(b, solid(b.solid, z_mm + 25, 0.2)) for b in part.bones]
    organs = [(o, solid(o.solid, z_mm + 20, 0.5)) for o in part.organs]
    vessels = [(v, _cut_line(v.points, z_mm + 15)) for v in part.vessels]
    muscles = [_cut_line(m, z_mm) for m in part.muscles]
    return Anatomy(
        tuple(Flesh(s, f.fat_mm, f.skin_mm) for f, s in flesh if s),
        tuple(replace(b, solid=s) for b, s in bones if s),
        tuple(replace(v, points=p) for v, p in vessels if p is not None),
        tuple(m for m in muscles if m is not None),
        tuple(replace(o, solid=s) for o, s in organs if s),
        name=part.name,
    )


def _cut_line(points: Points, level: float) -> Points | None:
    """The part of a polyline above a height; None if less than two nodes are left."""
    order = points if points[0, 2] <= points[-1, 2] else points[::-1]
    kept = order[order[:, 2] > level]
    if len(kept) == 0:
        return None
    below = order[order[:, 2] <= level]
    if len(below):
        a, b = below[-1], kept[0]
        share = (level - a[2]) / max(b[2] - a[2], 1e-6)
        kept = np.vstack([a + share * (b - a), kept])
    return kept if len(kept) > 1 else None


def _cut_tube(tube: Tube, level: float, cap: float) -> Tube | None:
    across = np.broadcast_to(tube.across, tube.nodes.shape)
    table = np.hstack([tube.nodes, tube.radii_mm, across])
    if not (table[:, 2] <= level).any():
        return tube
    order = table if table[0, 2] <= table[-1, 2] else table[::-1]
    kept = _cut_line(order, level)
    if kept is None:
        return None
    return replace(tube, nodes=kept[:, :3], radii_mm=kept[:, 3:5], across=kept[:, 5:], cap=cap)


def with_osteophytes(part: Anatomy, rng: Rng) -> Anatomy:
    """Spurs of 2-6 mm at the ends of long bones and on joint surfaces."""
    bones = list(part.bones)
    for n, bone in enumerate(part.bones):
        if rng.uniform() < 0.5 or bone.name == "rib":
            continue
        unit = bone.unit or f"{bone.name} {n}"
        bones[n] = replace(bones[n], unit=unit)
        for _ in range(int(rng.integers(1, 4))):
            low, high = bone.solid.bounds_mm()
            size = float(np.clip((high - low).min(), 6, 60))
            if isinstance(bone.solid, Tube):
                end = -1 if rng.uniform() < 0.5 else 0
                center, reach = bone.solid.nodes[end], float(bone.solid.radii_mm[end].max())
            elif isinstance(bone.solid, Ball):
                center, reach = bone.solid.center, float(bone.solid.radii_mm.min())
            else:
                continue
            direction = rng.normal(size=3) * [1, 1, 0.4]
            place = center + direction / np.linalg.norm(direction) * reach * rng.uniform(0.85, 1.1)
            radii = rng.uniform(0.04, 0.12, 3) * size + 0.8
            spur = Ball(place, radii, np.eye(3))
            bones.append(Bone(spur, 0.8, 1.0, name="osteophyte", unit=unit))
    return replace(part, bones=tuple(bones))


def with_crooked_vessels(part: Anatomy, rng: Rng, amount_mm: float = 2.0) -> Anatomy:
    """Vessels that wind and differ from person to person."""
    vessels = []
    for vessel in part.vessels:
        nodes = [vessel.points[0]]
        for a, b in zip(vessel.points[:-1], vessel.points[1:], strict=True):
            steps = max(int(np.linalg.norm(b - a) / 25), 1)
            for share in np.linspace(0, 1, steps + 1)[1:]:
                nodes.append(a + share * (b - a))
        points = np.array(nodes)
        points = points + np.cumsum(rng.normal(0, 0.35, points.shape), axis=0) * amount_mm
        points[:, 2] = np.array(nodes)[:, 2]
        vessels.append(Vessel(points, vessel.radius_mm * rng.uniform(0.8, 1.25),
                              vessel.superficial))  # fmt: skip
    return replace(part, vessels=tuple(vessels))


def with_hardware(part: Anatomy, rng: Rng) -> Anatomy:
    """A nail, or a plate with screws, in one long bone of the part."""
    shafts = [b.solid for b in part.bones if b.ends_spongy and isinstance(b.solid, Tube)]
    long = [s for s in shafts if np.ptp(s.nodes, axis=0).max() > 60]
    if not long:
        return part
    solid = long[int(rng.integers(len(long)))]
    inner = solid.nodes[1:-1] if len(solid.nodes) > 4 else solid.nodes
    radii = solid.radii_mm[1:-1] if len(solid.nodes) > 4 else solid.radii_mm
    across = np.broadcast_to(solid.across, solid.nodes.shape)[0]
    across = across / np.linalg.norm(across)
    if rng.uniform() < 0.4:
        nail = Tube(inner, np.full((len(inner), 2), 0.35 * float(radii.min()) + 1), across, 0.3)
        return replace(part, hardware=(*part.hardware, nail))
    side = np.cross(across, [0, 0, 1.0]) if rng.uniform() < 0.5 else across
    surface = inner + side * (radii.max(axis=1, keepdims=True) + 1.5)
    wide = np.cross(side, [0, 0, 1.0])
    metal: list[Solid] = [Tube(surface, np.tile([5.0, 1.6], (len(inner), 1)), wide, 0.5)]
    for share in np.linspace(0.03, 0.97, int(rng.integers(4, 9))):
        at = share * (len(inner) - 1)
        n = min(int(at), len(inner) - 2)
        head = surface[n] + (at - n) * (surface[n + 1] - surface[n])
        stop = head - side * (2 * float(radii[n].min()) + rng.uniform(1, 5))
        metal.append(Tube(np.array([head, stop]), np.full((2, 2), 1.8), wide, 0.5))
    return replace(part, hardware=(*part.hardware, *metal))
