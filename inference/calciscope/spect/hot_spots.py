"""Hot spots by rule: where SPECT uptake stands out of what is around it.

A hot spot is what is connected to a maximum (26 neighbors) at or above the highest of 41 % of that
maximum, SUV 1.5 (where there is SUV) and three times the median of the soft tissue around it, and
has 1 mL or more. Borders between neighbors are those of a watershed; maxima nearer than 15 mm, or
between which uptake hardly falls, are one. So every maximum has a threshold of its own: a full
bladder does not hide what is beside it, and its faint tail is no hot spot.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.spect.background import background_of
from calciscope.spect.basins import find_basins
from calciscope.spect.on_grid import LabelShares, label_shares
from calciscope.spect.scene import SpectScene
from calciscope.spect.settings import SpectSettings
from calciscope.volume import Volume

FWHM_PER_SD = 2.3548
BODY_BLUR_MM = 15.0
MOST_HOT_SPOTS = 2**16 - 1
_CONNECTED = np.ones((3, 3, 3), dtype=int)

DEFAULT_SETTINGS = SpectSettings()


@dataclass(frozen=True, eq=False)
class HotSpots:
    """Hot spots on the SPECT grid.

    Attributes:
        ids: uint16, 0 outside, else 1, 2, ... by falling highest uptake.
        voxels: for each its voxel indices, shape (N, 3), in id order.
        outside_ct: ids of those that the CT mostly does not show; what is around them is judged
            from the SPECT alone.
        shares: of the CT's labels on this grid.
        background: float32, median uptake of the soft tissue around each voxel, what is hot left
            out; infinite where no tissue takes up anything.
    """

    ids: Volume
    voxels: tuple[NDArray[np.intp], ...]
    outside_ct: tuple[int, ...]
    shares: LabelShares
    background: Volume

    @property
    def count(self) -> int:
        """Number of hot spots."""
        return len(self.voxels)


def find_hot_spots(scene: SpectScene, settings: SpectSettings = DEFAULT_SETTINGS) -> HotSpots:
    """Find the hot spots of a SPECT.

    Deterministic; equal hot spots are ordered by their first voxel.

    Args:
        scene: uptake, and the CT's tissues. The CT may show less than the SPECT, or nothing of it.
        settings: the thresholds.
    """
    grid = scene.uptake
    uptake = np.nan_to_num(grid.array.astype(np.float32))
    shares = label_shares(scene.tissues, grid)
    background = background_of(uptake, _blurred(uptake, grid, BODY_BLUR_MM), shares, settings)
    floor = np.float32(settings.background_factor) * background
    if scene.is_suv:
        floor = np.maximum(floor, np.float32(settings.minimum_suv))
    found = _grown(uptake, floor, grid, settings)
    found.sort(key=lambda voxels: (-float(uptake[tuple(voxels.T)].max()), tuple(voxels[0])))
    found = found[:MOST_HOT_SPOTS]
    ids = np.zeros(grid.shape, np.uint16)
    outside = []
    for number, voxels in enumerate(found, start=1):
        where = tuple(voxels.T)
        ids[where] = number
        if shares.covered[where].mean() < 0.5:
            outside.append(number)
    return HotSpots(
        grid.with_array(ids), tuple(found), tuple(outside), shares, grid.with_array(background)
    )


def _grown(
    uptake: NDArray[np.float32],
    floor: NDArray[np.float32],
    grid: Volume,
    settings: SpectSettings,
) -> list[NDArray[np.intp]]:
    """Voxels of each hot spot, shape (N, 3)."""
    basins = find_basins(
        _blurred(uptake, grid, settings.smoothing_fwhm_mm),
        uptake >= floor,
        grid.spacing_mm,
        settings.split_distance_mm,
        settings.split_saddle_share,
    )
    order = np.argsort(basins.basin, kind="stable")
    starts = np.searchsorted(basins.basin[order], np.arange(basins.count + 1))
    least = settings.minimum_volume_ml * 1000.0 / grid.voxel_volume_mm3
    found = []
    for start, stop in pairwise(starts.tolist()):
        if stop - start < least:
            continue
        voxels = basins.voxels[order[start:stop]]
        hot = _around_maximum(uptake[tuple(voxels.T)], voxels, settings.relative_threshold)
        if len(hot) >= least:
            found.append(hot)
    return found


def _around_maximum(
    values: NDArray[np.float32], voxels: NDArray[np.intp], share: float
) -> NDArray[np.intp]:
    """The voxels of a basin that are connected to its maximum above a share of it."""
    kept = voxels[values >= share * values.max()]
    corner = kept.min(axis=0)
    box = np.zeros(kept.max(axis=0) - corner + 1, dtype=bool)
    box[tuple((kept - corner).T)] = True
    parts, _ = ndimage.label(box, structure=_CONNECTED)
    peak = voxels[int(values.argmax())] - corner
    return np.asarray(kept[parts[tuple((kept - corner).T)] == parts[tuple(peak)]])


def _blurred(uptake: NDArray[np.float32], grid: Volume, fwhm_mm: float) -> NDArray[np.float32]:
    sigma = fwhm_mm / FWHM_PER_SD / grid.spacing_mm
    return np.asarray(ndimage.gaussian_filter(uptake, sigma, mode="nearest"))
