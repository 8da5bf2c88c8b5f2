"""From the chosen stacks of a SPECT to one volume in SUV, or in what the header allows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset

from calciscope.errors import NoSpectError
from calciscope.readers.acquisition import acquisition_of
from calciscope.readers.beds import joined
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.elements import quiet
from calciscope.readers.emission import reconstruction_in_words
from calciscope.readers.emission_choice import SpectChoice
from calciscope.readers.emission_stacks import EmissionStack
from calciscope.readers.pixel_data import decode
from calciscope.readers.sound_headers import make_sound
from calciscope.readers.spect_study import SUVBW, SpectStudy
from calciscope.readers.spect_warnings import spect_warnings
from calciscope.readers.study import SeriesSummary
from calciscope.readers.suv_header import SuvScale, suv_scale
from calciscope.readers.uptake_values import BQ_ML, uptake
from calciscope.volume import Array, Volume


def decoded(
    choice: SpectChoice, left_out: tuple[SeriesSummary, ...], source: Path, warnings: list[str]
) -> SpectStudy:
    """Decode what was chosen, each bed position scaled by its own times, and join it.

    Args:
        choice: the bed positions.
        left_out: all other series, each with the reason.
        source: what the user gave.
        warnings: what is known to be told already.

    Raises:
        NoSpectError: all values are 0.
        UnreadableFileError: a file is truncated, corrupt or compressed in an unknown way.
    """
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
            frames=tuple(frames for bed in choice.beds for frames in _frames(bed)),
            resampled=len(choice.beds) > 1,
        )


def _frames(bed: EmissionStack) -> list[frozenset[int]]:
    """The frames of each file that a bed position consists of, in the order of `decode`."""
    found: dict[FoundFile, set[int]] = {}
    for each in bed.stack.slices:
        found.setdefault(each.file, set()).add((each.frame or 0) + 1)
    return [frozenset(frames) for frames in found.values()]


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
