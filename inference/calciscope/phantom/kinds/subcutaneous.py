"""Mineral of skin and subcutis: nodules, sheets, nets, granulomas and fat necrosis."""

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
    oval,
    surface_patch,
    unit,
)
from calciscope.phantom.shapes import Ellipsoid, Points
from calciscope.phantom.sites import Field, Site, TissueMap
from calciscope.phantom.solids import Inset
from calciscope.phantom.surfaces import Layer, Net


def surface_through(site: Site, tissues: TissueMap) -> tuple[Field, float]:
    """The surface that a sheet at this site follows: fascia, or a depth under the skin."""
    field = tissues.fascia if site.where == "fascia" else tissues.skin
    return field, float(field.at(site.point))


@dataclass(frozen=True)
class Nodules(Builder):
    """C1, calcinosis circumscripta: one lobulated nodule, or a cluster.

    Attributes:
        count: nodules.
        diameter_mm: of each; ha_mg_cc: of all.
        spread_mm: standard deviation of their places.
    """

    count: Distribution
    diameter_mm: Distribution
    ha_mg_cc: Distribution
    spread_mm: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        ha, spread = self.ha_mg_cc.draw(rng), self.spread_mm.draw(rng)
        groups: list[Group] = []
        for n in range(round(self.count.draw(rng))):
            diameter = self.diameter_mm.draw(rng) * (site.scale if n == 0 else 0.9)
            center = site.point + (n > 0) * rng.normal(0, spread, 3) * [0.7, 0.7, 1]
            groups.append(_nodule(center, diameter, ha, rng))
        return groups


def _nodule(center: Points, diameter: float, ha: float, rng: Rng) -> Group:
    """One to four merged balls."""
    balls = [Deposit(Ellipsoid.sphere(center, diameter), ha)]
    for _ in range(int(rng.integers(0, 4)) if diameter > 3 else 0):
        size = diameter * rng.uniform(0.4, 0.8)
        offset = center + unit(rng) * diameter * rng.uniform(0.25, 0.5)
        balls.append(Deposit(Ellipsoid.sphere(offset, size), ha * rng.uniform(0.7, 1.2)))
    return tuple(balls)


@dataclass(frozen=True)
class Sheet(Builder):
    """C2, universalis: a plate or sheet that follows skin or fascia.

    Attributes:
        length_mm, width_mm, thickness_mm: of the sheet.
        ha_mg_cc: of its mineral; gaps: share of it that is missing.
        soft_mm: depth over which it fades in; half its thickness at most.
    """

    length_mm: Distribution
    width_mm: Distribution
    thickness_mm: Distribution
    ha_mg_cc: Distribution
    gaps: Distribution
    soft_mm: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length = fitted_length(self.length_mm.draw(rng), site, tissues)
        width = min(self.width_mm.draw(rng) * site.scale, length)
        thickness = self.thickness_mm.draw(rng)
        field, level = surface_through(site, tissues)
        patch = surface_patch(site, rng, length, width)
        layer = Layer(field, level, thickness, patch, 0.35, 0.2 * width + 3, new_seed(rng))
        deposit = Deposit(
            off_bone(layer, tissues, 1.0, 0.8),
            self.ha_mg_cc.draw(rng),
            cloudiness=rng.uniform(0.2, 0.6),
            grain_mm=rng.uniform(2.0, 6.0),
            seed=new_seed(rng),
            gaps=self.gaps.draw(rng),
            soft_mm=min(self.soft_mm.draw(rng), 0.5 * thickness),
        )
        return [(deposit,)]


