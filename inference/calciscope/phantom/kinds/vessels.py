"""Mineral and contrast agent in vessels, which run along the arteries of the limb."""

import itertools
from dataclasses import dataclass

import numpy as np

from calciscope.phantom.deposits import Deposit
from calciscope.phantom.draws import Distribution
from calciscope.phantom.kinds.builder import Builder, Group, Rng, new_seed, unit
from calciscope.phantom.routes import STEP_MM, vessel_run
from calciscope.phantom.shapes import Capsule, Ellipsoid, Pipe
from calciscope.phantom.sites import Site, TissueMap


@dataclass(frozen=True)
class Intimal(Builder):
    """V1: thick, eccentric, interrupted plaques along an artery.

    Attributes:
        length_mm: of the diseased run; lumen_mm: its radius where the artery is not known.
        plaque_mm, thickness_mm, ha_mg_cc: of a plaque; gap_mm: between plaques.
    """

    length_mm: Distribution
    lumen_mm: Distribution
    plaque_mm: Distribution
    gap_mm: Distribution
    thickness_mm: Distribution
    ha_mg_cc: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        lumen = self.lumen_mm.draw(rng)
        run = vessel_run(tissues, site, self.length_mm.draw(rng) * site.scale, lumen, rng)
        if run is None:
            return []
        path, plaques, here = run.points_mm, [], 0
        while here < len(path) - 1:
            steps = max(round(self.plaque_mm.draw(rng) / STEP_MM), 1)
            radius, ha = 0.5 * self.thickness_mm.draw(rng), self.ha_mg_cc.draw(rng)
            aside = unit(rng) * [1, 1, 0]
            wall = aside / max(float(np.linalg.norm(aside)), 1e-6) * run.radius_mm
            for a, b in itertools.pairwise(path[here : here + steps + 1] + wall):
                thick = radius * rng.uniform(0.7, 1.2)
                plaques.append(Deposit(Capsule(a, b, thick), ha * rng.uniform(0.7, 1.1)))
            here += steps + max(round(self.gap_mm.draw(rng) / STEP_MM), 1)
        return [tuple(plaques)]


@dataclass(frozen=True)
class Medial(Builder):
    """V2, Moenckeberg: a thin, nearly unbroken ring, tram-tracks along an artery.

    Attributes:
        length_mm: of the run; lumen_mm: its radius where the artery is not known.
        wall_mm, ha_mg_cc: of the ring; gaps: share of it that is missing.
    """

    length_mm: Distribution
    lumen_mm: Distribution
    wall_mm: Distribution
    ha_mg_cc: Distribution
    gaps: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        lumen = self.lumen_mm.draw(rng)
        run = vessel_run(tissues, site, self.length_mm.draw(rng) * site.scale, lumen, rng)
        if run is None:
            return []
        wall, ha, gaps = self.wall_mm.draw(rng), self.ha_mg_cc.draw(rng), self.gaps.draw(rng)
        seed = new_seed(rng)
        rings = (
            Deposit(Pipe(a, b, run.radius_mm + 0.5 * wall, wall), ha, cloudiness=0.4,
                    grain_mm=4.0, seed=seed, gaps=gaps)
            for a, b in itertools.pairwise(run.points_mm)
        )  # fmt: skip
        return [tuple(rings)]


@dataclass(frozen=True)
class Phleboliths(Builder):
    """V3: round, some with a lucent center, one or several along a vein.

    Attributes:
        count, diameter_mm, ha_mg_cc: of the stones; lucent_share: of those with a lucent center.
    """

    count: Distribution
    diameter_mm: Distribution
    ha_mg_cc: Distribution
    lucent_share: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        groups: list[Group] = []
        place = site.point
        for _ in range(round(self.count.draw(rng))):
            lucent = rng.uniform() < self.lucent_share.draw(rng)
            core = rng.uniform(0, 80) if lucent else None
            shape = Ellipsoid.sphere(place, self.diameter_mm.draw(rng))
            groups.append((Deposit(shape, self.ha_mg_cc.draw(rng), core_ha_mg_cc=core),))
            place = place + rng.uniform(7, 20) * site.fiber + rng.normal(0, 2, 3)
        return groups


@dataclass(frozen=True)
class ContrastVessel(Builder):
    """X3: a vessel filled with contrast agent, smooth and without gaps.

    Attributes:
        length_mm: of the run; lumen_mm: its radius where the vessel is not known.
        ha_mg_cc: mineral of the same HU as the agent.
    """

    length_mm: Distribution
    lumen_mm: Distribution
    ha_mg_cc: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        lumen = self.lumen_mm.draw(rng)
        run = vessel_run(tissues, site, self.length_mm.draw(rng), lumen, rng)
        if run is None:
            return []
        ha = self.ha_mg_cc.draw(rng)
        pieces = itertools.pairwise(run.points_mm)
        return [tuple(Deposit(Capsule(a, b, run.radius_mm), ha) for a, b in pieces)]
