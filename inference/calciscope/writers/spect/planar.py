"""Planar-like views: what a camera before and behind the patient would have shown, from SPECT.

Uptake is summed along the way to the camera, weakened by the tissue it has to cross. No planar
image was taken: scatter, collimator and counting noise of one are not in it.
"""

import numpy as np
from numpy.typing import NDArray

from calciscope.volume import Volume
from calciscope.writers.pictures import Canvas, Edges, to_bytes
from calciscope.writers.projections import Projection
from calciscope.writers.spect.input import SpectPictureInput
from calciscope.writers.spect.sampling import upright
from calciscope.writers.spect.scale import UptakeScale

WATER_PER_MM = 0.0154
"""Attenuation of water at 140.5 keV (NIST XCOM: 0.154 per cm)."""

BODY_SHARE = 0.03
"""Uptake above this share of the scale's top counts as body."""

MARGIN_MM = 15.0
PIXELS_PER_MM = 1.6
LARGEST_SIDE_PX = 1200
GAMMA = 0.75

ANTERIOR = Edges(left="R", right="L", top="H", bottom="F")
POSTERIOR = Edges(left="L", right="R", top="H", bottom="F")
INK = "#000000"


def planar_views(spect: SpectPictureInput, scale: UptakeScale) -> tuple[Projection, Projection]:
    """Anterior view, the patient's right on its left, and posterior view, left on its left."""
    volume = _cropped(upright(spect.aligned), scale)
    uptake = np.clip(volume.array, 0.0, None)
    crossed = (uptake > BODY_SHARE * scale.top) * (volume.spacing_mm[1] * WATER_PER_MM)
    front = _weakened(uptake, crossed)
    back = _weakened(uptake[:, ::-1], crossed[:, ::-1])
    peaks = {
        spot.id: volume.index(peak)
        for spot, peak in zip(spect.findings.hot_spots, spect.peaks_lps_mm().values(), strict=True)
        if not spot.physiologic
    }
    black = max(_black(front, peaks), _black(back, peaks))
    return (
        _view("Anterior", front, volume, black, peaks, ANTERIOR),
        _view("Posterior", back, volume, black, peaks, POSTERIOR),
    )


def _weakened(uptake: NDArray[np.float32], crossed: NDArray[np.float64]) -> NDArray[np.float32]:
    """Sum along y toward a camera at its beginning; shape (X, Z)."""
    depth = np.cumsum(crossed, axis=1) - crossed / 2
    return np.asarray((uptake * np.exp(-depth)).sum(axis=1), dtype=np.float32)


def _black(plane: NDArray[np.float32], peaks: dict[int, NDArray[np.float64]]) -> float:
    """What is drawn black: the densest hot spot; a knee or a bladder may be denser."""
    at = [np.round(peak).astype(int)[[0, 2]] for peak in peaks.values()]
    values = [
        float(plane[i, k]) for i, k in at if 0 <= i < plane.shape[0] and 0 <= k < plane.shape[1]
    ]
    return max(values or [float(plane.max())], default=0.0) or 1.0


def _cropped(volume: Volume, scale: UptakeScale) -> Volume:
    """The box around what takes up anything, with a margin."""
    seen = volume.array > BODY_SHARE * scale.top
    if not seen.any():
        return volume
    margin = np.ceil(MARGIN_MM / volume.spacing_mm).astype(int)
    ends = [np.flatnonzero(seen.any(axis=a))[[0, -1]] for a in ((1, 2), (0, 2), (0, 1))]
    low, high = np.array(ends).T
    return volume.crop(np.maximum(low - margin, 0), np.minimum(high + margin + 1, volume.shape))


def _view(
    title: str,
    plane: NDArray[np.float32],
    volume: Volume,
    black: float,
    peaks: dict[int, NDArray[np.float64]],
    edges: Edges,
) -> Projection:
    """A view in inverse gray, head on top."""
    across_mm, _, along_mm = (float(spacing) for spacing in volume.spacing_mm)
    width_mm, height_mm = across_mm * plane.shape[0], along_mm * plane.shape[1]
    scale = min(PIXELS_PER_MM, LARGEST_SIDE_PX / max(width_mm, height_mm))
    canvas = Canvas(width_mm, height_mm, scale, ink=INK, paper="#FFFFFF")
    from_behind = edges is POSTERIOR
    gray = to_bytes(1.0 - np.clip(plane / black, 0.0, 1.0) ** GAMMA)
    rows = (gray[::-1] if from_behind else gray).T[::-1]
    canvas.image(np.repeat(rows[..., None], 3, axis=2))
    for number, (i, _, k) in peaks.items():
        x = (i + 0.5) * across_mm
        y = height_mm - (k + 0.5) * along_mm
        canvas.label(width_mm - x if from_behind else x, y, str(number), 12.0)
    canvas.edges(edges)
    canvas.scale_bar(50.0 if width_mm > 110.0 else 20.0)
    picture = canvas.picture(
        f"{title} planar-like view of the SPECT in inverse gray, hot spots with their number"
    )
    return Projection(title, picture)
