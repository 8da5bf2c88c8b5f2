"""What all kinds share: the frame of a builder, and the solids that several of them are made of."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calciscope.phantom.deposits import Deposit, Lesion
from calciscope.phantom.shapes import Ellipsoid, Points, Shape, frame_from_normal
from calciscope.phantom.sites import Site, TissueMap
from calciscope.phantom.solids import Blend, Trimmed

Rng = np.random.Generator
Group = tuple[Deposit, ...]
"""Deposits that make up one lesion."""


@dataclass(frozen=True)
class Builder(ABC):
    """Makes the lesions of one request; its fields are settings of distributions.yaml."""

    @abstractmethod
    def build(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Group]:
        """Lesions at a site, which may still turn out not to fit; placement.py decides."""


COMPARTMENTS = {"V": "vascular", "J": "joint", "B": "bone", "X": "foreign"}
"""Compartment by the first letter of a kind; the others take that of their site."""


@dataclass(frozen=True)
class Kind:
    """A kind of mineral or confounder.

    Attributes:
        name: key of `KINDS`; up to a "_" it is the id of the taxonomy.
        builder: makes its lesions at a site.
        where: places it is drawn in (`TissueMap.draw`), with their weights.
        room_mm: free distance wanted around the site, drawn uniformly.
        on_bone: largest share of it that may lie on bone.
    """

    name: str
    builder: Builder
    where: Mapping[str, float]
    room_mm: tuple[float, float] = (1.0, 4.0)
    on_bone: float = 0.0

    @property
    def id(self) -> str:
        """Taxonomy id, as written into the lesion table."""
        return self.name.split("_")[0]

    @property
    def label(self) -> str:
        """Compartment written into the lesion table ("": that of the site)."""
        return "outside" if self.id == "X4" else COMPARTMENTS.get(self.name[0], "")

    def lesions(self, site: Site, tissues: TissueMap, rng: Rng) -> list[Lesion]:
        """The lesions of one request."""
        groups = self.builder.build(site, tissues, rng)
        return [Lesion(self.id, self.label, g, name=self.name) for g in groups if g]


def unit(rng: Rng) -> Points:
    """A random direction."""
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def new_seed(rng: Rng) -> int:
    """Seed of the noise of one deposit."""
    return int(rng.integers(2**31))


def oval(
    site: Site, rng: Rng, size_mm: tuple[float, float, float], center: Points | None = None
) -> Ellipsoid:
    """An ellipsoid of length, width and height: long near the fibers, flat side to the skin."""
    along = site.fiber + 0.3 * rng.normal(size=3)
    axes = frame_from_normal(site.outward, along)
    return Ellipsoid(site.point if center is None else center, 0.5 * np.array(size_mm), axes)


def lobulated(
    site: Site,
    rng: Rng,
    size_mm: tuple[float, float, float],
    lobes: int,
    roughness: float = 0.05,
    tilt: float = 0.3,
) -> Blend:
    """A rough solid of merged lobes within about `size_mm` (length, width, height).

    Args:
        site: gives place and axes.
        rng: of the lobes.
        size_mm: of the whole.
        lobes: their number.
        roughness: standard deviation of the surface as a share of the height.
        tilt: how far the long axis leaves the fibers.
    """
    axes = frame_from_normal(site.outward, site.fiber + tilt * rng.normal(size=3))
    half = 0.5 * np.array(size_mm)
    parts: list[Shape] = []
    for n in range(lobes):
        share = 1.0 if lobes == 1 else rng.uniform(0.45, 0.8)
        radii = share * half * rng.uniform(0.8, 1.15, 3)
        shift = (n > 0) * unit(rng) * np.maximum(half - radii, 0.0)
        parts.append(Ellipsoid(site.point + axes @ shift, radii, axes))
    height = float(min(size_mm))
    return Blend(
        tuple(parts), 0.08 * height, roughness * height, max(0.3 * height, 1.5), new_seed(rng)
    )


def off_bone(
    shape: Shape, tissues: TissueMap, bone_mm: float = 1.5, skin_mm: float = 1.0
) -> Trimmed:
    """The solid as far as it keeps away from bone and skin, around which soft masses mold."""
    return Trimmed(shape, ((tissues.off_bone, bone_mm), (tissues.skin, skin_mm)))


def surface_patch(site: Site, rng: Rng, length_mm: float, width_mm: float) -> Blend:
    """A ragged piece of space that cuts a sheet of that size out of a surface through the site."""
    bend = 0.25 * width_mm + 3.0
    whole = oval(site, rng, (length_mm, width_mm, 2 * bend))
    rough = 0.08 * min(length_mm, width_mm)
    return Blend((whole,), 0.1, rough, max(3.0 * rough, 3.0), new_seed(rng))


def fitted_length(length_mm: float, site: Site, tissues: TissueMap) -> float:
    """A length scaled for room, and no longer than the limb that is in the field of view."""
    return min(length_mm * site.scale, 0.85 * tissues.length_mm)
