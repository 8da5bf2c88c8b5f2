"""Deposits of mineral and other material, and the lesions they make up.

HU(c) = HU_tissue (1 - c / 3160) + slope c with c in mg HA per mL (domain figures in physics.py;
3160 mg/mL is the density of pure HA). All of it is linear in c, so that lesions can be blurred
and labeled apart from the tissue that they lie in. A material that is no mineral (gas, wood,
marrow, cloth) takes the tissue's place instead.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from calciscope.labels import Label
from calciscope.phantom.noise import WAVE_SIGMA, wave_noise
from calciscope.phantom.shapes import Points, Shape

LABELS: dict[str, Label] = {
    "C": Label.CALCIFICATION,
    "H": Label.CALCIFICATION,
    "V": Label.VASCULAR,
    "J": Label.BONE,
    "B": Label.BONE,
    "X": Label.FOREIGN,
}
"""Label of a lesion by the first letter of its kind."""

OUTSIDE_KIND = "X4"
"""Things outside the body: they change the CT and no label."""


@dataclass(frozen=True, eq=False)
class Deposit:
    """One solid of mineral or other material.

    Attributes:
        shape: where it is.
        ha_mg_cc: hydroxyapatite concentration of the solid part.
        core_ha_mg_cc: concentration deeper than `rim_mm` under the surface (None: solid).
        rim_mm: thickness of the rim when there is a core.
        level_y_mm: behind this plane (y greater; sediment of a supine patient) ...
        sediment_ha_mg_cc: ... the concentration is this.
        cloudiness: 0 (uniform) to 1: relative depth of smooth random holes.
        grain_mm: size of those holes, and of the gaps.
        seed: of the holes and gaps.
        soft_mm: depth over which an ill-defined deposit fades in from its surface.
        gaps: share of the solid (of the rim, if there is a core) that is free of mineral.
        level_front: sediment lies in front of the plane instead (prone patient).
        hu: the deposit is a material of this HU in the tissue's place, and no mineral.
    """

    shape: Shape
    ha_mg_cc: float
    core_ha_mg_cc: float | None = None
    rim_mm: float = 1.0
    level_y_mm: float | None = None
    sediment_ha_mg_cc: float = 0.0
    cloudiness: float = 0.0
    grain_mm: float = 2.0
    seed: int = 0
    soft_mm: float = 0.0
    gaps: float = 0.0
    level_front: bool = False
    hu: float | None = None

    @classmethod
    def material(
        cls,
        shape: Shape,
        hu: float,
        soft_mm: float = 0.0,
        cloudiness: float = 0.0,
        grain_mm: float = 2.0,
        seed: int = 0,
    ) -> "Deposit":
        """A material of `hu` in the tissue's place; soft and cloudy ones let tissue through."""
        return cls(
            shape, 0.0, hu=hu, soft_mm=soft_mm, cloudiness=cloudiness, grain_mm=grain_mm, seed=seed
        )

    @property
    def is_uniform(self) -> bool:
        """Whether its volume and mass have a closed form."""
        plain = self.core_ha_mg_cc is None and self.level_y_mm is None and self.hu is None
        return plain and not (self.cloudiness or self.soft_mm or self.gaps)


@dataclass(frozen=True, eq=False)
class Patch:
    """A box of a grid with what a lesion puts there, partial volume in; all of one shape.

    Attributes:
        box: where on the grid.
        fraction: share of a voxel covered by mineral.
        ha_mg_cc: HA concentration.
        replaced: share whose tissue gives way to another material (None: nowhere) ...
        replacing_hu: ... and that material's HU times the share.
    """

    box: tuple[slice, slice, slice]
    fraction: NDArray[np.float32]
    ha_mg_cc: NDArray[np.float32]
    replaced: NDArray[np.float32] | None = None
    replacing_hu: NDArray[np.float32] | None = None

    @property
    def cover(self) -> NDArray[np.float32]:
        """Share of a voxel covered by mineral or other material."""
        if self.replaced is None:
            return self.fraction
        return np.maximum(self.fraction, self.replaced)

    def padded(self, box: tuple[slice, slice, slice], pad: list[tuple[int, int]]) -> "Patch":
        """The patch on a larger box, `pad` voxels of nothing around it."""
        other = (None if a is None else np.pad(a, pad) for a in (self.replaced, self.replacing_hu))
        return Patch(box, np.pad(self.fraction, pad), np.pad(self.ha_mg_cc, pad), *other)


