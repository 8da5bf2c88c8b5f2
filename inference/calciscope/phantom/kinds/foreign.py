"""Metal, foreign bodies, and contrast agent with gas in bowel."""

import itertools
from dataclasses import dataclass

import numpy as np

from calciscope.phantom.deposits import Deposit
from calciscope.phantom.draws import Distribution
from calciscope.phantom.kinds.builder import (
    Builder,
    Group,
    Rng,
    fitted_length,
    new_seed,
    off_bone,
    unit,
)
from calciscope.phantom.kinds.joints import away_from_bone
from calciscope.phantom.routes import bone_axis
from calciscope.phantom.shapes import Capsule, Ellipsoid, Points, Shape, frame_from_normal
from calciscope.phantom.sites import Site, TissueMap
from calciscope.phantom.solids import Blend, Inset, Polyhedron, Trimmed
from calciscope.phantom.surfaces import Layer


@dataclass(frozen=True)
class WiresAndClips(Builder):
    """X1: a bent wire, or a row of surgical clips.

    Attributes:
        wire_share: of wires; wire_mm, wire_diameter_mm: their size.
        clips: number in a row; clip_mm, clip_diameter_mm: their size.
        ha_mg_cc: mineral of the same HU.
    """

    wire_share: Distribution
    wire_mm: Distribution
    wire_diameter_mm: Distribution
    clips: Distribution
    clip_mm: Distribution
    clip_diameter_mm: Distribution
    ha_mg_cc: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        ha = self.ha_mg_cc.draw(rng)
        if rng.uniform() < self.wire_share.draw(rng):
            length = fitted_length(self.wire_mm.draw(rng), site, tissues)
            direction, place = site.fiber + 0.8 * rng.normal(size=3), site.point
            bend, pieces = 0.4 * rng.normal(size=3), []
            radius = 0.5 * self.wire_diameter_mm.draw(rng)
            for _ in range(4):
                direction = direction / np.linalg.norm(direction)
                end = place + 0.25 * length * direction
                pieces.append(Deposit(Capsule(place, end, radius), ha))
                place, direction = end, direction + bend
            return [tuple(pieces)]
        groups: list[Group] = []
        radius = 0.5 * self.clip_diameter_mm.draw(rng)
        for n in range(round(self.clips.draw(rng))):
            length = self.clip_mm.draw(rng)
            center = (
                site.point + n * rng.uniform(6, 14) * site.fiber + (n > 0) * rng.normal(0, 2, 3)
            )
            axes = frame_from_normal(unit(rng), unit(rng))
            arm = 0.5 * length * axes[:, 0]
            legs = [center + s * max(1.5 * radius, 0.6) * axes[:, 1] for s in (-1, 1)]
            groups.append(tuple(Deposit(Capsule(p - arm, p + arm, radius), ha) for p in legs))
        return groups


@dataclass(frozen=True)
class Screws(Builder):
    """X1: screws across bone, with or without the plate that they hold.

    Attributes:
        screws: number; length_mm, diameter_mm: of a screw; pitch_mm: between them.
        plate_share: of screws with a plate; plate_mm, plate_width_mm, plate_thickness_mm: of it.
        ha_mg_cc: mineral of the same HU.
    """

    screws: Distribution
    length_mm: Distribution
    diameter_mm: Distribution
    pitch_mm: Distribution
    plate_share: Distribution
    plate_mm: Distribution
    plate_width_mm: Distribution
    plate_thickness_mm: Distribution
    ha_mg_cc: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        ha, radius = self.ha_mg_cc.draw(rng), 0.5 * self.diameter_mm.draw(rng)
        away = away_from_bone(site, tissues) * [1, 1, 0.2]
        away = away / max(float(np.linalg.norm(away)), 1e-6)
        with_plate = rng.uniform() < self.plate_share.draw(rng)
        count, pitch = round(self.screws.draw(rng)), self.pitch_mm.draw(rng)
        surface = site.point - float(tissues.off_bone.at(site.point)) * away
        group: list[Deposit] = []
        for n in range(count):
            head = surface + (n - 0.5 * (count - 1)) * pitch * site.fiber
            # Each screw starts at the bone's own surface.
            head = head - float(tissues.off_bone.at(head)) * away + 1.0 * away
            tip = head - self.length_mm.draw(rng) * (away + 0.08 * rng.normal(size=3))
            group.append(Deposit(Capsule(head, tip, radius), ha))
            group.append(Deposit(Ellipsoid.sphere(head, 3.2 * radius), ha))
        if with_plate:
            length = fitted_length(self.plate_mm.draw(rng), site, tissues)
            axes = frame_from_normal(away, site.fiber)
            radii = 0.5 * np.array([length, self.plate_width_mm.draw(rng), 24.0])
            patch = Ellipsoid(surface, radii, axes)
            thickness = self.plate_thickness_mm.draw(rng)
            layer = Layer(tissues.off_bone, 0.5 * thickness + 0.5, thickness, patch)
            group.append(Deposit(layer, ha))
        return [tuple(group)]


