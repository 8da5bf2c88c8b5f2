"""De-identification of a study before anything is written of it.

The Basic Application Level Confidentiality Profile (PS3.15 E, Table E.1-1), as dicom-anonymizer
carries it out. It goes over the headers that all results are made of, so that every result is
clean: identifiers and dates are emptied, UIDs replaced, private attributes removed. Pixels are not
looked at: results hold no pixels of the source but the pictures of the report.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from dicomanonymizer import simpledicomanonymizer as profile
from pydicom import Dataset, config
from pydicom.sr.codedict import codes
from pydicom.uid import UID, generate_uid

from calciscope.readers.study import CtStudy, SeriesSummary

EDITION = "dicomfields_2026c"
"""Edition of Table E.1-1."""

METHOD = "PS3.15 Basic Application Level Confidentiality Profile"
REMOVED = "[removed]"
SHORTEST = 3
"""Identifying values shorter than this are not searched for in sentences."""

Replace = Callable[[str], UID]


def deidentified(study: CtStudy) -> CtStudy:
    """A study of which nothing says whose it is.

    UIDs are replaced at random, alike within the study: another run replaces them by others, so
    that nobody who knows the originals can find the results.

    Args:
        study: as it was read; it is left as it is.
    """
    uids: dict[str, UID] = {}

    def new_uid(uid: str) -> UID:
        return uids.setdefault(uid, generate_uid(prefix=None))

    instances = tuple(_clean(instance, new_uid) for instance in study.instances)
    # The library keeps what it replaces, for ever.
    profile.dictionary.clear()
    told = _identifying(study)

    def summary(series: SeriesSummary) -> SeriesSummary:
        return replace(
            series,
            series_instance_uid=new_uid(series.series_instance_uid),
            study_instance_uid=new_uid(series.study_instance_uid),
            description="",
            reason=_scrubbed(series.reason, told),
        )

    agent = study.acquisition.contrast_agent
    return replace(
        study,
        source=Path("study"),
        acquisition=replace(
            study.acquisition, date=None, contrast_agent="agent not named" if agent else agent
        ),
        series=None if study.series is None else summary(study.series),
        left_out=tuple(summary(series) for series in study.left_out),
        warnings=tuple(_scrubbed(warning, told) for warning in study.warnings),
        instances=instances,
    )


def _clean(instance: Dataset, new_uid: Replace) -> Dataset:
    """A copy of a header without what identifies."""
    result = deepcopy(instance)
    with config.disable_value_validation():
        _apply(result, new_uid)
        for keyword in ("StudyDate", "StudyTime", "PatientBirthDate"):
            # The library writes the year 1, which would be taken for a date.
            if keyword in result:
                setattr(result, keyword, "")
        result.PatientIdentityRemoved = "YES"
        result.DeidentificationMethod = METHOD
        code = codes.DCM.BasicApplicationConfidentialityProfile
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme_designator
        item.CodeMeaning = code.meaning
        result.DeidentificationMethodCodeSequence = [item]
    return result


def _apply(dataset: Dataset, new_uid: Replace) -> None:
    """Apply the profile to a data set and, which the library leaves out, to what is nested."""
    rules = {
        tag: _uid_rule(new_uid) if action is profile.replace_UID else action
        for tag, action in profile.initialize_actions(EDITION).items()
    }
    profile.anonymize_dataset(dataset, rules, base_rules_gen=dict)
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                _apply(item, new_uid)


def _uid_rule(new_uid: Replace) -> Callable[[Dataset, tuple[int, int]], None]:
    """Replace UIDs by ours: the library keeps every UID that it ever saw."""

    def rule(dataset: Dataset, tag: tuple[int, int]) -> None:
        element = dataset.get(tag)
        if element is not None and element.value:
            several = isinstance(element.value, Sequence) and not isinstance(element.value, str)
            element.value = (
                [new_uid(uid) for uid in element.value] if several else new_uid(element.value)
            )

    return rule


def _identifying(study: CtStudy) -> tuple[str, ...]:
    """Values that sentences may have taken from the headers or from the path, longest first."""
    values = {str(study.source), study.source.name}
    for series in (*study.left_out, *([study.series] if study.series else ())):
        values |= {series.series_instance_uid, series.study_instance_uid, series.description}
    tags = [tag for tag in profile.initialize_actions(EDITION) if len(tag) == 2]
    for instance in study.instances[:1]:
        found = (instance.get(tag) for tag in tags)
        values |= {str(element.value) for element in found if element and element.VR != "SQ"}
    kept = (value.strip() for value in values)
    return tuple(sorted({v for v in kept if len(v) >= SHORTEST}, key=len, reverse=True))


def _scrubbed(text: str, told: Sequence[str]) -> str:
    for value in told:
        text = text.replace(value, REMOVED)
    return text
