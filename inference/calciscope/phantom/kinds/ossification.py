"""H1, heterotopic ossification, from the floccular mineral of weeks to bone with marrow."""

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
from calciscope.phantom.shapes import Ellipsoid
from calciscope.phantom.sites import Site, TissueMap
from calciscope.phantom.solids import Blend, Inset

YOUNG, ZONAL = 0.3, 0.6
"""Maturity up to which mineral is floccular, and up to which the core holds no bone."""


@dataclass(frozen=True)
class Ossification(Builder):
    """Lobulated bone across the fibers rather than along the limb, unlike a fibula.

    Attributes:
        length_mm: of the mass; slenderness: its length over its width.
        maturity: 0 floccular (3 weeks), 0.3 zonal with a broken rim, 1 cortex and marrow.
        rim_mm: of the rim when mature; ha_mg_cc: of the rim when mature.
        trabecular_ha_mg_cc: of mature trabeculae; marrow_hu: between them.
    """

    length_mm: Distribution
    slenderness: Distribution
    maturity: Distribution
    rim_mm: Distribution
    ha_mg_cc: Distribution
    trabecular_ha_mg_cc: Distribution
    marrow_hu: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length = fitted_length(self.length_mm.draw(rng), site, tissues)
        width = length / self.slenderness.draw(rng)
        size = (length, width, width * rng.uniform(0.5, 0.9))
        maturity = self.maturity.draw(rng)
        if maturity < YOUNG:
            return [self._floccular(site, tissues, size, rng)]
        # The axis leaves that of the limb by a wide angle.
        whole = lobulated(site, rng, size, int(rng.integers(3, 7)), 0.07, tilt=1.0)
        shape = off_bone(whole, tissues, 1.5, 2.0)
        rim = self.rim_mm.draw(rng) * rng.uniform(0.8, 1.3)
        shell = Deposit(
            shape,
            self.ha_mg_cc.draw(rng) * (0.5 + 0.5 * maturity),
            core_ha_mg_cc=0.0,
            rim_mm=rim,
            cloudiness=0.5 * (1.1 - maturity),
            grain_mm=max(0.2 * width, 3.0),
            seed=new_seed(rng),
            gaps=0.45 * (1.0 - maturity),
        )
        core = Inset(shape, rim)
        if maturity < ZONAL:
            cloud = Deposit(core, rng.uniform(40, 120), cloudiness=1.0, grain_mm=3.0,
                            seed=new_seed(rng))  # fmt: skip
            return [(shell, cloud)]
        marrow = Deposit.material(core, self.marrow_hu.draw(rng), 1.0)
        trabeculae = Deposit(
            core,
            self.trabecular_ha_mg_cc.draw(rng),
            cloudiness=0.8,
            grain_mm=rng.uniform(1.5, 3.5),
            seed=new_seed(rng),
            gaps=rng.uniform(0.3, 0.7),
        )
        return [(shell, marrow, trabeculae)]

    def _floccular(
        self, site: Site, tissues: TissueMap, size: tuple[float, float, float], rng: Rng
    ) -> Group:
        """Ill-defined flakes near the border of a swollen oval."""
        flakes = []
        half = 0.5 * np.array(size)
        for _ in range(int(rng.integers(4, 12))):
            center = site.point + unit(rng) * rng.uniform(0.5, 1.0) * half[[1, 2, 0]]
            radii = rng.uniform(0.12, 0.35, 3) * half.min() + 1.0
            flake = Blend((Ellipsoid(center, radii, np.eye(3)),), 0.1, 0.15 * float(radii.min()),
                          2.0, new_seed(rng))  # fmt: skip
            flakes.append(
                Deposit(
                    off_bone(flake, tissues, 2.0, 2.0),
                    rng.uniform(110, 320),
                    cloudiness=0.6,
                    grain_mm=2.5,
                    seed=new_seed(rng),
                    soft_mm=0.5 * float(radii.min()),
                )
            )
        return tuple(flakes)
