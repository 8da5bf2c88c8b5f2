"""X4, things outside the body that look like mineral: leads, tubes, zips, bags, dressings."""

import itertools
from dataclasses import dataclass

import numpy as np

from calciscope.phantom.deposits import Deposit
from calciscope.phantom.draws import Distribution
from calciscope.phantom.kinds.builder import Builder, Group, Rng, new_seed, surface_patch, unit
from calciscope.phantom.shapes import Capsule, Ellipsoid, Points, Shape, frame_from_normal
from calciscope.phantom.sites import Field, Site, TissueMap
from calciscope.phantom.solids import Blend, Trimmed
from calciscope.phantom.surfaces import Layer

CLOSEST_MM = 1.5
"""Least distance from the skin."""


@dataclass(frozen=True, eq=False)
class _Outside:
    """Distance from the skin, positive outside of the body."""

    skin: Field

    def at(self, points: Points) -> Points:
        return -self.skin.at(points)


def _kept_outside(shape: Shape, tissues: TissueMap) -> Trimmed:
    return Trimmed(shape, ((_Outside(tissues.skin), CLOSEST_MM),))


def _along_skin(
    site: Site, tissues: TissueMap, length_mm: float, distance_mm: float, rng: Rng
) -> Points:
    """A slightly bent line on the skin, `distance_mm` outside of it, points 5 mm apart."""
    direction = site.fiber + 0.6 * rng.normal(size=3)
    place, path = site.point, []
    for _ in range(max(int(length_mm / 5.0), 2)):
        outward = _outward(place, tissues, site.outward)
        place = place + (tissues.skin.at(place) + distance_mm) * outward
        path.append(place)
        flat = direction - (direction @ outward) * outward + 0.08 * rng.normal(size=3)
        direction = flat / np.linalg.norm(flat)
        place = place + 5.0 * direction
    return np.array(path)


def _outward(point: Points, tissues: TissueMap, default: Points) -> Points:
    step = 3.0 * np.eye(3)
    gradient = tissues.skin.at(point - step) - tissues.skin.at(point + step)
    norm = float(np.linalg.norm(gradient))
    return np.asarray(gradient / norm) if norm > 1e-3 else default


@dataclass(frozen=True)
class Lead(Builder):
    """A monitoring lead: a pad of gel on the skin with a metal snap, and its wire.

    Attributes:
        length_mm, diameter_mm, hu: of the wire; snap_mm, snap_hu: of the snap; pad_mm: of the pad.
    """

    length_mm: Distribution
    diameter_mm: Distribution
    hu: Distribution
    snap_mm: Distribution
    snap_hu: Distribution
    pad_mm: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        path = _along_skin(site, tissues, self.length_mm.draw(rng), rng.uniform(2.5, 8.0), rng)
        outward = _outward(path[0], tissues, site.outward)
        on_skin = path[0] + (tissues.skin.at(path[0]) + 2.5) * outward
        pad = 0.5 * self.pad_mm.draw(rng)
        disc = Ellipsoid(on_skin, np.array([pad, pad, 1.5]), frame_from_normal(outward, unit(rng)))
        hu, radius = self.hu.draw(rng), 0.5 * self.diameter_mm.draw(rng)
        snap = Ellipsoid.sphere(on_skin + 1.5 * outward, self.snap_mm.draw(rng))
        return [(
            Deposit.material(_kept_outside(disc, tissues), 30.0),
            *(Deposit.material(Capsule(a, b, radius), hu) for a, b in itertools.pairwise(path)),
            Deposit.material(_kept_outside(snap, tissues), self.snap_hu.draw(rng)),
        )]  # fmt: skip


