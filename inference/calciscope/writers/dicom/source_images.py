"""What a SEG was drawn on, as highdicom wants to see it.

A CT, a PET and enhanced images say of each frame where it lies. An NM Image says it once, in its
Detector Information Sequence (PS3.3 C.8.4.11, C.8.4.15), where highdicom does not look: it is
shown a header with the grid of the SPECT, and afterwards each reference to a slice of that grid
becomes one to the frame of the file that the slice was read from. Bed positions are treated alike:
highdicom wants all images of a grid to be of one series.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import zip_longest

import highdicom as hd
import numpy as np
from pydicom import Dataset
from pydicom.uid import UID, NuclearMedicineImageStorage

from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.nm_frames import nm_slices
from calciscope.readers.spect_study import SpectStudy
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers.dicom.source import bare_headers, frame_of_reference_of

PATIENT = hd.CoordinateSystemNames.PATIENT

DETECTORS = "DetectorInformationSequence"

NEAR_VOXELS = 0.02
"""How far a frame may lie from the slice that it is, for rounding of decimal strings."""


@dataclass(frozen=True)
class Frame:
    """One frame of a file, counted from 1."""

    header: Dataset
    number: int


@dataclass(frozen=True, eq=False)
class SourceImages:
    """Images that segments were drawn on.

    Attributes:
        source: the first header as it came: patient, study and series.
        headers: bare headers (see `source.bare_headers`) whose geometry highdicom understands.
        further: those beside the first of multi-frame files and of joined bed positions.
        frame_of_reference: of all.
        frames_of_slices: which frames each slice k of the grid was read from, where the headers
            show a grid; () where nothing is drawn frame by frame; None where highdicom's own
            references hold.
        content_key: of the study they are of.
    """

    source: Dataset
    headers: Sequence[Dataset]
    further: Sequence[Dataset]
    frame_of_reference: UID
    frames_of_slices: tuple[tuple[Frame, ...], ...] | None = None
    content_key: str = ""

    def settle_references(self, segmentation: Dataset) -> None:
        """Make references of frames to slices of a grid references to files (C.7.6.16.2.6)."""
        if self.frames_of_slices is None:
            return
        # The same item stands in the Referenced Series Sequence.
        segmentation.SourceImageSequence[0].ReferencedSOPClassUID = self.source.SOPClassUID
        for group in segmentation.PerFrameFunctionalGroupsSequence:
            derivation = group.pop("DerivationImageSequence", None)
            if derivation is None or not self.frames_of_slices:
                continue
            # The first header shows the whole grid, so its reference says as much as all.
            item = derivation.value[0].SourceImageSequence[0]
            frames = self.frames_of_slices[int(item.ReferencedFrameNumber) - 1]
            if found := [_reference(item, frame) for frame in frames]:
                derivation.value[0].SourceImageSequence = found
                group.add(derivation)


def ct_images(study: CtStudy) -> SourceImages:
    """The images of a CT."""
    frame_of_reference = frame_of_reference_of(study.instances)
    headers = bare_headers(study.instances, frame_of_reference)
    images = _plain(study.instances[0], headers, frame_of_reference)
    return replace(images, content_key=study.content_key)


def spect_images(study: SpectStudy, beside: CtStudy) -> SourceImages:
    """The images of a SPECT; where it is not DICOM, those of the CT whose world it shares."""
    if not study.instances:
        images = ct_images(beside)
        return replace(images, frames_of_slices=())
    source = study.instances[0]
    frame_of_reference = frame_of_reference_of(study.instances)
    headers = bare_headers(study.instances, frame_of_reference)
    placeless = DETECTORS in source
    if not placeless and not study.resampled:
        images = _plain(source, headers, frame_of_reference)
        return replace(images, content_key=study.content_key)
    first, *others = headers
    if placeless:
        others = [_with_grid(header, study.volume, frame_of_reference) for header in others]
    return SourceImages(
        source,
        [_with_grid(first, study.volume, frame_of_reference)],
        others,
        frame_of_reference,
        _frames_of_slices(study),
        study.content_key,
    )


def _plain(source: Dataset, headers: list[Dataset], frame_of_reference: UID) -> SourceImages:
    """Headers that say themselves where their frames lie."""
    multi = "NumberOfFrames" in source
    return SourceImages(
        source,
        headers[:1] if multi else headers,
        headers[1:] if multi else [],
        frame_of_reference,
    )


def _with_grid(header: Dataset, grid: Volume, frame_of_reference: UID) -> Dataset:
    """A header whose frames are the slices of a grid (PS3.3 C.7.6.16.2.1, .3, .4)."""
    columns, rows, slices = grid.shape
    volume = hd.Volume(
        np.broadcast_to(np.uint8(0), (slices, rows, columns)),
        grid.affine[:, [2, 1, 0, 3]],
        coordinate_system=PATIENT,
        frame_of_reference_uid=frame_of_reference,
    )
    shared = Dataset()
    shared.PixelMeasuresSequence = volume.get_pixel_measures()
    shared.PlaneOrientationSequence = volume.get_plane_orientation()
    places = []
    for position in volume.get_plane_positions():
        place = Dataset()
        place.PlanePositionSequence = position
        places.append(place)
    shown = {
        # The class tells highdicom that there may be several frames; a PET Image has one.
        "SOPClassUID": NuclearMedicineImageStorage,
        "Rows": rows,
        "Columns": columns,
        "NumberOfFrames": slices,
    }
    result = Dataset()
    result.update(header)
    for keyword, value in shown.items():
        # Taken out first: setting would change the element, which the source shares.
        result.pop(keyword, None)
        setattr(result, keyword, value)
    result.SharedFunctionalGroupsSequence = [shared]
    result.PerFrameFunctionalGroupsSequence = places
    return result


def _frames_of_slices(study: SpectStudy) -> tuple[tuple[Frame, ...], ...]:
    """The frames that each slice was read from; none where the grid is not that of the files."""
    found: list[list[Frame]] = [[] for _ in range(study.volume.shape[2])]
    file = FoundFile(study.source, study.source.name)
    for header, frames in zip_longest(study.instances, study.frames):
        for number, each in enumerate(nm_slices(header, file), start=1):
            # Another energy window lies in the same place.
            if each.position is None or (frames and number not in frames):
                continue
            index = study.volume.index(each.position)
            k = round(float(index[2]))
            near = np.abs(index - (0, 0, k)).max() < NEAR_VOXELS
            if near and 0 <= k < len(found):
                found[k].append(Frame(header, number))
    return tuple(tuple(frames) for frames in found)


def _reference(item: Dataset, frame: Frame) -> Dataset:
    """The same reference to another frame; an image of one frame has no numbers (C.7.6.16.2.6)."""
    result = deepcopy(item)
    result.ReferencedSOPClassUID = frame.header.SOPClassUID
    result.ReferencedSOPInstanceUID = frame.header.SOPInstanceUID
    if "NumberOfFrames" in frame.header:
        result.ReferencedFrameNumber = frame.number
    else:
        del result.ReferencedFrameNumber
    return result
