"""How a CT was made, from its headers."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from pydicom import Dataset

from calciscope.readers.elements import item, number, text
from calciscope.readers.study import CtAcquisition

_GROUPS = (
    "PixelMeasuresSequence",
    "CTReconstructionSequence",
    "CTXRayDetailsSequence",
    "CTExposureSequence",
    "UnassignedSharedConvertedAttributesSequence",
    "UnassignedPerFrameConvertedAttributesSequence",
)


_DATES = ("AcquisitionDate", "AcquisitionDateTime", "SeriesDate", "StudyDate", "ContentDate")
"""Where the date of a CT stands, the surest first."""

_FIRST_CT = 1971
"""A date before the first clinical CT is a placeholder of some anonymizer."""


def acquisition_of(headers: Sequence[Dataset]) -> CtAcquisition:
    """Read the acquisition from the first header, the exposure from all."""
    first = _with_groups(headers[0])
    agent = _text(first, "ContrastBolusAgent") or _text(
        [item(part, "ContrastBolusAgentSequence") for part in first], "CodeMeaning"
    )
    exposures = [mas for mas in map(_exposure_mas, headers) if mas is not None]
    return CtAcquisition(
        kvp=_positive(first, "KVP"),
        kernel=_text(first, "ConvolutionKernel"),
        slice_thickness_mm=_positive(first, "SliceThickness"),
        contrast_agent=agent,
        exposure_mas=median(exposures) if exposures else None,
        manufacturer=_text(first, "Manufacturer"),
        model_name=_text(first, "ManufacturerModelName"),
        patient_position=_text(first, "PatientPosition"),
        reconstruction_diameter_mm=_positive(first, "ReconstructionDiameter"),
        date=next(filter(None, (_date(text(headers[0], keyword)) for keyword in _DATES)), None),
    )


def _with_groups(header: Dataset) -> list[Dataset]:
    """The header and, for multi-frame, the functional groups of all frames and of the first."""
    if "SharedFunctionalGroupsSequence" not in header:
        return [header]
    shared = item(header, "SharedFunctionalGroupsSequence")
    first = item(header, "PerFrameFunctionalGroupsSequence")
    return [header, *(item(groups, name) for groups in (shared, first) for name in _GROUPS)]


def _text(parts: Sequence[Dataset], keyword: str) -> str | None:
    return next(filter(None, (text(part, keyword) for part in parts)), None)


def _date(value: str) -> str | None:
    """A DICOM date or date and time (PS3.5 6.2, DA and DT) as YYYY-MM-DD; None if it is neither."""
    try:
        date = datetime.strptime(value[:8], "%Y%m%d").date()
    except ValueError:
        return None
    return date.isoformat() if date.year >= _FIRST_CT else None


def _positive(parts: Sequence[Dataset], keyword: str) -> float | None:
    values = (number(part, keyword) for part in parts)
    return next((value for value in values if value is not None and value > 0), None)


def _exposure_mas(header: Dataset) -> float | None:
    """Exposure in mAs: as such, of the functional group, in µAs, or current times time."""
    parts = _with_groups(header)
    direct = _positive(parts, "Exposure") or _positive(parts, "ExposureInmAs")
    if direct:
        return direct
    micro = _positive(parts, "ExposureInuAs")
    if micro:
        return micro / 1000
    current_ma, time_ms = _positive(parts, "XRayTubeCurrent"), _positive(parts, "ExposureTime")
    return current_ma * time_ms / 1000 if current_ma and time_ms else None
