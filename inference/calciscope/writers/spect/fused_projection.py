"""The coronal projection of the CT with that of the SPECT in color over it."""

import numpy as np

from calciscope.resampling import block_affine
from calciscope.volume import Volume
from calciscope.writers.pictures import CORONAL
from calciscope.writers.projections import Projection, View, gray_canvas
from calciscope.writers.spect.input import SpectPictureInput
from calciscope.writers.spect.sampling import on_grid
from calciscope.writers.spect.scale import UptakeScale

BLOCK_MM = 3.5
"""About the voxel of a fine SPECT."""


def fused_projection(
    view: View, box: Volume, spect: SpectPictureInput, scale: UptakeScale
) -> Projection:
    """Highest uptake along the rays of the coronal projection, over the densest tissue.

    Args:
        view: coronal rays through the CT.
        box: the part of the CT they went through, canonical.
        spect: uptake and hot spots.
        scale: of the colors.
    """
    blocks = np.maximum(np.round(BLOCK_MM / box.spacing_mm), 1).astype(int)
    shape = tuple(int(n) for n in -(-np.array(box.shape) // blocks))
    coarse = Volume(np.broadcast_to(np.float32(0.0), shape), block_affine(box, blocks.tolist()))
    highest = on_grid(spect.aligned, coarse).max(axis=1)
    canvas = gray_canvas(view)
    across, along = view.spacing_mm
    # The last block may reach beyond the CT, and with it beyond the picture.
    extent = (shape[0] * blocks[0] * across, shape[2] * blocks[2] * along)
    canvas.image(np.moveaxis(scale.overlay(highest), 0, 1)[::-1], extent_mm=extent)
    peaks = spect.peaks_lps_mm()
    for spot in spect.findings.hot_spots:
        x, _, z = box.index(peaks[spot.id])
        inside = 0 <= x < box.shape[0] and 0 <= z < box.shape[2]
        if inside and not spot.physiologic:
            canvas.label((x + 0.5) * across, (box.shape[2] - z - 0.5) * along, str(spot.id), 12.0)
    canvas.edges(CORONAL)
    canvas.scale_bar(50.0 if canvas.width_mm > 110.0 else 20.0)
    canvas.color_bar(scale.bar(), "0", scale.top_text, scale.name)
    picture = canvas.picture(
        "Coronal maximum-intensity projection, CT in gray and SPECT in color, "
        "hot spots with their number"
    )
    return Projection("Fused coronal projection", picture)
