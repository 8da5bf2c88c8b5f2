"""Mineral of muscle and fascia: rods in chains, faint foci, clouds, haze, myonecrosis."""

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
)
from calciscope.phantom.shapes import Capsule, Ellipsoid, frame_from_normal
from calciscope.phantom.sites import Site, TissueMap
from calciscope.phantom.solids import Blend, Inset


@dataclass(frozen=True)
class Rods(Builder):
    """C3, dystrophic mineral of muscle: a chain of rods along the fibers.

    Attributes:
        count: rods in the chain; gap_mm: between them.
        length_mm, diameter_mm, ha_mg_cc: of a rod.
    """

    count: Distribution
    gap_mm: Distribution
    length_mm: Distribution
    diameter_mm: Distribution
    ha_mg_cc: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        ha, diameter = self.ha_mg_cc.draw(rng), self.diameter_mm.draw(rng)
        gap = self.gap_mm.draw(rng)
        groups: list[Group] = []
        position = 0.0
        for _ in range(round(self.count.draw(rng))):
            length = max(diameter, self.length_mm.draw(rng) * site.scale)
            center = site.point + position * site.fiber + rng.normal(0, 1.0, 3) * [1, 1, 0]
            direction = site.fiber + rng.normal(0, 0.12, 3)
            rod = Capsule.along(center, direction, length, diameter * rng.uniform(0.8, 1.2))
            groups.append((Deposit(rod, ha * rng.uniform(0.7, 1.3)),))
            # Chains grow to both sides, so that one near the end of the limb finds room too.
            position = -position if position > 0 else -position + length + gap
        return groups


@dataclass(frozen=True)
class Focus(Builder):
    """The smallest lesions: one focus of some mm3, often faint.

    Attributes:
        volume_mm3, ha_mg_cc: of the focus.
        stretch: its length over its width.
        softness: share of its radius over which it fades in.
    """

    volume_mm3: Distribution
    ha_mg_cc: Distribution
    stretch: Distribution
    softness: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        soft = self.softness.draw(rng)
        # A soft focus counts as far as it is half faded in: the solid is larger than that.
        diameter = (6 * self.volume_mm3.draw(rng) / np.pi) ** (1 / 3) / (1 - 0.5 * soft)
        stretch = self.stretch.draw(rng)
        width = diameter / stretch**0.5
        shape = oval(site, rng, (diameter * stretch, width, width))
        return [(Deposit(shape, self.ha_mg_cc.draw(rng), soft_mm=0.5 * soft * width),)]


@dataclass(frozen=True)
class Cloud(Builder):
    """C5 and early C3: amorphous, ill-defined mineral mixed with what it lies in.

    Attributes:
        length_mm, lobes: of the cloud.
        ha_mg_cc: where it is densest; cloudiness, grain_mm: of its holes.
        softness: share of its height over which it fades in.
    """

    length_mm: Distribution
    lobes: Distribution
    ha_mg_cc: Distribution
    cloudiness: Distribution
    grain_mm: Distribution
    softness: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length = fitted_length(self.length_mm.draw(rng), site, tissues)
        size = (length, length * rng.uniform(0.4, 1.0), length * rng.uniform(0.3, 0.7))
        shape = lobulated(site, rng, size, round(self.lobes.draw(rng)), roughness=0.12)
        deposit = Deposit(
            off_bone(shape, tissues, 2.0, 1.5),
            self.ha_mg_cc.draw(rng),
            cloudiness=self.cloudiness.draw(rng),
            grain_mm=self.grain_mm.draw(rng),
            seed=new_seed(rng),
            soft_mm=self.softness.draw(rng) * 0.5 * size[2],
        )
        return [(deposit,)]


@dataclass(frozen=True)
class Myonecrosis(Builder):
    """C8 in muscle: a fusiform mass, compartment-wide, with plates at its border.

    Attributes:
        length_mm: of the spindle; slenderness: its length over its width.
        rim_mm, ha_mg_cc: of the plates; gaps: share of the border without them.
        core_hu: of the liquefied muscle.
    """

    length_mm: Distribution
    slenderness: Distribution
    rim_mm: Distribution
    ha_mg_cc: Distribution
    gaps: Distribution
    core_hu: Distribution

    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        length = fitted_length(self.length_mm.draw(rng), site, tissues)
        width = min(length / self.slenderness.draw(rng), 3.0 * site.room_mm + 6.0)
        axes = frame_from_normal(site.outward, site.fiber)
        radii = 0.5 * np.array([length, width, width * rng.uniform(0.5, 0.8)])
        spindle = Ellipsoid(site.point, radii, axes)
        rough = Blend((spindle,), 0.1, 0.06 * width, 0.4 * width, new_seed(rng))
        shape = off_bone(rough, tissues, 1.5, 2.5)
        rim = self.rim_mm.draw(rng)
        plates = Deposit(
            shape,
            self.ha_mg_cc.draw(rng),
            core_ha_mg_cc=0.0,
            rim_mm=rim,
            cloudiness=0.4,
            grain_mm=rng.uniform(4.0, 9.0),
            seed=new_seed(rng),
            gaps=self.gaps.draw(rng),
        )
        core = Deposit.material(Inset(shape, rim), self.core_hu.draw(rng), 1.5)
        return [(plates, core)]
