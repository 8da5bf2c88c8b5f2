"""Breaking a DICOM file element by element: what a byte flip would hardly ever hit."""

import random
import warnings
from io import BytesIO

from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

VRS = ["UN", "LO", "DS", "IS", "US", "SS", "FD", "FL", "OB", "OW", "AT", "UI", "DA", "PN", "UT"]
TEXTS = [
    "", " ", "\\", "\\\\\\", "0", "-1", "1", "2", "65535", "4294967295", "99999999999", "1e400",
    "1e308", "-1e308", "1e-320", "nan", "inf", "-inf", "1,5", "1.5", "x", "A" * 5000, "1\\2",
    "1\\0\\0\\0\\1\\0", "0\\0\\0\\0\\0\\0", "nan\\0\\0\\0\\1\\0", "1e308\\1e308\\1e308",
    "1e-300\\1e-300", "1e9\\1e9", "-0.7\\0.8", "0\\0\\1e7", "ISO_IR 192", "\xff\xfe", "\0\0\0",
    "ISO 2022 IR 87", "HU\\HU", "US", "LOCALIZER", "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.3.10",
]  # fmt: skip
KEYWORDS = [
    "NumberOfFrames", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelSpacing",
    "PixelRepresentation", "SamplesPerPixel", "PlanarConfiguration", "PixelPaddingValue",
    "PixelPaddingRangeLimit", "RescaleSlope", "RescaleIntercept", "RescaleType", "ImageType",
    "ImagePositionPatient", "ImageOrientationPatient", "SpecificCharacterSet", "InstanceNumber",
    "SliceThickness", "SeriesInstanceUID", "SOPClassUID", "Modality", "KVP", "ConvolutionKernel",
    "PhotometricInterpretation", "PerFrameFunctionalGroupsSequence", "Exposure", "PatientName",
    "SharedFunctionalGroupsSequence", "ContrastBolusAgentSequence", "LossyImageCompression",
    "DetectorInformationSequence", "SpacingBetweenSlices", "SliceVector", "EnergyWindowVector",
    "EnergyWindowInformationSequence", "RadiopharmaceuticalInformationSequence", "PatientWeight",
    "RealWorldValueMappingSequence", "AcquisitionDate", "AcquisitionTime", "CorrectedImage",
]  # fmt: skip


def broken_elements(whole: bytes, source: random.Random) -> bytes:
    """Delete elements, or give them values and value representations that cannot be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(BytesIO(whole), force=True)
        for _ in range(source.choice([1, 1, 2, 3])):
            _break_one(dataset, source)
        output = BytesIO()
        implicit, little = dataset.original_encoding
        try:
            dcmwrite(output, dataset, implicit_vr=implicit, little_endian=little)
        except Exception:
            # Such a data set cannot be written by pydicom; bytes are broken elsewhere.
            return whole[: source.randrange(len(whole))]
        return output.getvalue()


def _break_one(dataset: Dataset, source: random.Random) -> None:
    place = dataset.file_meta if source.random() < 0.1 and "file_meta" in vars(dataset) else dataset
    nested = [e for e in _known(place) if e.VR == "SQ" and len(e.value)]
    while nested and source.random() < 0.8:
        place = source.choice(list(source.choice(nested).value))
        nested = [e for e in _known(place) if e.VR == "SQ" and len(e.value)]
    tags = list(place.keys())
    if not tags:
        return
    tag = source.choice([source.choice(tags), Tag(source.choice(KEYWORDS))])
    if source.random() < 0.25:
        place.pop(tag, None)
        return
    value = source.choice([*[text.encode("latin-1") for text in TEXTS], source.randbytes(4)])
    if source.random() < 0.3:
        value = source.choice([0, 1, 2, 255, 65535, 1 << 31, (1 << 32) - 1]).to_bytes(4, "little")
        value = value[: source.choice([2, 4])]
    value += b"\0" * (len(value) % 2)
    implicit, little = dataset.original_encoding
    vr = None if implicit else _vr(place, tag, source)
    place._dict[tag] = RawDataElement(
        Tag(tag), vr, len(value), value, 0, bool(implicit), bool(little)
    )


def _known(place: Dataset) -> list[object]:
    found = []
    tags = list(place.keys())
    for tag in tags:
        try:
            found.append(place[tag])
        except Exception:
            continue
    return found


def _vr(place: Dataset, tag: object, source: random.Random) -> str:
    try:
        return source.choice([str(place[tag].VR), source.choice(VRS)])  # type: ignore[index]
    except Exception:
        return source.choice(VRS)
