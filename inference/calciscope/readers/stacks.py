"""From a series to its stacks: usually one; several where acquisitions share a series."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import pairwise

from calciscope.errors import SeriesGeometryError
from calciscope.readers.arrangement import MixedStackError, arrange
from calciscope.readers.geometry import Stack
from calciscope.readers.hounsfield import refuse_unless_rescaled
from calciscope.readers.series import Series
from calciscope.readers.slices import Slice

_SPLITS: tuple[tuple[str, Callable[[Slice], Hashable]], ...] = (
    ("stack ID", lambda each: each.stack),
    ("image type", lambda each: each.image_type),
    ("acquisition number", lambda each: each.acquisition_number),
    ("temporal position", lambda each: each.temporal_position),
    ("convolution kernel", lambda each: each.kernel),
)
"""What may tell stacks of one series apart, tried in this order."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A complete stack that may become the volume."""

    series: Series
    stack: Stack


def candidates_of(series: Series) -> list[Candidate]:
    """The stacks of a CT series.

    Raises:
        SeriesGeometryError: slices missing, doubled, too few or mixed without telling how.
        NotHounsfieldError: the headers give no HU.
    """
    refuse_unless_rescaled(series.slices, series.name)
    return stacks_of(series)


def stacks_of(series: Series) -> list[Candidate]:
    """The stacks of a series, of whatever values.

    Slices that are no single stack (a position occupied twice, several orientations, uneven
    because two stacks interleave) are told apart by their headers where every part is then sound.

    Raises:
        SeriesGeometryError: slices missing, doubled, too few or mixed without telling how.
    """
    try:
        whole = arrange(series.slices, series.name)
    except MixedStackError:
        parts = _split(series)
        if not parts:
            raise
        return parts
    if not whole.is_even:
        parts = _split(series)
        if parts and _interleave(parts):
            return parts
    return [Candidate(series, whole)]


def _split(series: Series) -> list[Candidate]:
    for what, key in _SPLITS:
        groups: dict[Hashable, list[Slice]] = {}
        for each in series.slices:
            groups.setdefault(key(each), []).append(each)
        large = [group for group in groups.values() if len(group) > 1]
        if len(groups) < 2 or not large:
            continue
        note = f"{series.name} holds {len(groups)} stacks, told apart by {what}; one was used"
        try:
            return [
                Candidate(part, arrange(part.slices, part.name))
                for part in (series.part(group, (note,)) for group in large)
            ]
        except SeriesGeometryError:
            continue
    return []


def _interleave(parts: list[Candidate]) -> bool:
    """Whether stacks overlap along their normal, so that none continues another."""
    ranges = sorted((p.stack.heights[0], p.stack.heights[-1]) for p in parts)
    return any(later[0] < earlier[1] for earlier, later in pairwise(ranges))
