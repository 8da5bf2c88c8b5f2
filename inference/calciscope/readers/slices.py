"""Slice: what is known of one CT image, a file or a frame, before its pixels are read."""

from dataclasses import dataclass

from pydicom import Dataset

from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.elements import integer, number, numbers, text, texts


@dataclass(frozen=True)
class Slice:
    """One CT image. Lengths in mm, LPS; None where the source does not say.

    Attributes:
        frame: index of the frame in a multi-frame file; None for a single image.
        instance_number: Instance Number, or the frame's number.
        position: center of the first pixel (Image Position (Patient)).
        orientation: directions of growing column and row index (Image Orientation (Patient)).
        pixel_spacing: between rows, between columns (Pixel Spacing).
        slope: Rescale Slope.
        intercept: Rescale Intercept.
        rescale_type: Rescale Type; empty where absent, which for CT means HU.
        image_type: Image Type or Frame Type.
        temporal_position: Temporal Position Identifier or Index.
        stack: Stack ID of multi-frame files.
    """

    file: FoundFile
    frame: int | None
    sop_instance_uid: str
    instance_number: int | None
    rows: int
    columns: int
    samples_per_pixel: int
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    pixel_spacing: tuple[float, ...] | None
    thickness: float | None
    slope: float | None
    intercept: float | None
    rescale_type: str
    image_type: tuple[str, ...]
    acquisition_number: int | None
    temporal_position: int | None
    kernel: str
    stack: str = ""

    @property
    def is_localizer(self) -> bool:
        """Whether this is a scout view (Image Type value 3, PS3.3 C.8.2.1.1.1)."""
        return "LOCALIZER" in self.image_type

    @property
    def is_reformatted(self) -> bool:
        """Whether the image was cut anew from other images; its values still are HU."""
        return bool({"MPR", "REFORMATTED", "MPR_THICK"} & set(self.image_type))

    @property
    def is_projection(self) -> bool:
        """Whether the image is a projection, a rendering or a curved cut: not a CT slice."""
        kinds = {"MIP", "MINIP", "MAX_IP", "MIN_IP", "PROJECTION IMAGE", "PROJECTION", "CPR"}
        renderings = {"VRT", "VR", "VOLUME RENDERED", "RENDERED", "SSD", "3D", "CURVED"}
        return bool((kinds | renderings | {"MAXIMUM", "MINIMUM"}) & set(self.image_type))

    @property
    def is_original(self) -> bool:
        """Whether the image type does not say DERIVED."""
        return "DERIVED" not in self.image_type[:1]


SLICE_KEYWORDS = (
    "SOPInstanceUID",
    "InstanceNumber",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "ImageType",
    "AcquisitionNumber",
    "TemporalPositionIdentifier",
    "ConvolutionKernel",
)
"""Elements that `slice_of` uses."""


def slice_of(dataset: Dataset, file: FoundFile) -> Slice:
    """The slice that a single-image CT instance is."""
    return Slice(
        file=file,
        frame=None,
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        instance_number=integer(dataset, "InstanceNumber"),
        rows=integer(dataset, "Rows") or 0,
        columns=integer(dataset, "Columns") or 0,
        samples_per_pixel=integer(dataset, "SamplesPerPixel") or 1,
        position=numbers(dataset, "ImagePositionPatient", 3),
        orientation=numbers(dataset, "ImageOrientationPatient", 6),
        pixel_spacing=numbers(dataset, "PixelSpacing", 2),
        thickness=number(dataset, "SliceThickness"),
        slope=number(dataset, "RescaleSlope"),
        intercept=number(dataset, "RescaleIntercept"),
        rescale_type=text(dataset, "RescaleType").upper(),
        image_type=tuple(value.upper() for value in texts(dataset, "ImageType")),
        acquisition_number=integer(dataset, "AcquisitionNumber"),
        temporal_position=integer(dataset, "TemporalPositionIdentifier"),
        kernel=text(dataset, "ConvolutionKernel"),
    )
