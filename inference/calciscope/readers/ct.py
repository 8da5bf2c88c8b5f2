"""Reading a CT from DICOM files: look at all, choose one series, decode it or refuse."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calciscope.errors import (
    InputError,
    NoCtError,
    NotHounsfieldError,
    SeriesGeometryError,
    UnreadableFileError,
)
from calciscope.readers.acquisition import acquisition_of
from calciscope.readers.asked_series import asked_for
from calciscope.readers.choice import Choice, choose
from calciscope.readers.dicom_files import FoundFiles
from calciscope.readers.elements import quiet
from calciscope.readers.headers import read_headers
from calciscope.readers.hounsfield import refuse_unless_plausible
from calciscope.readers.pixel_data import decode
from calciscope.readers.regridding import rectangular
from calciscope.readers.series import Series, group_series
from calciscope.readers.sound_headers import make_sound
from calciscope.readers.stacks import Candidate, candidates_of
from calciscope.readers.study import CtStudy, SeriesSummary
from calciscope.volume import Volume

_Failure = tuple[Series, InputError]


def read_dicom(found: FoundFiles, source: Path, series_uid: str | None = None) -> CtStudy:
    """Read the one CT series of some DICOM files that the rule of `choice` prefers.

    A series with faulty geometry is left out where another is at least half as long, else its
    fault is the refusal.

    Args:
        found: the files.
        source: what the user gave, for messages.
        series_uid: of the series to take; None leaves it to the rule.

    Raises:
        NoCtError: there is no CT series, or not the one asked for.
        SeriesGeometryError: slices missing, doubled, too few or of mixed orientation.
        NotHounsfieldError: the numbers are not HU.
        UnreadableFileError: a file is truncated, corrupt or no DICOM though named so.
    """
    everything = group_series(read_headers(found.dicom))
    series, others = asked_for(series_uid, everything, source)
    unfit = [each.summary(each.unfit_reason) for each in series if each.unfit_reason]
    candidates: list[Candidate] = []
    failures: list[_Failure] = []
    for each in series:
        if each.unfit_reason:
            continue
        try:
            candidates.extend(candidates_of(each))
        except (SeriesGeometryError, NotHounsfieldError) as error:
            failures.append((each, type(error)(f"{source}: {error}")))
    if not candidates and not failures:
        raise _no_ct(found, source, unfit)
    _refuse_gravest(failures, candidates)
    choice = choose(candidates)
    failed = [_failed(each, error) for each, error in failures]
    left_out = (*choice.left_out, *failed, *unfit, *others)
    return _read(choice, left_out, source, _warnings(choice, failures, found, everything))


def _read(
    choice: Choice, left_out: tuple[SeriesSummary, ...], source: Path, warnings: list[str]
) -> CtStudy:
    series, stack = choice.chosen.series, choice.chosen.stack
    array, headers = decode(stack)
    warnings.extend(refuse_unless_plausible(array, f"{source}: {series.name}"))
    resampled = not (stack.is_straight and stack.is_even)
    if resampled:
        volume = rectangular(array, stack, f"{source}: {series.name}")
    else:
        volume = Volume(array, stack.affine)
    if any(header.get("LossyImageCompression") == "01" for header in headers):
        warnings.append(f"{series.name} was compressed with loss; HU are approximate")
    acquisition = acquisition_of(headers)
    with quiet():
        if not make_sound(headers, stack):
            warnings.append(f"{series.name} names several frames of reference; the first was used")
    return CtStudy(
        source=source,
        volume=volume,
        acquisition=acquisition,
        series=series.summary(),
        left_out=left_out,
        warnings=tuple(warnings),
        instances=headers,
        resampled=resampled,
    )


def _warnings(
    choice: Choice, failures: Sequence[_Failure], found: FoundFiles, series: Sequence[Series]
) -> list[str]:
    chosen, stack = choice.chosen.series, choice.chosen.stack
    warnings = list(chosen.notes)
    studies = {each.study_instance_uid for each in series}
    if len(studies) > 1:
        warnings.append(f"{len(studies)} studies were given; {chosen.name} was taken of them all")
    if any(each.is_reformatted for each in stack.slices):
        warnings.append(f"{chosen.name} is reformatted from other images (MPR)")
    if not stack.is_straight:
        warnings.append(
            f"{chosen.name} is tilted by {stack.tilt_degrees:.1f} degrees or shifted from slice "
            "to slice; it was resampled to a rectangular grid"
        )
    if not stack.is_even:
        gaps = np.diff(stack.heights)
        warnings.append(
            f"{chosen.name} has unequal slice spacing ({gaps.min():.2f} to {gaps.max():.2f} mm); "
            "it was resampled to equal spacing"
        )
    warnings.extend(
        f"{each.name} was not used: {error}"
        for each, error in failures
        if _extent_mm(each) > 0.5 * stack.extent_mm
    )
    warnings.extend(f"{name} is named as DICOM and is not" for name in found.misnamed)
    return warnings


def _refuse_gravest(failures: Sequence[_Failure], candidates: Sequence[Candidate]) -> None:
    """Raise the fault of a series for which no candidate can stand in."""
    longest = max((c.stack.extent_mm for c in candidates), default=-1.0)
    for series, error in sorted(failures, key=lambda failure: -_extent_mm(failure[0])):
        if not candidates or 0.5 * _extent_mm(series) > longest:
            raise error


def _extent_mm(series: Series) -> float:
    """Distance between the farthest positions, as far as they are known."""
    positions = [each.position for each in series.slices if each.position is not None]
    return float(np.ptp(np.array(positions), axis=0).max()) if positions else 0.0


def _failed(series: Series, error: InputError) -> SeriesSummary:
    return series.summary(str(error))


def _no_ct(found: FoundFiles, source: Path, unfit: Sequence[SeriesSummary]) -> InputError:
    if found.misnamed:
        more = f" (and {len(found.misnamed) - 1} more)" if len(found.misnamed) > 1 else ""
        return UnreadableFileError(
            f"{found.misnamed[0]}{more} is named as DICOM but is not a DICOM file; "
            "export the CT series again"
        )
    if found.nifti:
        return NoCtError(
            f"{source} holds no DICOM files but NIfTI ({found.nifti[0]}); give that file itself"
        )
    if not unfit:
        return NoCtError(f"{source} holds no DICOM images; give the folder of a CT series")
    kinds = sorted({summary.reason.removesuffix(", not CT") for summary in unfit})
    return NoCtError(
        f"{source} holds no CT series but only {', '.join(kinds)}; give the folder of the CT series"
    )
