"""What a scan shows: its grid, and within it the neighborhood of the body."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.coarse import thinned
from calciscope.followup.surfaces import values_at
from calciscope.labels import Label
from calciscope.volume import Volume

STEP_MM = (4.0, 4.0, 4.0)


class Coverage:
    """The part of the patient that one date shows.

    A lesion of the other date that lies outside is neither new nor gone: nobody looked there.

    Args:
        tissues: values of `Label`; where a grid was filled up beyond the scan there is no body.
        skin_mm: how far outside of the body a place still counts as shown: legs swell and shrink.
    """

    def __init__(self, tissues: Volume, skin_mm: float) -> None:
        self._grid = tissues
        self._skin_mm = skin_mm
        body = thinned(tissues.with_array(tissues.array != Label.BACKGROUND), STEP_MM)
        outside = ~np.asarray(body.array, dtype=bool)
        far = np.full(body.shape, np.inf)
        if not outside.all():
            far = ndimage.distance_transform_edt(outside, sampling=tuple(body.spacing_mm))
        self._to_body = body.with_array(np.minimum(far, 2 * skin_mm).astype(np.float32))

    def share(self, lps_mm: NDArray[np.float64]) -> float:
        """Share of points, shape (N, 3), that the scan shows."""
        index = self._grid.index(lps_mm)
        inside = ((index >= -0.5) & (index <= np.array(self._grid.shape) - 0.5)).all(axis=1)
        # The thinned grid ends up to a step before the scan does.
        low, high = np.zeros(3), np.array(self._to_body.shape) - 1.0
        nearest = self._to_body.lps_mm(np.clip(self._to_body.index(lps_mm), low, high))
        near = values_at(self._to_body, nearest, 0.0) <= self._skin_mm
        return float((inside & near).mean())
