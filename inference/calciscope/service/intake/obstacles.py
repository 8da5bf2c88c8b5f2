"""What speaks against a study being whole, in plain words."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from calciscope.readers.gaps import missing_heights
from calciscope.service.journal.records import Job, SeriesRecord, StoredInstance

SAME_PLACE_MM = 0.01


def counted(job: Job) -> bool:
    """Whether as many instances have come as the study is said to have."""
    return job.expected is not None and job.instances >= job.expected


def missing_instances(job: Job, series: Sequence[SeriesRecord]) -> list[str]:
    """Sentences on instances that headers or a manifest promise and that have not come."""
    found = []
    if job.expected is not None and job.instances < job.expected:
        found.append(f"{job.instances} of the {job.expected} instances of the study have come")
    found += [
        f"{each.instances} of the {each.expected} instances of {_name(each)} have come"
        for each in series
        if each.expected is not None and each.instances < each.expected
    ]
    return found


def missing_slices(
    series: Sequence[SeriesRecord], instances: Iterable[StoredInstance]
) -> list[str]:
    """Sentences on gaps between the slices of each stack of some series."""
    offsets: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in instances:
        if each.place is not None:
            offsets[each.series_uid, each.place.stack].append(each.place.offset_mm)
    found = []
    for record in series:
        lost = sum(
            lost_slices(several)
            for (uid, _), several in offsets.items()
            if uid == record.series_uid
        )
        if lost:
            slices = "slice is" if lost == 1 else "slices are"
            found.append(f"{lost} {slices} missing in {_name(record)}")
    return found


def lost_slices(offsets_mm: Sequence[float]) -> int:
    """How many slices are missing from a stack, by the judgement of the reader of CT series.

    Args:
        offsets_mm: of its slices along their normal, in any order; a place may be taken twice.
    """
    heights = np.sort(np.asarray(offsets_mm, dtype=float))
    heights = heights[np.diff(heights, prepend=-np.inf) > SAME_PLACE_MM]
    if heights.size < 3:
        return 0
    return len(missing_heights(heights, [None] * heights.size))


def _name(series: SeriesRecord) -> str:
    number = series.attributes.get("SeriesNumber", "")
    return f"series {number}" if number.lstrip("-").isdigit() else "a series without number"
