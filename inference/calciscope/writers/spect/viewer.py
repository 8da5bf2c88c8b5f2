"""The uptake as the 3D viewer of the page shows it: 8 bits, half as fine as the CT there."""

from typing import Any

import numpy as np
from matplotlib import colormaps

from calciscope.resampling import block_affine
from calciscope.volume import Volume
from calciscope.writers.spect.input import SpectPictureInput
from calciscope.writers.spect.sampling import on_grid
from calciscope.writers.spect.scale import COLORMAP, FAINT, STRONG, uptake_scale

TOP = 63
"""Value of the top of the scale of colors: more steps would only store noise."""

BLOCK = 2
"""Voxels of the viewer's CT along each axis that become one: the viewer does not interpolate."""

STOPS = (0.0, FAINT, 0.3, STRONG, 0.75, 1.0)
"""Shares of the top at which the viewer is told a color."""


def uptake_volume(spect: SpectPictureInput, ct: Volume) -> Volume:
    """Uptake as uint8 where the CT of the viewer is; 0 where it is too faint to be drawn.

    Args:
        spect: in the world of the CT.
        ct: what the viewer shows of the CT.
    """
    i, j, k = (-(-count // BLOCK) for count in ct.shape)
    blank = np.broadcast_to(np.float32(0.0), (i, j, k))
    grid = Volume(blank, block_affine(ct, (BLOCK,) * 3))
    scale = uptake_scale(spect.findings, spect.aligned.array)
    share = scale.shares(on_grid(spect.aligned, grid))
    share[share < FAINT] = 0.0
    return grid.with_array(np.rint(share * TOP).astype(np.uint8))


def viewer_colors(in_3d: bool) -> dict[str, Any]:
    """The scale of the still pictures as the viewer takes it: colors at values 0 to 255.

    Args:
        in_3d: bone and faint uptake are left out, which would hide lesions behind them.
    """
    rgb = np.rint(255 * colormaps[COLORMAP](np.array(STOPS))[:, :3]).astype(int)
    first, last, most = (STRONG - FAINT, 1.0, 0.5) if in_3d else (FAINT, STRONG, 1.0)
    alpha = [round(255 * most * min(max((s - first) / (last - first), 0.0), 1.0)) for s in STOPS]
    red, green, blue = rgb.T.tolist()
    intensity = [round(255 * stop) for stop in STOPS]
    return {"R": red, "G": green, "B": blue, "A": alpha, "I": intensity}
