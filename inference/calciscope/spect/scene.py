"""A SPECT with the CT it lies in: what detection, classification and fusion look at."""

from dataclasses import dataclass

from calciscope.volume import Volume


@dataclass(frozen=True, eq=False)
class SpectScene:
    """SPECT and segmented CT of one patient; grids differ, the world (LPS mm) is shared.

    Attributes:
        uptake: float32, SUVbw or another unit; after registration where that was asked for.
        is_suv: whether `uptake` is SUVbw.
        ct: HU on the native CT grid.
        tissues: uint8, values of `labels.Label`, calcification included, on the CT grid.
        calcification: uint8, probability of calcification times 255, on the CT grid.
        body: bool, from the skin inwards, on the CT grid.
    """

    uptake: Volume
    is_suv: bool
    ct: Volume
    tissues: Volume
    calcification: Volume
    body: Volume
