"""What stored values of a SPECT or PET mean: Bq/mL, SUVbw or counts.

Real World Value Mapping (PS3.3 C.7.6.16.2.11) says it with a unit of UCUM and is preferred; else
Rescale Slope and Units (PS3.3 C.8.9.1), which older cameras write into NM, too.
"""

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from calciscope.readers.elements import item, items, number, text
from calciscope.readers.slices import Slice
from calciscope.readers.spect_study import SUVBW
from calciscope.volume import Array

BQ_ML = "Bq/mL"
COUNTS = "counts"

_OF_CODE = {
    "bq/ml": (BQ_ML, 1.0),
    "kbq/ml": (BQ_ML, 1e3),
    "mbq/ml": (BQ_ML, 1e6),
    "g/ml{suvbw}": (SUVBW, 1.0),
    "{suvbw}g/ml": (SUVBW, 1.0),
    "{counts}": (COUNTS, 1.0),
    "{propcounts}": (COUNTS, 1.0),
}
"""UCUM codes (PS3.16 CID 83, 84), and how often our unit each is."""

_TOLERANCE = 0.01


@dataclass(frozen=True)
class ValueScale:
    """How to turn stored values into numbers of a unit: slope * stored + intercept.

    Attributes:
        units: BQ_ML, SUVBW or COUNTS.
        warnings: what contradicts itself.
    """

    slope: float
    intercept: float
    units: str
    warnings: tuple[str, ...] = ()


def value_scale(header: Dataset, name: str) -> ValueScale:
    """The scale of a header.

    Args:
        header: of a file.
        name: of the series, for warnings.
    """
    rescaled = _rescaled(header)
    for mapping in items(header, "RealWorldValueMappingSequence"):
        mapped = _mapped(mapping)
        if mapped is None or (mapped.units == COUNTS and rescaled.units != COUNTS):
            continue
        differs = (
            rescaled.units == mapped.units
            and number(header, "RescaleSlope") is not None
            and abs(rescaled.slope / mapped.slope - 1) > _TOLERANCE
        )
        if not differs:
            return mapped
        return ValueScale(
            mapped.slope,
            mapped.intercept,
            mapped.units,
            (
                f"{name} has a Rescale Slope of {rescaled.slope:g} and a Real World Value Slope of "
                f"{mapped.slope:g}; the latter was used",
            ),
        )
    return rescaled


def uptake(
    stored: Array, each: Slice, padding: tuple[int, int] | None, dtype: np.dtype[np.generic]
) -> Array:
    """Stored values as numbers, padding as 0; shape as `stored`."""
    values = stored.astype(dtype) * dtype.type(each.slope or 1.0) + dtype.type(each.intercept or 0)
    if padding is not None:
        values[(stored >= padding[0]) & (stored <= padding[1])] = 0
    return np.asarray(values)


def _rescaled(header: Dataset) -> ValueScale:
    stated = text(header, "Units").upper() or text(header, "RescaleType").upper()
    kind = text(header, "SUVType").upper()
    units = COUNTS
    if stated in ("BQML", "BQ/ML"):
        units = BQ_ML
    elif stated in ("GML", "SUV", "SUVBW") and kind in ("", "BW"):
        # SUV Type is BW where it is absent (PS3.3 C.8.9.1).
        units = SUVBW
    slope, intercept = number(header, "RescaleSlope"), number(header, "RescaleIntercept")
    return ValueScale(slope or 1.0, intercept or 0.0, units)


def _mapped(mapping: Dataset) -> ValueScale | None:
    slope = number(mapping, "RealWorldValueSlope")
    code = text(item(mapping, "MeasurementUnitsCodeSequence"), "CodeValue").lower()
    if not slope or code not in _OF_CODE:
        return None
    units, times = _OF_CODE[code]
    intercept = number(mapping, "RealWorldValueIntercept") or 0.0
    return ValueScale(slope * times, intercept * times, units)
