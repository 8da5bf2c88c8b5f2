"""Mineral of cartilage, tendon and joint, and the small bones and spurs that look like mineral."""

from dataclasses import dataclass

import numpy as np

from calciscope.phantom.deposits import Deposit
from calciscope.phantom.draws import Distribution
from calciscope.phantom.kinds.builder import (
    Builder,
    Group,
    Rng,
    lobulated,
    new_seed,
    off_bone,
    oval,
    unit,
)
from calciscope.phantom.shapes import Capsule, Ellipsoid, Points, Shape, frame_from_normal
from calciscope.phantom.sites import Site, TissueMap
from calciscope.phantom.solids import Blend, Trimmed
from calciscope.phantom.surfaces import Layer


def away_from_bone(site: Site, tissues: TissueMap) -> Points:
    """Unit vector from the nearest bone to the site."""
    steps = 2.0 * np.eye(3)
    field = tissues.off_bone
    gradient = field.at(site.point + steps) - field.at(site.point - steps)
    norm = float(np.linalg.norm(gradient))
    return np.asarray(gradient / norm) if norm > 1e-3 else site.outward


def corticated(shape: Shape, cortex_ha: float, core_ha: float, rim_mm: float, seed: int) -> Deposit:
    """A small bone: a shell of cortex around spongiosa."""
    return Deposit(shape, cortex_ha, core_ha_mg_cc=core_ha, rim_mm=rim_mm, cloudiness=0.25,
                   grain_mm=2.0, seed=seed)  # fmt: skip


@dataclass(frozen=True)
class Tendon(Builder):
    """J1 in tendon or ligament: a comma along it, or a soft oval (hydroxyapatite deposition).

    Attributes:
        length_mm, thickness_mm, ha_mg_cc: of the mineral; soft_share: of soft ovals.
    """

    length_mm: Distribution
    thickness_mm: Distribution
    ha_mg_cc: Distribution
    soft_share: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length, thickness = self.length_mm.draw(rng), self.thickness_mm.draw(rng)
        ha = self.ha_mg_cc.draw(rng)
        if rng.uniform() < self.soft_share.draw(rng):
            shape = oval(site, rng, (length, 0.5 * length, max(0.35 * length, 1.5)))
            return [(Deposit(off_bone(shape, tissues, 0.3), ha, cloudiness=0.4, grain_mm=2.0,
                             seed=new_seed(rng), soft_mm=0.08 * length),)]  # fmt: skip
        first = site.fiber + 0.3 * rng.normal(size=3)
        second = first / np.linalg.norm(first) + 0.6 * unit(rng)
        middle = site.point
        ends = [middle - 0.5 * length * first / np.linalg.norm(first),
                middle + 0.5 * length * second / np.linalg.norm(second)]  # fmt: skip
        radius = 0.5 * thickness
        comma = Blend((Capsule(ends[0], middle, 0.7 * radius), Capsule(middle, ends[1], radius)),
                      0.2 * thickness)  # fmt: skip
        return [(Deposit(off_bone(comma, tissues, -0.5), ha),)]


@dataclass(frozen=True)
class Cartilage(Builder):
    """J1, chondrocalcinosis: a thin line that follows the bone inside cartilage or meniscus.

    Attributes:
        length_mm, thickness_mm, ha_mg_cc: of the line; gaps: share of it that is missing.
    """

    length_mm: Distribution
    thickness_mm: Distribution
    ha_mg_cc: Distribution
    gaps: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length = self.length_mm.draw(rng)
        normal = away_from_bone(site, tissues)
        axes = frame_from_normal(normal, unit(rng))
        radii = 0.5 * np.array([length, length * rng.uniform(0.4, 1.0), 8.0])
        patch = Blend((Ellipsoid(site.point, radii, axes),), 0.1, 0.08 * length, 3.0,
                      new_seed(rng))  # fmt: skip
        level = min(float(tissues.off_bone.at(site.point)), 3.0)
        line = Layer(tissues.off_bone, level, self.thickness_mm.draw(rng), patch, 0.4, 3.0,
                     new_seed(rng))  # fmt: skip
        deposit = Deposit(line, self.ha_mg_cc.draw(rng), cloudiness=0.3, grain_mm=1.5,
                          seed=new_seed(rng), gaps=self.gaps.draw(rng))  # fmt: skip
        return [(deposit,)]