@dataclass(frozen=True)
class Line(Builder):
    """An infusion line or catheter: a tube of plastic along the skin, filled.

    Attributes:
        length_mm, diameter_mm, wall_hu: of the tube; content_hu: of what is in it.
        distance_mm: from the skin.
    """

    length_mm: Distribution
    diameter_mm: Distribution
    wall_hu: Distribution
    content_hu: Distribution
    distance_mm: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        radius = 0.5 * self.diameter_mm.draw(rng)
        away = self.distance_mm.draw(rng) + radius
        path = _along_skin(site, tissues, self.length_mm.draw(rng), away, rng)
        wall, content = self.wall_hu.draw(rng), self.content_hu.draw(rng)
        pairs = list(itertools.pairwise(path))
        outer = [Deposit.material(Capsule(a, b, radius), wall) for a, b in pairs]
        inner = [Deposit.material(Capsule(a, b, 0.6 * radius), content) for a, b in pairs]
        return [(*outer, *inner)]


@dataclass(frozen=True)
class Zip(Builder):
    """A zip: two rows of metal teeth in front of the skin.

    Attributes:
        length_mm, pitch_mm, tooth_mm: of the zip and its teeth; hu: of the teeth.
        distance_mm: from the skin.
    """

    length_mm: Distribution
    pitch_mm: Distribution
    tooth_mm: Distribution
    hu: Distribution
    distance_mm: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length, away = self.length_mm.draw(rng), self.distance_mm.draw(rng)
        path = _along_skin(site, tissues, length, away, rng)
        pitch, tooth, hu = self.pitch_mm.draw(rng), self.tooth_mm.draw(rng), self.hu.draw(rng)
        places = np.arange(0, len(path) - 1, pitch / 5.0)
        line = np.stack([np.interp(places, np.arange(len(path)), c) for c in path.T], axis=-1)
        aside = np.cross(path[1] - path[0], site.outward)
        aside = 0.6 * tooth * aside / max(float(np.linalg.norm(aside)), 1e-6)
        return [tuple(
            Deposit.material(Ellipsoid.sphere(p + (-1) ** n * aside, tooth), hu)
            for n, p in enumerate(line)
        )]  # fmt: skip


@dataclass(frozen=True)
class Bag(Builder):
    """A urine bag or a pad of gel: flat, beside the limb, with water or with contrast agent.

    Attributes:
        length_mm, width_mm, thickness_mm, hu: of the bag.
    """

    length_mm: Distribution
    width_mm: Distribution
    thickness_mm: Distribution
    hu: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        size = [self.length_mm.draw(rng), self.width_mm.draw(rng), self.thickness_mm.draw(rng)]
        center = (
            site.point + (0.5 * size[2] + float(tissues.skin.at(site.point)) + 3) * site.outward
        )
        axes = frame_from_normal(site.outward, site.fiber)
        solid = Ellipsoid(center, 0.5 * site.scale * np.array(size), axes)
        rough = Blend((solid,), 0.1, 1.5, 20.0, new_seed(rng))
        return [(Deposit.material(_kept_outside(rough, tissues), self.hu.draw(rng)),)]


@dataclass(frozen=True)
class Dressing(Builder):
    """A bandage on the skin, some with the dense thread of a swab.

    Attributes:
        length_mm, width_mm, thickness_mm, hu: of the bandage.
        thread_share: of those with a thread; thread_hu: of it.
    """

    length_mm: Distribution
    width_mm: Distribution
    thickness_mm: Distribution
    hu: Distribution
    thread_share: Distribution
    thread_hu: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        thickness = self.thickness_mm.draw(rng)
        patch = surface_patch(site, rng, self.length_mm.draw(rng), self.width_mm.draw(rng))
        level = CLOSEST_MM + 0.5 * thickness
        layer = Layer(_Outside(tissues.skin), level, thickness, patch, 0.3, 10.0, new_seed(rng))
        cloth = Deposit.material(layer, self.hu.draw(rng), 0.0, 0.4, 4.0, new_seed(rng))
        if rng.uniform() >= self.thread_share.draw(rng):
            return [(cloth,)]
        path = _along_skin(site, tissues, 60.0, level, rng)
        hu = self.thread_hu.draw(rng)
        thread = (Deposit.material(Capsule(a, b, 0.5), hu) for a, b in itertools.pairwise(path))
        return [(cloth, *thread)]
