"""What the SPECT pictures are drawn from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.spect.findings import Concordance, HotSpot, SpectFindings
from calciscope.volume import Volume


@dataclass(frozen=True, eq=False)
class SpectPictureInput:
    """A SPECT that lies in the world of the CT, with what was found in it.

    Attributes:
        aligned: uptake in `findings.units`, after registration where that was asked for.
        hot_spot_ids: hot-spot ids on the native grid: the voxels of `aligned`, perhaps elsewhere in
            the world.
        findings: the hot spots.
        concordance: of lesions and hot spots.
    """

    aligned: Volume
    hot_spot_ids: Volume
    findings: SpectFindings
    concordance: tuple[Concordance, ...] = ()

    @property
    def aligned_ids(self) -> Volume:
        """Hot-spot ids where the uptake is drawn; moved with it, voxel by voxel."""
        if self.hot_spot_ids.shape != self.aligned.shape:
            return self.hot_spot_ids
        return self.aligned.with_array(self.hot_spot_ids.array)

    def peaks_lps_mm(self) -> dict[int, NDArray[np.float64]]:
        """Position of the highest voxel of each hot spot, as drawn."""
        ids, uptake = self.aligned_ids, self.aligned
        peaks = {s.id: np.asarray(s.peak_lps_mm, dtype=float) for s in self.findings.hot_spots}
        if ids.shape != uptake.shape:
            return peaks
        # Only voxels of hot spots: the whole volume takes a hundred times as long.
        voxels = np.argwhere(ids.array > 0)
        numbers, values = ids.array[tuple(voxels.T)], uptake.array[tuple(voxels.T)]
        for number in peaks:
            own = np.flatnonzero(numbers == number)
            if own.size:
                peaks[number] = uptake.lps_mm(voxels[own[np.argmax(values[own])]])
        return peaks


def most_active(spots: tuple[HotSpot, ...], count: int) -> tuple[HotSpot, ...]:
    """The hottest that are not physiologic, of each compartment in turn, hottest first.

    In turn, so that many foci of muscle do not hide all of the subcutis.
    """
    ranks: dict[str, int] = {}
    ranked = []
    ordered = sorted((s for s in spots if not s.physiologic), key=lambda s: (-s.uptake_max, s.id))
    for place, spot in enumerate(ordered):
        ranked.append((ranks.get(spot.compartment, 0), place, spot))
        ranks[spot.compartment] = ranks.get(spot.compartment, 0) + 1
    chosen = sorted(ranked, key=lambda item: item[:2])[:count]
    return tuple(spot for _, _, spot in sorted(chosen, key=lambda item: item[1]))
