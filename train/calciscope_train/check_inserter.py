"""A second, plainly written inserter of mineral, for the check set alone.

It shares no code with the generator of the training cases (`calciscope.phantom`), so that a fault
there cannot hide here: a lesion is a smooth function of the distance from its middle, added in HU
to a real CT after a blur, in a place that is homogeneous by its HU alone.
"""

from dataclasses import dataclass
from itertools import cycle, product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.volume import Volume

TISSUE_HU = {"muscle": (15.0, 95.0), "subcutaneous": (-140.0, -60.0)}
VOLUMES_MM3 = (20.0, 60.0, 200.0, 800.0)
CONTRASTS_HU = (110.0, 180.0, 300.0, 550.0)
FORMS = ("ball", "rod", "cloud")
BLUR_MM = 0.7
"""Standard deviation of the blur in the slice."""


@dataclass(frozen=True)
class Inserted:
    """One inserted lesion.

    Attributes:
        id: in the reference.
        compartment: muscle or subcutaneous.
        form: ball, rod or cloud.
        volume_mm3: of the reference voxels.
        contrast_hu: highest HU that was added.
    """

    id: int
    compartment: str
    form: str
    volume_mm3: float
    contrast_hu: float


def insert(
    ct: Volume, body: NDArray[np.bool_], count: int, seed: int
) -> tuple[Volume, NDArray[np.int32], list[Inserted]]:
    """Insert lesions into a CT.

    Args:
        ct: canonical, HU.
        body: the patient on the same grid.
        count: wanted number; compartments, volumes, contrasts and forms take turns.
        seed: of the places and the clouds.

    Returns:
        The CT with mineral, the ids of the lesions (0 outside; voxels of at least half of a
        lesion's highest contrast) and the lesions, fewer than asked where there is no room.
    """
    rng = np.random.default_rng(seed)
    hu = ct.array.astype(np.float32)
    ids = np.zeros(ct.shape, np.int32)
    places = {name: _places(hu, body, ct.spacing_mm, name) for name in TISSUE_HU}
    taken = np.zeros(ct.shape, dtype=bool)
    # The order is shuffled once, so that a short list holds every volume and contrast too.
    designs = list(product(TISSUE_HU, VOLUMES_MM3, CONTRASTS_HU, FORMS))
    order = cycle(np.random.default_rng(0).permutation(len(designs)))
    done: list[Inserted] = []
    for n in (next(order) for _ in range(count)):
        compartment, volume, contrast, form = designs[int(n)]
        spots = places[compartment]
        spots = spots[~taken[tuple(spots.T)]]
        if not len(spots):
            continue
        middle = spots[rng.integers(len(spots))]
        box, added = _lesion(ct, middle, volume, contrast, form, rng)
        hu[box] += added
        mask = (added >= 0.5 * added.max()) & (ids[box] == 0)
        ids[box][mask] = len(done) + 1
        around = [slice(max(s.start - 8, 0), s.stop + 8) for s in box]
        taken[tuple(around)] = True
        done.append(
            Inserted(
                len(done) + 1,
                compartment,
                form,
                float(mask.sum() * ct.voxel_volume_mm3),
                float(added.max()),
            )
        )
    return ct.with_array(np.rint(np.clip(hu, -1024, 3071)).astype(np.int16)), ids, done


def _places(
    hu: NDArray[np.float32], body: NDArray[np.bool_], spacing_mm: NDArray[np.float64], tissue: str
) -> NDArray[np.intp]:
    """Voxels in the midst of one tissue: smooth HU in its range up to 5 mm around; (n, 3)."""
    low, high = TISSUE_HU[tissue]
    smooth = ndimage.gaussian_filter(hu, (2.0, 2.0, 0.7))
    size = tuple(int(2 * np.ceil(5.0 / mm) + 1) for mm in spacing_mm[:2])
    same = (smooth > low) & (smooth < high) & body
    same = ndimage.minimum_filter(same, size=(*size, 3))
    dense = ndimage.maximum_filter(smooth > 130, size=(2 * size[0] - 1, 2 * size[1] - 1, 5))
    edge = np.zeros_like(same)
    edge[12:-12, 12:-12, 3:-3] = True
    return np.argwhere(same & ~dense & edge)


def _lesion(
    ct: Volume,
    middle: NDArray[np.intp],
    volume_mm3: float,
    contrast_hu: float,
    form: str,
    rng: np.random.Generator,
) -> tuple[tuple[slice, ...], NDArray[np.float32]]:
    """HU that one lesion adds, and the box it lies in."""
    radius = (0.75 * volume_mm3 / np.pi) ** (1 / 3)
    # Radii along x, y, z of equal product: a rod follows the limb.
    stretch = np.array([0.63, 0.63, 2.52]) if form == "rod" else np.array([1.15, 0.85, 1.02])
    radii = radius * stretch
    half = np.ceil((2.5 * radii + 3.0) / ct.spacing_mm).astype(int)
    low = np.maximum(middle - half, 0)
    high = np.minimum(middle + half + 1, ct.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    # Three samples a voxel along x and y, five along z, so that thick slices average.
    fine = (3, 3, 5)
    axes = [
        (np.arange(n * (b - a)) + 0.5) / n - 0.5 + a - m
        for a, b, m, n in zip(low, high, middle, fine, strict=True)
    ]
    grid = np.meshgrid(*axes, indexing="ij")
    parts = (g * mm / r for g, mm, r in zip(grid, ct.spacing_mm, radii, strict=True))
    distance = np.sqrt(sum(part**2 for part in parts))
    if form == "cloud":
        lumps = ndimage.gaussian_filter(rng.normal(size=distance.shape), 4.0)
        lumps = 1.0 + 0.5 * lumps / max(float(lumps.std()), 1e-6)
        profile = np.exp(-0.9 * distance**2) * np.clip(lumps, 0.1, 2.0)
    else:
        profile = 1.0 / (1.0 + np.exp((distance - 1.0) * radius / 0.35))
    shape = [n for a, b, f in zip(low, high, fine, strict=True) for n in (int(b - a), f)]
    added = (contrast_hu * profile).reshape(shape).mean(axis=(1, 3, 5))
    sigma = BLUR_MM / ct.spacing_mm[:2]
    return box, np.asarray(ndimage.gaussian_filter(added, (*sigma, 0.0)), dtype=np.float32)
