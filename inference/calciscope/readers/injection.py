"""What was injected, how much and when, as the header of a SPECT or PET says it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydicom import Dataset

from calciscope.readers.elements import item, number, text
from calciscope.readers.moments import at_time_of_day, date_time
from calciscope.spect.radionuclides import Radionuclide, recognized

_MBQ_BELOW = 1e5
"""A dose below is in MBq, above in Bq: no patient is given 0.1 MBq or 100 GBq."""

_HALF_LIFE_TOLERANCE = 0.02


@dataclass(frozen=True)
class Injection:
    """The radiopharmaceutical; None where the header does not say.

    Attributes:
        radionuclide: as recognized from codes and names.
        radiopharmaceutical: in the words of the header.
        dose_bq: Radionuclide Total Dose, in Bq whichever unit the header has it in.
        half_life_s: of the header, or of the radionuclide where the header has none or a wrong one.
        warnings: sentences about dose and half-life.
    """

    radionuclide: Radionuclide | None
    radiopharmaceutical: str | None
    dose_bq: float | None
    half_life_s: float | None
    warnings: tuple[str, ...] = ()


def injection_of(header: Dataset) -> Injection:
    """The injection that a header describes; a NM header counts the dose in MBq, a PET in Bq.

    PS3.3 C.8.4.10 has Radionuclide Total Dose in MBq, C.8.9.2 in Bq, and writers mix them up. The
    number itself tells: it is told as a warning where the unit is not that of the standard.
    """
    given = item(header, "RadiopharmaceuticalInformationSequence")
    nuclide, drug = item(given, "RadionuclideCodeSequence"), text(given, "Radiopharmaceutical")
    coded = item(given, "RadiopharmaceuticalCodeSequence")
    meanings = [text(nuclide, "CodeMeaning"), drug, text(coded, "CodeMeaning")]
    known = recognized((text(nuclide, "CodeValue"),), meanings)
    dose_bq, dose_warnings = _dose(header, given)
    half_life, half_life_warnings = _half_life(given, known)
    return Injection(
        radionuclide=known,
        radiopharmaceutical=drug or text(coded, "CodeMeaning") or None,
        dose_bq=dose_bq,
        half_life_s=half_life,
        warnings=(*dose_warnings, *half_life_warnings),
    )


def injected_before(header: Dataset, acquired: datetime) -> tuple[datetime, bool] | None:
    """When the injection was, and whether the header dates it; None where it does not say.

    Radiopharmaceutical Start DateTime is taken where it lies within two days before the
    acquisition, as some de-identification moves one and not the other. A mere time of day, all
    that a NM header has, is that of the day of the acquisition, or of the day before where it is
    later than the acquisition.
    """
    given = item(header, "RadiopharmaceuticalInformationSequence")
    dated = date_time(
        given, "RadiopharmaceuticalStartDateTime", text(header, "TimezoneOffsetFromUTC")
    )
    if dated is not None and timedelta(0) <= acquired - dated <= timedelta(days=2):
        return dated, True
    timed = at_time_of_day(acquired, text(given, "RadiopharmaceuticalStartTime"))
    if timed is None:
        return None if dated is None else (dated, True)
    return (timed if timed <= acquired else timed - timedelta(days=1)), False


def _dose(header: Dataset, given: Dataset) -> tuple[float | None, list[str]]:
    stated = number(given, "RadionuclideTotalDose")
    if stated is None or stated <= 0:
        return None, []
    in_mbq, wants_mbq = stated < _MBQ_BELOW, text(header, "Modality") != "PT"
    dose_bq = stated * 1e6 if in_mbq else stated
    if in_mbq == wants_mbq:
        return dose_bq, []
    asked, found = ("MBq", "Bq") if wants_mbq else ("Bq", "MBq")
    return dose_bq, [
        f"the dose {stated:g} was taken as {found}, though the standard has it in {asked}"
    ]


def _half_life(given: Dataset, known: Radionuclide | None) -> tuple[float | None, list[str]]:
    stated = number(given, "RadionuclideHalfLife")
    if stated is None or stated <= 0:
        return (known.half_life_s if known else None), []
    if known and abs(stated / known.half_life_s - 1) > _HALF_LIFE_TOLERANCE:
        return known.half_life_s, [
            f"the half-life {stated:g} s is not that of {known.name}; "
            f"{known.half_life_s:g} s was used"
        ]
    return stated, []
