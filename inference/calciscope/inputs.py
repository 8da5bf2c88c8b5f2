"""What one run reads: a CT, and the SPECT of the same patient where there is one."""

from dataclasses import dataclass, replace
from pathlib import Path

from calciscope.errors import InputError, NoSpectError
from calciscope.readers import CtStudy, read_ct
from calciscope.readers.pairing import pair
from calciscope.readers.spect import read_spect
from calciscope.readers.spect_study import SpectStudy

EMISSION = ("NM", "PT")
"""Modalities that a study may hold beside its CT."""


@dataclass(frozen=True)
class SpectRequest:
    """What the user may decide about the SPECT.

    Attributes:
        source: SPECT NIfTI in SUVbw, or DICOM of it; None takes it from the study itself.
        accept_pet: whether a PET may stand in for a SPECT.
        register: whether uptake is moved onto the bones of the CT.
        series_uid: of the SPECT series to take; None leaves it to the rule.
    """

    source: Path | None = None
    accept_pet: bool = False
    register: bool = False
    series_uid: str | None = None


FROM_STUDY = SpectRequest()


def read_study(
    source: Path, series_uid: str | None = None, request: SpectRequest = FROM_STUDY
) -> tuple[CtStudy, SpectStudy | None]:
    """Read the CT of a study and its SPECT.

    A SPECT that was asked for and cannot be used is a refusal. One that merely lies in the study
    is left out with a warning, as the CT can be analyzed without it.

    Args:
        source: folder or .zip of DICOM files of a CT, or one CT NIfTI file in HU.
        series_uid: of the CT series to take; None leaves it to the rule.
        request: where the SPECT is.

    Raises:
        InputError: one of its kinds, with a sentence that names the file and the cure.
    """
    ct = read_ct(source, series_uid=series_uid)
    if request.source is not None:
        spect = read_spect(request.source, request.series_uid, request.accept_pet)
        if spect is None:
            raise NoSpectError(
                f"{request.source} holds neither nuclear medicine nor PET; give the reconstructed "
                "SPECT (NM, RECON TOMO), or leave --spect out"
            )
        return ct, _paired(ct, spect)
    if not any(each.modality in EMISSION for each in ct.left_out):
        if request.accept_pet:
            raise NoSpectError(f"{source} holds no PET to accept; leave --accept-pet out")
        if request.series_uid is not None:
            raise NoSpectError(f"{source} holds no SPECT at all; leave --spect-series out")
        return ct, None
    try:
        spect = read_spect(source, request.series_uid, request.accept_pet)
        return ct, None if spect is None else _paired(ct, spect)
    except InputError as error:
        if request.accept_pet or request.series_uid is not None:
            raise
        warning = f"only the CT was analyzed: {error}"
        return replace(ct, warnings=(*ct.warnings, warning)), None


def _paired(ct: CtStudy, spect: SpectStudy) -> SpectStudy:
    """The SPECT with what its fusion with the CT is to be warned of."""
    return replace(spect, warnings=(*spect.warnings, *pair(ct, spect)))
