"""The activity map of a phantom: true SUV on a fine grid, and whose it is."""

from dataclasses import dataclass

from calciscope.labels import Compartment
from calciscope.volume import Volume

NO_COMPARTMENT = 255
"""Value of a voxel that belongs to no compartment (outside of the body)."""


@dataclass(frozen=True)
class Focus:
    """One focus of uptake as painted.

    Attributes:
        name: what made it, such as a chain of lesions.
        compartment: where it lies.
        side: L, R or "" where unknown.
        suv: true SUVbw.
        volume_ml: painted, on the grid of the map.
        center_mm: its centroid, LPS.
        calcified: whether there is mineral in it.
    """

    name: str
    compartment: Compartment
    side: str
    suv: float
    volume_ml: float
    center_mm: tuple[float, float, float]
    calcified: bool


@dataclass(frozen=True, eq=False)
class ActivityMap:
    """Where the tracer is.

    Attributes:
        suv: float32, true SUVbw, canonical grid of about 2.4 to 3 mm.
        compartments: uint8, same grid: index into `labels.HOT_SPOT_COMPARTMENTS`, or
            NO_COMPARTMENT.
        foci: what stands out of the tissues.
    """

    suv: Volume
    compartments: Volume
    foci: tuple[Focus, ...]
