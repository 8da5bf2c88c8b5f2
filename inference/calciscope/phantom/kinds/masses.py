"""Mineral in masses: tumoral calcinosis with its levels, mineralized soft masses, lymph nodes."""

from dataclasses import dataclass

import numpy as np

from calciscope.phantom.deposits import Deposit
from calciscope.phantom.draws import Distribution
from calciscope.phantom.kinds.builder import (
    Builder,
    Group,
    Rng,
    fitted_length,
    lobulated,
    new_seed,
    off_bone,
    unit,
)
from calciscope.phantom.shapes import Ellipsoid, Points, frame_from_normal
from calciscope.phantom.sites import Site, TissueMap
from calciscope.phantom.solids import Blend, Inset, Trimmed


@dataclass(frozen=True)
class Tumoral(Builder):
    """C4, tumoral calcinosis: lobules of paste or fluid between septa.

    Attributes:
        extent_mm: of the mass; lobules: their number.
        ha_mg_cc: of the paste or the fluid; sediment_ha_mg_cc: of what has settled.
        level_share: of masses whose lobules have a fluid-calcium level.
        septum_mm: half width of the septa; septum_hu: of them.
    """

    extent_mm: Distribution
    lobules: Distribution
    ha_mg_cc: Distribution
    sediment_ha_mg_cc: Distribution
    level_share: Distribution
    septum_mm: Distribution
    septum_hu: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        extent = fitted_length(self.extent_mm.draw(rng), site, tissues)
        ha, sediment = self.ha_mg_cc.draw(rng), self.sediment_ha_mg_cc.draw(rng)
        liquid = rng.uniform() < self.level_share.draw(rng)
        septum = self.septum_mm.draw(rng)
        axes = frame_from_normal(site.outward, site.fiber)
        reach = 0.5 * extent * np.array([1.0, rng.uniform(0.6, 0.9), rng.uniform(0.45, 0.7)])
        lobules: list[Ellipsoid] = []
        for _ in range(round(self.lobules.draw(rng))):
            center = site.point + axes @ (unit(rng) * rng.uniform(0, 1) ** 0.4 * 0.75 * reach)
            radii = extent * rng.uniform(0.1, 0.24) * rng.uniform(0.75, 1.2, 3)
            turned = frame_from_normal(unit(rng), unit(rng))
            lobules.append(Ellipsoid(center, radii, turned))
        envelope = off_bone(Blend(tuple(lobules), 0.06 * extent), tissues)
        group = [Deposit.material(envelope, self.septum_hu.draw(rng), 1.0)]
        for n, lobule in enumerate(lobules):
            low, high = lobule.bounds_mm()
            level = float(low[1] + (high[1] - low[1]) * rng.uniform(0.25, 0.75))
            # Later lobules push into earlier ones; a septum stays between.
            whole = off_bone(_apart(lobule, lobules[:n], septum), tissues, 2.0, 1.5)
            own = ha * rng.uniform(0.7, 1.3)
            group.append(
                Deposit(
                    whole,
                    own,
                    level_y_mm=level if liquid else None,
                    sediment_ha_mg_cc=max(sediment, 1.5 * own),
                    level_front=tissues.prone,
                    cloudiness=0.05 if liquid else rng.uniform(0.1, 0.6),
                    grain_mm=max(0.06 * extent, 2.0),
                    seed=new_seed(rng),
                )
            )
        return [tuple(group)]


@dataclass(frozen=True, eq=False)
class _Away:
    """Distance outside of some solids, as a field to trim by."""

    shapes: tuple[Ellipsoid, ...]

    def at(self, points: Points) -> Points:
        return np.asarray(np.min([s.distance_mm(points) for s in self.shapes], axis=0))


def _apart(lobule: Ellipsoid, others: list[Ellipsoid], septum_mm: float) -> Inset:
    """A lobule cut off at a septum's width from others."""
    if not others:
        return Inset(lobule, septum_mm)
    return Inset(Trimmed(lobule, ((_Away(tuple(others)), 0.0),)), septum_mm)


@dataclass(frozen=True)
class MineralizedMass(Builder):
    """C5 in a soft mass: faint clouds scattered through tissue of its own density.

    Attributes:
        extent_mm, mass_hu: of the mass.
        clouds: number of clouds in it; cloud_share: extent of a cloud over that of the mass.
        ha_mg_cc, cloudiness: of the clouds.
    """

    extent_mm: Distribution
    mass_hu: Distribution
    clouds: Distribution
    cloud_share: Distribution
    ha_mg_cc: Distribution
    cloudiness: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        extent = fitted_length(self.extent_mm.draw(rng), site, tissues)
        size = (extent, extent * rng.uniform(0.6, 1.0), extent * rng.uniform(0.5, 0.8))
        whole = lobulated(site, rng, size, int(rng.integers(2, 5)))
        group = [Deposit.material(off_bone(whole, tissues), self.mass_hu.draw(rng), 1.5)]
        for _ in range(round(self.clouds.draw(rng))):
            length = max(extent * self.cloud_share.draw(rng), 4.0)
            center = site.point + unit(rng) * rng.uniform(0, 0.3) * extent * [0.8, 0.8, 1.0]
            here = Site(center, site.room_mm, unit(rng), unit(rng))
            shares = rng.uniform(0.4, 0.9, 2)
            cloud = lobulated(here, rng, (length, length * shares[0], length * shares[1]), 2, 0.12)
            group.append(
                Deposit(
                    off_bone(cloud, tissues, 2.0, 2.0),
                    self.ha_mg_cc.draw(rng),
                    cloudiness=self.cloudiness.draw(rng),
                    grain_mm=rng.uniform(1.5, 5.0),
                    seed=new_seed(rng),
                    soft_mm=0.2 * length * float(shares.min()),
                )
            )
        return [tuple(group)]


@dataclass(frozen=True)
class Node(Builder):
    """C9, calcified lymph node: a bean with an eggshell, or with popcorn mineral.

    Attributes:
        length_mm, node_hu: of the node; eggshell_share: of nodes with a shell.
        ha_mg_cc: of the mineral; rim_mm: of the shell.
    """

    length_mm: Distribution
    node_hu: Distribution
    eggshell_share: Distribution
    ha_mg_cc: Distribution
    rim_mm: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length = self.length_mm.draw(rng) * site.scale
        size = (length, length * rng.uniform(0.6, 0.9), length * rng.uniform(0.5, 0.7))
        bean = off_bone(lobulated(site, rng, size, 2, 0.03), tissues)
        body = Deposit.material(bean, self.node_hu.draw(rng))
        ha = self.ha_mg_cc.draw(rng)
        if rng.uniform() < self.eggshell_share.draw(rng):
            shell = Deposit(bean, ha, core_ha_mg_cc=0.0, rim_mm=self.rim_mm.draw(rng),
                            grain_mm=0.3 * length, seed=new_seed(rng),
                            gaps=rng.uniform(0.0, 0.3))  # fmt: skip
            return [(body, shell)]
        corn = []
        for _ in range(int(rng.integers(2, 7))):
            center = site.point + unit(rng) * rng.uniform(0, 0.3) * np.array(size)[[1, 2, 0]]
            grain = Ellipsoid.sphere(center, max(length * rng.uniform(0.2, 0.45), 1.2))
            corn.append(Deposit(Blend((grain,), 0.1, 0.06 * length, 0.2 * length, new_seed(rng)),
                                ha * rng.uniform(0.6, 1.2)))  # fmt: skip
        return [(body, *corn)]
