"""Where the frames of an NM Image lie."""

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset


def nm_frame_positions_mm(header: Dataset) -> NDArray[np.float64]:
    """Center of the first voxel of each frame; shape (frames, 3), LPS mm.

    PS3.3 C.8.4.15: the first frame lies where the Detector Information Sequence says, the others
    follow along the normal of its rows and columns, at the Spacing Between Slices, against the
    normal where that is negative.
    """
    detector = header.DetectorInformationSequence[0]
    first = np.array(detector.ImagePositionPatient, dtype=np.float64)
    orientation = np.array(detector.ImageOrientationPatient, dtype=np.float64)
    normal = np.cross(orientation[:3], orientation[3:])
    spacing = float(header.get("SpacingBetweenSlices") or header.SliceThickness)
    steps = np.arange(int(header.NumberOfFrames)) * spacing
    return np.asarray(first + steps[:, None] * normal)
