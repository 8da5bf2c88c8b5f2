"""From Bq/mL to SUV: what the header must say, and the refusal that names what it does not.

SUVbw = Bq/mL * weight / dose, the dose as it has decayed from the injection to the time that the
values refer to: the start of the acquisition, or the injection itself where the scanner has already
corrected for decay that far (Decay Correction ADMIN, PS3.3 C.8.9.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydicom import Dataset

from calciscope.readers.elements import number, text
from calciscope.readers.injection import Injection, injected_before, injection_of
from calciscope.readers.moments import date_time, moment
from calciscope.spect.suv import bq_per_ml_of_one_suv

TO_INJECTION = ("ADMIN", "ADMN")
"""Decay Correction of values that refer to the time of the injection."""

WEIGHT_KG = (1.0, 400.0)
"""Weights beyond are a mistake, such as grams."""

USUAL_DOSE_MBQ = (37.0, 2000.0)
"""Doses beyond are told, as 20 may be mCi."""

POSSIBLE_DOSE_MBQ = (5.0, 20_000.0)
"""Doses beyond cannot be."""

LONGEST = timedelta(hours=36)
"""From injection to acquisition of any bone scan, the late image of the next day included."""

SURE_OF_DATE = timedelta(hours=12)
"""Where the injection has no date: what seems longer is rather a wrong clock or date."""


@dataclass(frozen=True)
class SuvScale:
    """How to turn Bq/mL into SUVbw.

    Attributes:
        suv_per_bq_ml: None where it cannot be done.
        refused: why, in a sentence; None where it can.
        warnings: sentences about what was assumed.
    """

    suv_per_bq_ml: float | None
    refused: str | None = None
    warnings: tuple[str, ...] = ()


def suv_scale(headers: Sequence[Dataset], name: str) -> SuvScale:
    """The scale of one stack, from all its headers.

    Args:
        headers: of its files; patient and injection are taken from the first.
        name: of the series, for the sentences.
    """
    first = headers[0]
    injection = injection_of(first)
    weight_kg = number(first, "PatientWeight") or 0.0
    acquired = reference_time(headers)
    injected = injected_before(first, acquired) if acquired else None
    corrected = text(first, "DecayCorrection").upper() in TO_INJECTION
    faults = [
        *_missing(injection, weight_kg, acquired, injected, corrected),
        *_impossible(injection, weight_kg),
    ]
    elapsed = timedelta(0)
    if not corrected and acquired and injected:
        elapsed = acquired - injected[0]
        longest = LONGEST if injected[1] else SURE_OF_DATE
        if not timedelta(0) <= elapsed <= longest:
            hours = elapsed.total_seconds() / 3600
            faults.append(f"puts {hours:.1f} h between injection and acquisition")
    warnings = [f"{name}: {warning}" for warning in injection.warnings]
    if faults:
        reason = f"no SUV, as {name} {' and '.join(faults)}; ratios are given"
        return SuvScale(None, reason, tuple(warnings))
    dose_bq = injection.dose_bq or 0.0
    if not USUAL_DOSE_MBQ[0] <= dose_bq / 1e6 <= USUAL_DOSE_MBQ[1]:
        warnings.append(f"{name}: a dose of {dose_bq / 1e6:g} MBq is unusual; check its unit")
    if text(first, "DecayCorrection").upper() == "NONE":
        warnings.append(f"{name} is not corrected for decay during the scan; SUV are a little low")
    one = bq_per_ml_of_one_suv(
        dose_bq, weight_kg, elapsed.total_seconds(), injection.half_life_s or 1.0
    )
    return SuvScale(1.0 / one, warnings=tuple(warnings))


def _missing(
    injection: Injection,
    weight_kg: float,
    acquired: datetime | None,
    injected: tuple[datetime, bool] | None,
    corrected: bool,
) -> list[str]:
    """What the header must say and does not."""
    there = {
        "the Patient's Weight": weight_kg > 0,
        "the dose (Radionuclide Total Dose)": injection.dose_bq is not None,
        "the radionuclide or its half-life": corrected or injection.half_life_s is not None,
        "the time of the acquisition": corrected or acquired is not None,
        "the time of the injection (Radiopharmaceutical Start Time)": (
            corrected or acquired is None or injected is not None
        ),
    }
    missing = [what for what, is_there in there.items() if not is_there]
    if not missing:
        return []
    *some, last = missing
    return [f"does not say {', '.join(some)} and {last}" if some else f"does not say {last}"]


def _impossible(injection: Injection, weight_kg: float) -> list[str]:
    """What the header says that cannot be."""
    dose_mbq = injection.dose_bq and injection.dose_bq / 1e6
    found = []
    if weight_kg > 0 and not WEIGHT_KG[0] <= weight_kg <= WEIGHT_KG[1]:
        found.append(f"gives a weight of {weight_kg:g} kg")
    if dose_mbq and not POSSIBLE_DOSE_MBQ[0] <= dose_mbq <= POSSIBLE_DOSE_MBQ[1]:
        found.append(f"gives a dose of {dose_mbq:g} MBq")
    return found


def reference_time(headers: Sequence[Dataset]) -> datetime | None:
    """What moment activity refers to where it is corrected to the start.

    The start of the acquisition; for PET of several bed positions that of the series, unless it is
    that of a later reconstruction (PS3.3 C.8.9.1.1.1; QIBA FDG-PET/CT Profile, appendix G). The
    series of a SPECT is mostly that of its reconstruction, which may be hours later.
    """
    moments = [m for m in map(_acquired, headers) if m is not None]
    if text(headers[0], "Modality") == "PT":
        series = moment(headers[0], "Series")
        moments += [series] if series is not None else []
    return min(moments, default=None)


def _acquired(header: Dataset) -> datetime | None:
    return moment(header, "Acquisition") or date_time(header, "AcquisitionDateTime")
