"""A thigh made of boxes: fat around muscle around bone, on a grid that can be counted."""

import numpy as np
import pytest

from calciscope.labels import Compartment, Label
from calciscope.phantom.activity.layers import VOXEL_MM, Layers
from calciscope.phantom.activity.settings import INDEX
from calciscope.volume import Volume

SIZE = 30
EDGES = ((2, Label.SUBCUTANEOUS), (6, Label.MUSCLE), (13, Label.BONE))
"""Voxel from which on, from either side across, a tissue begins."""


@pytest.fixture
def layers() -> Layers:
    """30 x 30 x 30 voxels, the middle of the grid in the origin; SUV 1 in muscle, 0.2 in fat."""
    tissues = np.zeros((SIZE,) * 3, np.uint8)
    compartments = np.full(tissues.shape, 255, np.uint8)
    suv = np.zeros(tissues.shape, np.float32)
    rows = {
        Label.SUBCUTANEOUS: (Compartment.SUBCUTANEOUS, 0.2),
        Label.MUSCLE: (Compartment.MUSCLE, 1.0),
        Label.BONE: (Compartment.BONE, 2.0),
    }
    for edge, label in EDGES:
        box = (slice(edge, SIZE - edge), slice(edge, SIZE - edge), slice(None))
        tissues[box] = label
        compartments[box] = INDEX[rows[label][0]]
        suv[box] = rows[label][1]
    origin = -0.5 * VOXEL_MM * (SIZE - 1)
    grid = Volume.from_spacing(
        np.broadcast_to(np.uint8(0), tissues.shape), (VOXEL_MM,) * 3, (origin,) * 3
    )
    none = np.zeros(tissues.shape, bool)
    return Layers(
        grid, tissues, np.zeros_like(tissues), suv, compartments, joint=none, tendon=none.copy()
    )
