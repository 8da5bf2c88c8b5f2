"""Frames of a nuclear medicine image as slices (PS3.3 C.8.4): where each lies in the patient.

Position and orientation stand once, for the first frame, in the Detector Information Sequence. The
others follow along the normal, the cross product of the first frame's row and column directions, by
Spacing Between Slices: behind the first where that is positive, in front of it where it is
negative, as some vendors store from head to feet (C.8.4.15).
"""

from collections import Counter
from dataclasses import replace

import numpy as np
from pydicom import Dataset

from calciscope.errors import UnreadableFileError
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.elements import integer, items, number, numbers, text
from calciscope.readers.geometry import Floats
from calciscope.readers.slices import Slice, slice_of

MOST_FRAMES = 65_535
"""Number of Slices has 16 bits (PS3.3 C.8.4.8)."""

ENERGY_WINDOW = "energy window "
"""What `Slice.stack` begins with; the number follows (Energy Window Vector)."""

LEAST_SPACING_MM = 1e-3


def nm_slices(header: Dataset, file: FoundFile) -> tuple[Slice, ...]:
    """The slices that the frames of a reconstructed image are; `stack` names the energy window.

    A frame that cannot be placed has no position.

    Raises:
        UnreadableFileError: it declares more frames than any image has.
    """
    count = max(integer(header, "NumberOfFrames") or 1, 1)
    if count > MOST_FRAMES:
        raise UnreadableFileError(f"{file.name} declares {count} frames; export it again")
    plane = _first_plane(header, slice_of(header, file))
    if count == 1:
        return (replace(plane, frame=0),)
    windows = _vector(header, "EnergyWindowVector", count) or [1] * count
    step = _step(header, plane)
    orders = _orders(header, windows)
    return tuple(
        replace(
            plane,
            frame=frame,
            instance_number=frame + 1,
            position=_moved(plane, step, order),
            stack=f"{ENERGY_WINDOW}{window}",
        )
        for frame, (window, order) in enumerate(zip(windows, orders, strict=True))
    )


def _first_plane(header: Dataset, plane: Slice) -> Slice:
    """The plane of the first frame, from the first detector that has one, else from the header."""
    for detector in items(header, "DetectorInformationSequence"):
        position = numbers(detector, "ImagePositionPatient", 3)
        orientation = numbers(detector, "ImageOrientationPatient", 6)
        if position and orientation:
            return replace(plane, position=position, orientation=orientation)
    return plane


def _step(header: Dataset, plane: Slice) -> Floats | None:
    """From one frame to the next, LPS mm; None where the header does not say."""
    spacing = number(header, "SpacingBetweenSlices") or number(header, "SliceThickness")
    if plane.orientation is None or spacing is None or abs(spacing) < LEAST_SPACING_MM:
        return None
    normal = np.cross(plane.orientation[:3], plane.orientation[3:])
    length = float(np.linalg.norm(normal))
    return np.asarray(normal * spacing / length) if length > 0 else None


def _moved(plane: Slice, step: Floats | None, order: int) -> tuple[float, ...] | None:
    if plane.position is None or step is None:
        return None
    return tuple(float(value) for value in np.array(plane.position) + order * step)


def _orders(header: Dataset, windows: list[int]) -> list[int]:
    """How many steps each frame lies from the first of its energy window.

    Frames lie in the order of the file. Where Slice Vector mixes them it tells the order; where it
    merely counts backward the frames still begin at the position that is given.
    """
    slices = _vector(header, "SliceVector", len(windows))
    passed: Counter[int] = Counter()
    running = []
    for window in windows:
        running.append(passed[window])
        passed[window] += 1
    if slices is None:
        return running
    orders = list(running)
    for window in passed:
        frames = [frame for frame, other in enumerate(windows) if other == window]
        numbers_there = [slices[frame] for frame in frames]
        steps = np.diff(numbers_there)
        complete = len(set(numbers_there)) == len(frames)
        if complete and not (steps > 0).all() and not (steps < 0).all():
            for frame in frames:
                orders[frame] = slices[frame] - numbers_there[0]
    return orders


def _vector(header: Dataset, keyword: str, count: int) -> list[int] | None:
    """One whole number for each frame; None where the header has not as many."""
    found = numbers(header, keyword, count) if count > 1 else None
    return None if found is None else [round(value) for value in found]


def has_position(header: Dataset) -> bool:
    """Whether a header places its first frame in the patient."""
    detectors = (header, *items(header, "DetectorInformationSequence"))
    return any(text(each, "ImagePositionPatient") for each in detectors)
