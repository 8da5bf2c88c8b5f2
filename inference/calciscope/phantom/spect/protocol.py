"""How a SPECT is acquired and reconstructed."""

from dataclasses import dataclass

import numpy as np

from calciscope.errors import PhantomError
from calciscope.phantom.spect.cameras import camera_settings, collimator, decay_factor

Rng = np.random.Generator


@dataclass(frozen=True)
class SpectProtocol:
    """One SPECT scan.

    Attributes:
        collimator: of cameras.yaml.
        voxel_mm: of projections and image, cubic.
        views: over 360 degrees.
        iterations, subsets: of OSEM.
        filter_mm: FWHM of the Gaussian post filter; 0 for none.
        dose_mbq: injected; weight_kg: of the patient; delay_h: injection to scan.
        seconds_per_view: per head.
        scatter: scatter to primary within the window; scatter_sigma_mm: its spread.
        clearance_mm: between skin and collimator (body contour orbit).
        resolution_recovery: whether the collimator is modeled in the reconstruction.
        attenuation_blur_mm: FWHM of the blur on the attenuation map that corrects.
        motion_mm: shift along x and z of the patient from the view `motion_from` on.
        kvp: of the CT that the attenuation map is made of.
    """

    collimator: str = "symbia_lehr"
    voxel_mm: float = 4.8
    views: int = 60
    iterations: int = 3
    subsets: int = 10
    filter_mm: float = 8.0
    dose_mbq: float = 740.0
    weight_kg: float = 70.0
    delay_h: float = 3.0
    seconds_per_view: float = 15.0
    scatter: float = 0.3
    scatter_sigma_mm: float = 40.0
    clearance_mm: float = 25.0
    resolution_recovery: bool = True
    attenuation_blur_mm: float = 16.0
    motion_mm: tuple[float, float] = (0.0, 0.0)
    motion_from: float = 1.0
    kvp: float = 120.0

    def __post_init__(self) -> None:
        if self.views % self.subsets:
            raise PhantomError(
                f"{self.views} views cannot be parted into {self.subsets} equal subsets"
            )

    @property
    def bq_per_ml_of_suv(self) -> float:
        """Activity concentration at the start of the scan where SUVbw is 1 (1 mL weighs 1 g)."""
        return 1e6 * self.dose_mbq * decay_factor(self.delay_h) / (1e3 * self.weight_kg)

    @property
    def counts_per_suv_ml(self) -> float:
        """Counts of one view from 1 mL at SUV 1 in air."""
        sensitivity = collimator(self.collimator).cps_per_mbq
        return 1e-6 * self.bq_per_ml_of_suv * sensitivity * self.seconds_per_view


def random_spect_protocol(
    rng: Rng, settings: str = "training", kvp: float = 120.0
) -> SpectProtocol:
    """A scan as cameras.yaml spreads them.

    Args:
        settings: training, or held_out for cameras that training never sees.
        kvp: of the CT that corrects the attenuation.

    Raises:
        PhantomError: no such settings.
    """
    known = camera_settings()["protocols"]
    if settings not in known:
        raise PhantomError(f"no SPECT settings {settings!r}; choose one of {', '.join(known)}")
    row = known[settings]
    views = int(rng.choice(row["views"]))
    subsets = int(rng.choice([n for n in row["subsets"] if views % n == 0]))
    moved = rng.uniform() < row["motion_share"]
    low, high = row["motion_mm"]
    motion = rng.uniform(low, high) * rng.normal(size=2) if moved else np.zeros(2)
    return SpectProtocol(
        collimator=str(rng.choice(row["collimators"])),
        voxel_mm=float(rng.choice(row["voxel_mm"])),
        views=views,
        iterations=int(rng.choice(row["iterations"])),
        subsets=subsets,
        filter_mm=float(rng.uniform(*row["filter_mm"])),
        seconds_per_view=15.0 * float(np.exp(rng.uniform(*np.log(row["counts"])))),
        weight_kg=float(rng.uniform(50, 100)),
        scatter=float(rng.uniform(*row["scatter"])),
        clearance_mm=float(rng.uniform(*row["clearance_mm"])),
        resolution_recovery=bool(rng.uniform() < row["resolution_recovery_share"]),
        attenuation_blur_mm=float(rng.uniform(*row["attenuation_blur_mm"])),
        motion_mm=(float(np.clip(motion[0], -15, 15)), float(np.clip(motion[1], -15, 15))),
        motion_from=float(rng.uniform(0.3, 0.8)) if moved else 1.0,
        kvp=kvp,
    )
