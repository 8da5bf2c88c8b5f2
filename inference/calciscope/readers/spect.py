"""Reading a SPECT: look at all nuclear medicine, choose, decode, give SUV or say why not."""

from collections.abc import Sequence
from pathlib import Path

from calciscope.errors import InputError, NoSpectError, SeriesGeometryError
from calciscope.readers.archive import ArchiveLimits
from calciscope.readers.asked_series import NOT_ASKED
from calciscope.readers.dicom_files import FoundFiles
from calciscope.readers.emission import Emission, emissions_of
from calciscope.readers.emission_choice import choose_spect
from calciscope.readers.emission_stacks import EmissionStack, emission_stacks
from calciscope.readers.headers import read_headers
from calciscope.readers.sources import DEFAULT_LIMITS, opened
from calciscope.readers.spect_decoding import decoded
from calciscope.readers.spect_nifti import read_spect_nifti
from calciscope.readers.spect_study import SpectStudy

PET = "a PET image, read only with --accept-pet"

CURE = "give the reconstructed SPECT (NM, RECON TOMO)"


def read_spect(
    source: Path,
    series_uid: str | None = None,
    accept_pet: bool = False,
    limits: ArchiveLimits = DEFAULT_LIMITS,
) -> SpectStudy | None:
    """Read the SPECT of a DICOM folder, a .zip, a DICOM file, or a NIfTI file in SUVbw.

    Args:
        source: what the user gave; it may hold a CT and anything else besides.
        series_uid: Series Instance UID of the series to take; None for the rule of
            `emission_choice`.
        accept_pet: whether a PET may stand in where there is no SPECT.
        limits: how far a .zip may expand.

    Returns:
        The SPECT, in SUVbw where its header allows it; None where the source holds DICOM but no
        nuclear medicine or PET at all.

    Raises:
        NoSpectError: there is nuclear medicine or PET, but none that may be analyzed (planar,
            gated, not reconstructed, PET without `accept_pet`), or not the series asked for.
        SeriesGeometryError: slices missing, doubled, too few, not placed; bed positions apart.
        UnreadableFileError: a file is truncated, corrupt or of no known kind.
    """
    source = Path(source)
    with opened(source, limits) as found:
        if found is not None:
            return _read(found, source, series_uid, accept_pet)
    if series_uid is not None:
        raise InputError(f"{source} is NIfTI, which holds no series; ask for none")
    return read_spect_nifti(source)


def _read(
    found: FoundFiles, source: Path, series_uid: str | None, accept_pet: bool
) -> SpectStudy | None:
    everything = emissions_of(read_headers(found.dicom))
    if series_uid is not None:
        wanted = [e for e in everything if e.series.series_instance_uid == series_uid.strip()]
        if not wanted:
            raise NoSpectError(
                f"{source} does not hold the nuclear medicine series {series_uid.strip()}; "
                "ask for one that it holds"
            )
    elif not everything:
        return None
    else:
        wanted = everything
    reasons = {id(each): _unfit(each, accept_pet) for each in wanted}
    unfit = [e.series.summary(reasons[id(e)]) for e in wanted if reasons[id(e)]]
    unfit += [e.series.summary(NOT_ASKED) for e in everything if id(e) not in reasons]
    fit = [each for each in wanted if not reasons[id(each)]]
    if not fit:
        first, *others = wanted
        more = f", and {len(others)} more series are no SPECT either" if others else ""
        what = f"{first.series.name} is {reasons[id(first)]}"
        raise NoSpectError(f"{source}: {what}{more}; {CURE}")
    stacks, failures = _stacks(fit, source)
    choice = choose_spect(stacks)
    left_out = (*choice.left_out, *(e.series.summary(str(error)) for e, error in failures), *unfit)
    return decoded(choice, left_out, source, [str(error) for _, error in failures])


def _unfit(emission: Emission, accept_pet: bool) -> str:
    if emission.unfit_reason:
        return emission.unfit_reason
    return PET if emission.is_pet and not accept_pet else ""


def _stacks(
    emissions: Sequence[Emission], source: Path
) -> tuple[list[EmissionStack], list[tuple[Emission, InputError]]]:
    """The stacks of all series; the fault of a series is the refusal where there is no other."""
    stacks: list[EmissionStack] = []
    failures: list[tuple[Emission, InputError]] = []
    for each in emissions:
        try:
            stacks.extend(emission_stacks(each))
        except SeriesGeometryError as error:
            failures.append((each, SeriesGeometryError(f"{source}: {error}")))
    if not stacks:
        raise failures[0][1]
    return stacks, failures
