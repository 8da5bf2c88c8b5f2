"""The study that the self-test sends: a limb with one deposit of known volume."""

from math import pi
from pathlib import Path

import numpy as np

from calciscope.phantom.dicom import write_ct_series
from calciscope.volume import Volume

PIXELS, SLICES = 96, 40
SPACING_MM = (1.0, 1.0, 2.0)
DEPOSIT_RADIUS_MM = 5.0
DEPOSIT_MM = (22.0, 0.0, 0.0)
"""From the axis of the limb, in its muscle."""

DEPOSIT_HU, MARROW_HU, CORTEX_HU, MUSCLE_HU, FAT_HU, AIR_HU = 500, -20, 1100, 55, -90, -1000
NOISE_HU = 12.0

DEPOSIT_VOLUME_MM3 = 4 / 3 * pi * DEPOSIT_RADIUS_MM**3


def limb(seed: int = 0) -> Volume:
    """A limb in HU: fat, muscle, one bone, and one spherical deposit; axes L, P, S."""
    half = np.array([PIXELS / 2, PIXELS / 2, SLICES / 2])
    grid = np.moveaxis(np.indices((PIXELS, PIXELS, SLICES)), 0, -1)
    place_mm = (grid - half) * SPACING_MM
    from_axis_mm = np.hypot(place_mm[..., 0], place_mm[..., 1])
    hu = np.full(from_axis_mm.shape, float(AIR_HU))
    for radius_mm, value in ((40, FAT_HU), (34, MUSCLE_HU), (11, CORTEX_HU), (7, MARROW_HU)):
        hu[from_axis_mm < radius_mm] = value
    deposit = np.linalg.norm(place_mm - DEPOSIT_MM, axis=-1) < DEPOSIT_RADIUS_MM
    hu += np.random.default_rng(seed).normal(0.0, NOISE_HU, hu.shape)
    hu[deposit] = DEPOSIT_HU
    corner_mm = -half * SPACING_MM
    return Volume.from_spacing(
        np.maximum(np.round(hu), -1024).astype(np.int16),
        SPACING_MM,
        (float(corner_mm[0]), float(corner_mm[1]), float(corner_mm[2])),
    )


def write_limb(folder: Path, name: str = "selftest", seed: int = 0) -> list[Path]:
    """Write the limb as a CT series.

    Args:
        folder: made if need be.
        name: its UIDs follow from it.
        seed: of its noise.
    """
    return write_ct_series(
        limb(seed), folder, uid_seed=f"calciscope-{name}", body_part="LEG", kernel="STANDARD",
        study_description="Calciscope self-test", patient_id="CALCISCOPE-SELFTEST",
        patient_name="Selftest^Calciscope",
    )  # fmt: skip
