"""Frames of Enhanced CT and Legacy Converted Enhanced CT (PS3.3 A.38, C.7.6.16)."""

from pydicom import Dataset
from pydicom.uid import EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

from calciscope.errors import UnreadableFileError
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.elements import integer, item, items, number, numbers, text, texts
from calciscope.readers.slices import Slice

ENHANCED_CLASSES = frozenset({EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage})
"""SOP classes whose geometry stands in functional groups."""


def functional_group(dataset: Dataset, frame: int, keyword: str) -> Dataset:
    """A functional group of one frame: its own, else the shared one, else an empty data set."""
    per_frame = items(dataset, "PerFrameFunctionalGroupsSequence")
    if frame < len(per_frame) and keyword in per_frame[frame]:
        return item(per_frame[frame], keyword)
    return item(item(dataset, "SharedFunctionalGroupsSequence"), keyword)


def frames_of(dataset: Dataset, file: FoundFile) -> tuple[Slice, ...]:
    """The slices that the frames of an enhanced CT instance are.

    Raises:
        UnreadableFileError: it declares more frames than it describes.
    """
    count = integer(dataset, "NumberOfFrames") or 0
    described = len(items(dataset, "PerFrameFunctionalGroupsSequence"))
    # A single frame may be described by what all frames share.
    if count > max(described, 1):
        raise UnreadableFileError(
            f"{file.name} declares {count} frames and describes {described}; export it again"
        )
    return tuple(_frame(dataset, file, index) for index in range(count))


def _frame(dataset: Dataset, file: FoundFile, index: int) -> Slice:
    content = functional_group(dataset, index, "FrameContentSequence")
    measures = functional_group(dataset, index, "PixelMeasuresSequence")
    values = functional_group(dataset, index, "PixelValueTransformationSequence")
    plane = functional_group(dataset, index, "PlanePositionSequence")
    orientation = functional_group(dataset, index, "PlaneOrientationSequence")
    reconstruction = functional_group(dataset, index, "CTReconstructionSequence")
    unassigned = functional_group(dataset, index, "UnassignedPerFrameConvertedAttributesSequence")
    frame_type = functional_group(dataset, index, "CTImageFrameTypeSequence")
    image_type = texts(frame_type, "FrameType") or texts(dataset, "ImageType")
    acquisition = integer(content, "FrameAcquisitionNumber")
    return Slice(
        file=file,
        frame=index,
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        instance_number=index + 1,
        rows=integer(dataset, "Rows") or 0,
        columns=integer(dataset, "Columns") or 0,
        samples_per_pixel=integer(dataset, "SamplesPerPixel") or 1,
        position=numbers(plane, "ImagePositionPatient", 3),
        orientation=numbers(orientation, "ImageOrientationPatient", 6),
        pixel_spacing=numbers(measures, "PixelSpacing", 2),
        thickness=number(measures, "SliceThickness"),
        slope=number(values, "RescaleSlope"),
        intercept=number(values, "RescaleIntercept"),
        rescale_type=text(values, "RescaleType").upper(),
        image_type=tuple(value.upper() for value in image_type),
        acquisition_number=acquisition,
        temporal_position=integer(content, "TemporalPositionIndex"),
        kernel=text(reconstruction, "ConvolutionKernel") or text(unassigned, "ConvolutionKernel"),
        stack=text(content, "StackID"),
    )
