"""Reading a SPECT: look at all nuclear medicine, choose, decode, give SUV or say why not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset

from calciscope.errors import InputError, NoSpectError, SeriesGeometryError
from calciscope.readers.acquisition import acquisition_of
from calciscope.readers.archive import ArchiveLimits
from calciscope.readers.asked_series import NOT_ASKED
from calciscope.readers.beds import joined
from calciscope.readers.dicom_files import FoundFiles
from calciscope.readers.elements import quiet
from calciscope.readers.emission import Emission, emissions_of, reconstruction_in_words
from calciscope.readers.emission_choice import SpectChoice, choose_spect
from calciscope.readers.emission_stacks import EmissionStack, emission_stacks
from calciscope.readers.headers import read_headers
from calciscope.readers.pixel_data import decode
from calciscope.readers.sound_headers import make_sound
from calciscope.readers.sources import DEFAULT_LIMITS, opened
from calciscope.readers.spect_nifti import read_spect_nifti
from calciscope.readers.spect_study import SUVBW, SpectStudy
from calciscope.readers.spect_warnings import spect_warnings
from calciscope.readers.study import SeriesSummary
from calciscope.readers.suv_header import SuvScale, suv_scale
from calciscope.readers.uptake_values import BQ_ML, uptake
from calciscope.volume import Array, Volume

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
    return _decoded(choice, left_out, source, [str(error) for _, error in failures])


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


def _decoded(
    choice: SpectChoice, left_out: tuple[SeriesSummary, ...], source: Path, warnings: list[str]
) -> SpectStudy:
    chosen = choice.beds[0]
    series = chosen.emission.series
    arrays: list[Array] = []
    headers: list[tuple[Dataset, ...]] = []
    for bed in choice.beds:
        array, of_bed = decode(bed.stack, uptake, np.dtype(np.float32))
        arrays.append(array)
        headers.append(of_bed)
    scales = [_scale(bed, of_bed) for bed, of_bed in zip(choice.beds, headers, strict=True)]
    refused = next((scale.refused for scale in scales if scale.refused), None)
    volumes = []
    for bed, array, scale in zip(choice.beds, arrays, scales, strict=True):
        if refused is None and scale.suv_per_bq_ml is not None:
            array *= np.float32(scale.suv_per_bq_ml)
        volumes.append(Volume(array, bed.stack.affine))
    volume = joined(volumes, f"{source}: {series.name}")
    if not volume.array.max() > 0:
        raise NoSpectError(f"{source}: {series.name} holds no uptake, all is 0; export it again")
    with quiet():
        for bed, of_bed in zip(choice.beds, headers, strict=True):
            make_sound(of_bed, bed.stack)
        first = headers[0][0]
        told = [w for scale in scales for w in scale.warnings]
        told += [w for bed in choice.beds for w in (*bed.warnings, *spect_warnings(bed.emission))]
        return SpectStudy(
            source=source,
            volume=volume,
            units=SUVBW if refused is None else chosen.units,
            suv_refused=refused,
            series=series.summary(),
            left_out=left_out,
            warnings=tuple(dict.fromkeys((*warnings, *choice.warnings, *told))),
            instances=tuple(header for of_bed in headers for header in of_bed),
            modality="PT" if series.modality == "PT" else "NM",
            frame_of_reference_uid=chosen.frame_of_reference_uid or None,
            radiopharmaceutical=chosen.emission.injection.radiopharmaceutical,
            reconstruction=reconstruction_in_words(first),
            date=acquisition_of(headers[0]).date,
            resampled=len(choice.beds) > 1,
        )


def _scale(bed: EmissionStack, headers: Sequence[Dataset]) -> SuvScale:
    name = bed.emission.series.name
    if bed.units == SUVBW:
        return SuvScale(None)
    if bed.units != BQ_ML:
        return SuvScale(
            None, f"no SUV, as {name} is in {bed.units}, not in Bq/mL; ratios are given"
        )
    with quiet():
        return suv_scale(headers, name)
