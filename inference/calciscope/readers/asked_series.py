"""The series that a user asks for by its UID, instead of the one that the rule would choose."""

from collections.abc import Sequence
from pathlib import Path

from calciscope.errors import NoCtError
from calciscope.readers.series import Series
from calciscope.readers.study import SeriesSummary

NOT_ASKED = "another series was asked for"

_MOST_LISTED = 20


def asked_for(
    series_uid: str | None, series: Sequence[Series], source: Path
) -> tuple[list[Series], list[SeriesSummary]]:
    """Part the series into those to choose among and those to leave out.

    Args:
        series_uid: Series Instance UID; None for all series.
        series: what was found; parts of one series share its UID.
        source: what the user gave, for messages.

    Raises:
        NoCtError: no series has this UID, or it can be no CT volume.
    """
    if series_uid is None:
        return list(series), []
    uid = series_uid.strip()
    wanted = [each for each in series if each.series_instance_uid == uid]
    if not wanted:
        listed = [_in_words(each) for each in series]
        more = f" and {len(listed) - _MOST_LISTED} more" if len(listed) > _MOST_LISTED else ""
        there = ", ".join(listed[:_MOST_LISTED]) + more if listed else "no series"
        raise NoCtError(f"{source} does not hold the series {uid}; it holds {there}")
    if all(each.unfit_reason for each in wanted):
        raise NoCtError(
            f"{source}: {_in_words(wanted[0])} is {wanted[0].unfit_reason}; ask for a CT series"
        )
    others = [each for each in series if each.series_instance_uid != uid]
    return wanted, [each.summary(NOT_ASKED) for each in others]


def _in_words(series: Series) -> str:
    files = "1 file" if series.instances == 1 else f"{series.instances} files"
    return f"{series.series_instance_uid} ({series.name}, {series.modality}, {files})"
