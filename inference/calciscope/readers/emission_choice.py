"""Which stack becomes the SPECT: a rule, in plain order, that can say why.

1. Single photons before positrons.
2. The photopeak, not a scatter window.
3. Corrected for attenuation.
4. SUV or Bq/mL before counts.
5. More slices.
6. The lower series number, then UID.

Further bed positions of the chosen one, which continue it along its normal, are joined to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calciscope.errors import SeriesGeometryError
from calciscope.readers.emission_stacks import EmissionStack
from calciscope.readers.geometry import Floats
from calciscope.readers.series import series_order
from calciscope.readers.study import SeriesSummary
from calciscope.readers.uptake_values import COUNTS

LARGEST_GAP = 1.5
"""Between the centers of the last slice of a bed and the first of the next, in slice distances."""

_CORRECTION = {True: "corrected", None: "of unknown correction", False: "not corrected"}


@dataclass(frozen=True, eq=False)
class SpectChoice:
    """The stacks that make the SPECT, the chosen one first, and the others with their reasons."""

    beds: tuple[EmissionStack, ...]
    left_out: tuple[SeriesSummary, ...]
    warnings: tuple[str, ...]


def choose_spect(stacks: Sequence[EmissionStack]) -> SpectChoice:
    """Choose among at least one stack; the order they come in does not matter.

    Raises:
        SeriesGeometryError: bed positions of one series leave a gap between them.
    """
    chosen, *others = sorted(stacks, key=_key)
    beds = [chosen]
    left_out: list[SeriesSummary] = []
    warnings: list[str] = []
    # The beds of the chosen series first, then those that come nearest to it.
    waiting = sorted(others, key=lambda each: each.emission is not chosen.emission)
    while waiting:
        nearest = min(waiting, key=lambda each: max(_distance(beds, each), 0.0))
        waiting.remove(nearest)
        reason = _unlike(chosen, nearest) or _covered(beds, nearest)
        gap = _distance(beds, nearest)
        name = nearest.emission.series.name
        if not reason and gap > LARGEST_GAP * chosen.stack.spacing_mm:
            empty = f"{gap - chosen.stack.spacing_mm:.0f} mm between bed positions"
            if nearest.emission is chosen.emission:
                raise SeriesGeometryError(
                    f"{name} leaves a gap of {empty}; put the bed position of interest into a "
                    "folder of its own and give that"
                )
            reason = f"leaves a gap of {empty}"
            warnings.append(f"{name} was not joined to {chosen.emission.series.name}: it {reason}")
        if not reason:
            beds.append(nearest)
        elif nearest.emission is not chosen.emission or nearest.is_scatter:
            left_out.append(nearest.emission.series.summary(reason))
        else:
            left_out.append(nearest.emission.series.summary(f"another volume of it: {reason}"))
    if len(beds) > 1:
        warnings.append(
            f"{len(beds)} bed positions were joined; where they overlap they were blended"
        )
    return SpectChoice(tuple(beds), tuple(left_out), tuple(warnings))


def _key(each: EmissionStack) -> tuple[object, ...]:
    correction = each.emission.is_attenuation_corrected
    first = min(s.instance_number or 0 for s in each.stack.slices)
    return (
        each.emission.is_pet,
        each.is_scatter,
        {True: 0, None: 1, False: 2}[correction],
        each.units == COUNTS,
        -len(each.stack.slices),
        series_order(each.emission.series),
        float(each.stack.heights[0]),
        first,
    )


def _unlike(chosen: EmissionStack, other: EmissionStack) -> str:
    """Why a stack cannot be another bed position of the chosen one; empty where it may be."""
    a, b = chosen.emission, other.emission
    if b.is_pet and not a.is_pet:
        return "PET where there is SPECT"
    if other.is_scatter:
        return "a scatter window, not the photopeak"
    if a.is_attenuation_corrected is not b.is_attenuation_corrected:
        return (
            f"{_CORRECTION[b.is_attenuation_corrected]} for attenuation where the chosen is "
            + (_CORRECTION[a.is_attenuation_corrected])
        )
    if chosen.units != other.units:
        return f"in {other.units} where the chosen is in {chosen.units}"
    if a.series.study_instance_uid != b.series.study_instance_uid:
        return "of another study"
    if chosen.frame_of_reference_uid != other.frame_of_reference_uid:
        return "of another frame of reference"
    return ""


def _covered(beds: Sequence[EmissionStack], other: EmissionStack) -> str:
    """Why a stack adds nothing to the beds; empty where it continues them on the same grid."""
    first = beds[0].stack
    steps = np.array([first.column_step, first.row_step, first.normal * first.spacing_mm])
    theirs = other.stack
    others = np.array([theirs.column_step, theirs.row_step, theirs.normal * theirs.spacing_mm])
    if np.abs(others - steps).max() > 1e-2:
        return "on another grid than the chosen"
    low, high = _range(first.normal, other)
    for bed in beds:
        bed_low, bed_high = _range(first.normal, bed)
        if min(high, bed_high) - max(low, bed_low) > 0.5 * min(high - low, bed_high - bed_low):
            fewer = len(theirs.slices) < len(first.slices)
            return (
                f"{len(theirs.slices)} slices where the chosen has {len(first.slices)}"
                if fewer
                else "no better than the chosen one, and numbered after it"
            )
    return ""


def _distance(beds: Sequence[EmissionStack], other: EmissionStack) -> float:
    """How far a stack begins beyond the nearest bed in mm, negative where they overlap."""
    normal = beds[0].stack.normal
    low, high = _range(normal, other)
    ranges = [_range(normal, bed) for bed in beds]
    return min(max(low - bed_high, bed_low - high) for bed_low, bed_high in ranges)


def _range(normal: Floats, each: EmissionStack) -> tuple[float, float]:
    heights = each.stack.positions @ normal
    return float(heights.min()), float(heights.max())