@dataclass(frozen=True)
class Spur(Builder):
    """J1, enthesophyte: a spur that grows from bone into its tendon; B3, osteophyte: a lip.

    Attributes:
        length_mm, base_mm: of the spur; ha_mg_cc: of its cortex; core_ha_mg_cc: of its inside.
        lean: 0 along the limb (enthesophyte), 1 away from the bone (osteophyte).
    """

    length_mm: Distribution
    base_mm: Distribution
    ha_mg_cc: Distribution
    core_ha_mg_cc: Distribution
    lean: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length, base = self.length_mm.draw(rng), self.base_mm.draw(rng)
        normal = away_from_bone(site, tissues)
        lean = self.lean.draw(rng)
        along = site.fiber * rng.choice([-1.0, 1.0])
        direction = lean * normal + (1 - lean) * along + 0.35 * normal + 0.2 * rng.normal(size=3)
        direction = direction / np.linalg.norm(direction)
        depth = float(tissues.off_bone.at(site.point))
        foot = site.point - (depth + 0.2 * base) * normal
        parts = tuple(
            Capsule(
                foot + share * length * direction,
                foot + (share + 0.3) * length * direction,
                max(0.5 * base * (1.0 - 0.75 * share), 0.6),
            )
            for share in (0.0, 0.3, 0.6)
        )
        shape = Blend(parts, 0.15 * base, 0.05 * base, base, new_seed(rng))
        return [(corticated(shape, self.ha_mg_cc.draw(rng), self.core_ha_mg_cc.draw(rng), 0.9,
                            new_seed(rng)),)]  # fmt: skip


@dataclass(frozen=True)
class Ossicles(Builder):
    """J2, loose bodies; B3, sesamoids and accessory bones: round, corticated, off the bone.

    Attributes:
        count, diameter_mm: of the bodies.
        ha_mg_cc, rim_mm: of their cortex; core_ha_mg_cc: of their inside.
    """

    count: Distribution
    diameter_mm: Distribution
    ha_mg_cc: Distribution
    core_ha_mg_cc: Distribution
    rim_mm: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        normal = away_from_bone(site, tissues)
        groups: list[Group] = []
        for n in range(round(self.count.draw(rng))):
            diameter = self.diameter_mm.draw(rng) * (site.scale if n == 0 else 0.8)
            aside = (n > 0) * np.cross(normal, unit(rng)) * rng.uniform(1.0, 2.5) * diameter
            point = site.point + (0.4 * diameter) * normal + aside
            here = Site(point, site.room_mm, normal, site.fiber)
            shares = rng.uniform(0.6, 1.0, 2)
            size = (diameter, diameter * shares[0], diameter * shares[1])
            shape = off_bone(lobulated(here, rng, size, int(rng.integers(1, 3)), 0.04), tissues)
            groups.append((corticated(shape, self.ha_mg_cc.draw(rng),
                                      self.core_ha_mg_cc.draw(rng), self.rim_mm.draw(rng),
                                      new_seed(rng)),))  # fmt: skip
        return groups


@dataclass(frozen=True)
class GrowthPlate(Builder):
    """B3, growth plate: a wavy gap of cartilage across a bone, dense on both sides.

    Attributes:
        gap_mm, gap_hu: of the cartilage; band_mm, ha_mg_cc: of the dense lines beside it.
        reach_mm: radius up to which the bone is crossed.
    """

    gap_mm: Distribution
    gap_hu: Distribution
    band_mm: Distribution
    ha_mg_cc: Distribution
    reach_mm: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        gap, band, reach = self.gap_mm.draw(rng), self.band_mm.draw(rng), self.reach_mm.draw(rng)
        axes = frame_from_normal(site.fiber, unit(rng))
        seed = new_seed(rng)

        def disc(thickness: float, inside_mm: float) -> Trimmed:
            radii = np.array([reach, reach, 0.5 * thickness])
            wavy = Blend((Ellipsoid(site.point, radii, axes),), 0.1, 0.5, 9.0, seed)
            return Trimmed(wavy, ((tissues.in_bone, inside_mm),))

        bands = Deposit(disc(gap + 2 * band, 0.5), self.ha_mg_cc.draw(rng))
        return [(bands, Deposit.material(disc(gap, 0.5), self.gap_hu.draw(rng)))]