@dataclass(frozen=True)
class Rod(Builder):
    """X1 in the marrow: an intramedullary nail, or the stem of a prosthesis.

    Attributes:
        length_mm: of the rod within the bone; diameter_mm: of its thin end.
        taper: thick end over thin end; head_mm: diameter of a ball on the thick end (0: none).
        ha_mg_cc: mineral of the same HU.
    """

    length_mm: Distribution
    diameter_mm: Distribution
    taper: Distribution
    head_mm: Distribution
    ha_mg_cc: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        path = bone_axis(tissues, site)[1:-1]
        if len(path) < 8:
            return []
        count = min(int(self.length_mm.draw(rng) / 3.0), len(path))
        first = int(rng.integers(len(path) - count + 1))
        path = path[first : first + count]
        if rng.uniform() < 0.5:
            path = path[::-1]
        ha, thin, taper = self.ha_mg_cc.draw(rng), self.diameter_mm.draw(rng), self.taper.draw(rng)
        radii = 0.5 * thin * np.linspace(1.0, taper, len(path))
        pieces = [
            Deposit(Capsule(a, b, float(r)), ha)
            for (a, b), r in zip(itertools.pairwise(path), radii, strict=False)
        ]
        head = self.head_mm.draw(rng)
        if head > 0:
            pieces.append(Deposit(Ellipsoid.sphere(path[-1], head), ha))
        return [tuple(pieces)]


@dataclass(frozen=True)
class Splinter(Builder):
    """X2: an angular splinter of glass or stone.

    Attributes:
        size_mm: of the splinter; flatness: its thickness over its size; ha_mg_cc: as dense.
    """

    size_mm: Distribution
    flatness: Distribution
    ha_mg_cc: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        size = self.size_mm.draw(rng)
        axes = frame_from_normal(unit(rng), unit(rng))
        half = 0.5 * size * np.array([1.0, rng.uniform(0.4, 0.9), self.flatness.draw(rng)])
        faces = np.concatenate([axes.T, -axes.T])
        cuts = np.array([unit(rng) for _ in range(5)])
        offsets = np.concatenate([half, half, 0.35 * size * rng.uniform(0.6, 1.1, 5)])
        normals = np.concatenate([faces, cuts])
        shape = Polyhedron(site.point, normals, np.maximum(offsets, 0.3))
        return [(Deposit(shape, self.ha_mg_cc.draw(rng)),)]


@dataclass(frozen=True)
class Wood(Builder):
    """X2: a splinter of wood, dark when dry and denser than muscle once soaked.

    Attributes:
        length_mm, diameter_mm, hu: of the splinter.
    """

    length_mm: Distribution
    diameter_mm: Distribution
    hu: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length = self.length_mm.draw(rng) * site.scale
        rod = Capsule.along(site.point, unit(rng), length, self.diameter_mm.draw(rng))
        return [(Deposit.material(off_bone(rod, tissues), self.hu.draw(rng)),)]


@dataclass(frozen=True, eq=False)
class _InFront:
    """Height in front of a level, mm."""

    level_y_mm: float
    sign: float

    def at(self, points: Points) -> Points:
        return np.asarray(self.sign * (self.level_y_mm - points[..., 1]))


@dataclass(frozen=True)
class Bowel(Builder):
    """X3 in bowel: winding loops that hold contrast agent under gas.

    Attributes:
        length_mm, diameter_mm: of the loop; ha_mg_cc: mineral as dense as the agent.
        gas_share: of loops with gas; fill: height of the level as a share of the diameter.
    """

    length_mm: Distribution
    diameter_mm: Distribution
    ha_mg_cc: Distribution
    gas_share: Distribution
    fill: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        radius = 0.5 * self.diameter_mm.draw(rng) * site.scale
        place, direction = site.point, unit(rng)
        balls: list[Shape] = []
        for _ in range(max(int(self.length_mm.draw(rng) * site.scale / radius), 2)):
            size = radius * rng.uniform(0.7, 1.15)
            balls.append(Ellipsoid.sphere(place, 2 * size))
            direction = direction + 0.8 * unit(rng)
            direction = direction / np.linalg.norm(direction)
            place = place + 0.9 * radius * direction
        wall = off_bone(Blend(tuple(balls), 0.15 * radius, 0.04 * radius, 5.0, new_seed(rng)),
                        tissues, 3.0, 5.0)  # fmt: skip
        inside = Inset(wall, 2.0)
        group = [
            Deposit.material(wall, 40.0, 0.5),
            Deposit(inside, self.ha_mg_cc.draw(rng), cloudiness=rng.uniform(0, 0.5),
                    grain_mm=6.0, seed=new_seed(rng)),
        ]  # fmt: skip
        if rng.uniform() < self.gas_share.draw(rng):
            low, high = (float(b[1]) for b in Blend(tuple(balls)).bounds_mm())
            sign = -1.0 if tissues.prone else 1.0
            share = self.fill.draw(rng)
            level = high - share * (high - low) if sign > 0 else low + share * (high - low)
            gas = Trimmed(inside, ((_InFront(level, sign), 0.0),))
            group.append(Deposit.material(gas, -950.0))
        return [tuple(group)]