@dataclass(frozen=True, eq=False)
class Lesion:
    """A focus of mineral as placed: one or more deposits that belong together.

    Attributes:
        kind: id of the taxonomy (C1 ... C9, H1, V1 ... V3, J1, J2, B3, X1 ... X4).
        compartment: muscle, subcutaneous, vascular, joint, foreign, outside.
        side: L, R or "" where unknown.
        deposits: its solids; later ones of another material are painted over earlier ones.
        name: chain or site it belongs to, or the entry of `kinds.KINDS` that made it.
    """

    kind: str
    compartment: str
    deposits: tuple[Deposit, ...]
    side: str = ""
    name: str = ""

    @property
    def is_calcification(self) -> bool:
        """Whether it is the network's target (kinds C* and H*)."""
        return self.kind[0] in "CH"

    @property
    def label(self) -> Label | None:
        """Value in the label map; None for what lies outside the body."""
        return None if self.kind == OUTSIDE_KIND else LABELS[self.kind[0]]

    def cover_of(self, patch: Patch) -> NDArray[np.float32]:
        """Share of a voxel that counts as the lesion's: of calcification, its mineral alone."""
        return patch.fraction if self.is_calcification else patch.cover

    @property
    def center_mm(self) -> Points:
        """Middle of the box around all deposits."""
        low, high = self.bounds_mm()
        return 0.5 * (low + high)

    def bounds_mm(self) -> tuple[Points, Points]:
        """Box around all deposits."""
        lows, highs = zip(*(d.shape.bounds_mm() for d in self.deposits), strict=True)
        return np.min(lows, axis=0), np.max(highs, axis=0)


def concentration(deposit: Deposit, points: Points, distance: Points) -> Points:
    """HA concentration (mg/mL) of a deposit at points with known signed distance."""
    ha = np.full(distance.shape, deposit.ha_mg_cc)
    if deposit.gaps > 0:
        ha = ha * _present(deposit, points)
    if deposit.core_ha_mg_cc is not None:
        ha = np.where(distance < -deposit.rim_mm, deposit.core_ha_mg_cc, ha)
    if deposit.level_y_mm is not None:
        behind = points[..., 1] > deposit.level_y_mm
        ha = np.where(behind != deposit.level_front, deposit.sediment_ha_mg_cc, ha)
    if deposit.cloudiness > 0:
        ha = ha * (1.0 - deposit.cloudiness * _holes(points, deposit.grain_mm, deposit.seed))
    return np.asarray(ha)


def softness(deposit: Deposit, distance: Points) -> Points:
    """Weight 0..1 by which a deposit fades in from its surface; 1 for a sharp one."""
    if deposit.soft_mm <= 0:
        return np.ones(distance.shape)
    share = np.clip(-distance / deposit.soft_mm, 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share))


def opacity(deposit: Deposit, points: Points) -> Points:
    """Share 0..1 of the tissue that a cloudy material replaces."""
    if deposit.cloudiness <= 0:
        return np.ones(points.shape[:-1])
    return np.asarray(1.0 - deposit.cloudiness * _holes(points, deposit.grain_mm, deposit.seed))


def _holes(points: Points, grain_mm: float, seed: int) -> Points:
    """Smooth random values in 0..1 at points."""
    return np.clip(0.5 + wave_noise(points, grain_mm, seed) / 5.0, 0.0, 1.0)


def _present(deposit: Deposit, points: Points) -> Points:
    """1 where there is mineral and 0 in the gaps, with a steep slope between."""
    noise = wave_noise(points, 1.5 * deposit.grain_mm, deposit.seed + 1) / WAVE_SIGMA
    return np.clip(0.5 + 4.0 * (noise - float(ndtri(deposit.gaps))), 0.0, 1.0)