@dataclass(frozen=True)
class Plaque(Builder):
    """C2 as a net, and C6 (calciphylaxis): a net of fine mesh in stranded fat.

    Attributes:
        length_mm, width_mm: of the net; mesh_mm: of its meshes.
        radius_mm, ha_mg_cc: of its cords; missing: share of them that is absent.
        stranding_hu: of the inflamed fat around (-100: none).
    """

    length_mm: Distribution
    width_mm: Distribution
    mesh_mm: Distribution
    radius_mm: Distribution
    ha_mg_cc: Distribution
    missing: Distribution
    stranding_hu: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length = fitted_length(self.length_mm.draw(rng), site, tissues)
        width = min(self.width_mm.draw(rng) * site.scale, length)
        mesh, radius = self.mesh_mm.draw(rng), self.radius_mm.draw(rng)
        field, level = surface_through(site, tissues)
        patch = surface_patch(site, rng, length, width)
        seeds = _mesh_middles(site, field, level, (length, width, mesh), rng)
        net = Net(field, level, patch, seeds, radius, self.missing.draw(rng), new_seed(rng))
        trimmed = off_bone(net, tissues, 1.0, 0.8)
        group = [Deposit(trimmed, self.ha_mg_cc.draw(rng), cloudiness=0.3, grain_mm=2 * mesh,
                         seed=new_seed(rng))]  # fmt: skip
        stranding = self.stranding_hu.draw(rng)
        if stranding > -95:
            swollen = Layer(field, level, 6.0, patch)
            group.insert(0, Deposit.material(off_bone(swollen, tissues), stranding, 2.5, 0.9, 3.0,
                                             new_seed(rng)))  # fmt: skip
        return [tuple(group)]


def _mesh_middles(
    site: Site, field: Field, level: float, size: tuple[float, float, float], rng: Rng
) -> Points:
    """Middles of meshes, `mesh` apart, on the surface around a site."""
    length, width, mesh = size
    frame = oval(site, rng, (length, width, 1.0)).axes
    a = np.arange(-0.6 * length, 0.6 * length, mesh)
    b = np.arange(-0.6 * width, 0.6 * width, mesh)
    grid = np.stack(np.meshgrid(a, b, indexing="ij"), axis=-1).reshape(-1, 2)
    grid = grid + rng.normal(0, 0.3 * mesh, grid.shape)
    points = site.point + grid[:, :1] * frame[:, 0] + grid[:, 1:] * frame[:, 1]
    for _ in range(4):
        points = points + (field.at(points) - level)[:, None] * site.outward
    return points


@dataclass(frozen=True)
class Granuloma(Builder):
    """C7, injection granuloma: an oval with a shell, or solid.

    Attributes:
        length_mm: of the oval; rim_mm: of its shell.
        ha_mg_cc, core_ha_mg_cc: of shell and core.
        solid_share: of those without a core; gaps: share of the shell that is missing.
    """

    length_mm: Distribution
    rim_mm: Distribution
    ha_mg_cc: Distribution
    core_ha_mg_cc: Distribution
    solid_share: Distribution
    gaps: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length = self.length_mm.draw(rng) * site.scale
        shape = oval(site, rng, (length, length * rng.uniform(0.5, 0.9), length * 0.5))
        solid = rng.uniform() < self.solid_share.draw(rng)
        deposit = Deposit(
            shape,
            self.ha_mg_cc.draw(rng),
            core_ha_mg_cc=None if solid else self.core_ha_mg_cc.draw(rng),
            rim_mm=self.rim_mm.draw(rng),
            cloudiness=float(rng.choice([0.0, 0.4])),
            grain_mm=max(0.2 * length, 1.5),
            seed=new_seed(rng),
            gaps=0.0 if solid else self.gaps.draw(rng),
        )
        return [(deposit,)]


@dataclass(frozen=True)
class FatNecrosis(Builder):
    """C8 in fat: an oil cyst with a thin, broken shell or plates.

    Attributes:
        length_mm: of the cyst; rim_mm, ha_mg_cc: of the shell; gaps: share of it that is missing.
        core_hu: of the oil.
    """

    length_mm: Distribution
    rim_mm: Distribution
    ha_mg_cc: Distribution
    gaps: Distribution
    core_hu: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length = fitted_length(self.length_mm.draw(rng), site, tissues)
        size = (length, length * rng.uniform(0.5, 1.0), length * rng.uniform(0.35, 0.7))
        shape = off_bone(lobulated(site, rng, size, int(rng.integers(1, 4))), tissues)
        rim = self.rim_mm.draw(rng)
        shell = Deposit(
            shape,
            self.ha_mg_cc.draw(rng),
            core_ha_mg_cc=0.0,
            rim_mm=rim,
            grain_mm=max(0.25 * length, 2.0),
            seed=new_seed(rng),
            gaps=self.gaps.draw(rng),
        )
        return [(shell, Deposit.material(Inset(shape, rim), self.core_hu.draw(rng)))]
