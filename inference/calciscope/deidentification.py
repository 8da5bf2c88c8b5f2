"""De-identification of a study before anything is written of it.

The Basic Application Level Confidentiality Profile (PS3.15 E, Table E.1-1), as dicom-anonymizer
carries it out. It goes over the headers that all results are made of, so that every result is
clean: the patient gets a pseudonym, dates and identifiers are emptied or replaced, UIDs replaced,
private attributes removed. Of nested attributes only the geometry of frames is kept, which is all
that results need. What the CT shows is left: a face in the field of view can be seen in pictures
and in the viewer of the report.
"""

import re
import secrets
import zipfile
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path, PurePosixPath

from dicomanonymizer import simpledicomanonymizer as profile
from pydicom import Dataset, config
from pydicom.sr.codedict import codes
from pydicom.tag import Tag
from pydicom.uid import UID, generate_uid

from calciscope.readers.spect_study import SpectStudy
from calciscope.readers.study import CtStudy, SeriesSummary

EDITION = "dicomfields_2026c"
"""Edition of Table E.1-1."""

METHOD = "PS3.15 Basic Application Level Confidentiality Profile"
REMOVED = "A message that names files or values of headers was removed."
SHORTEST = 3
"""Values shorter than this are not looked for in messages."""

FRAMES = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
GEOMETRY = ("PixelMeasuresSequence", "PlanePositionSequence", "PlaneOrientationSequence")
"""Nested attributes that results need of a multi-frame source (PS3.3 C.7.6.16)."""
DETECTORS = "DetectorInformationSequence"
PLACE = ("ImagePositionPatient", "ImageOrientationPatient")
"""Nested attributes that results need of an NM Image (PS3.3 C.8.4.11)."""

Rule = Callable[[Dataset, tuple[int, ...]], None]


def deidentified(study: CtStudy) -> CtStudy:
    """A study of which nothing says whose it is.

    UIDs and the Patient ID are replaced at random, alike within the study: another run replaces
    them by others, so that nobody who knows the originals can find the results.

    Args:
        study: as it was read; it is left as it is.
    """
    return deidentified_together(study, None)[0]


def deidentified_together(
    study: CtStudy, spect: SpectStudy | None
) -> tuple[CtStudy, SpectStudy | None]:
    """A CT and the SPECT of the same patient, see `deidentified`; they still belong together.

    What was one patient, study or frame of reference in both is one pseudonym or UID in both.
    """
    told = _telling(study) | (_telling(spect) if spect else frozenset())
    hiding = _Hiding(told)
    agent = study.acquisition.contrast_agent
    hidden = replace(
        study,
        source=Path("study"),
        acquisition=replace(
            study.acquisition, date=None, contrast_agent="agent not named" if agent else agent
        ),
        series=hiding.series(study.series),
        left_out=hiding.all_series(study.left_out),
        warnings=hiding.messages(study.warnings),
        instances=hiding.headers(study.instances),
    )
    return hidden, None if spect is None else _hidden_spect(spect, hiding)


def _hidden_spect(spect: SpectStudy, hiding: "_Hiding") -> SpectStudy:
    """A SPECT without what identifies; words that someone typed go where they could be told."""
    frame = spect.frame_of_reference_uid
    texts = (spect.suv_refused, spect.radiopharmaceutical, spect.reconstruction)
    refused, agent, reconstruction = (text and _harmless(text, hiding.told) for text in texts)
    return replace(
        spect,
        source=Path("spect"),
        suv_refused=refused,
        series=hiding.series(spect.series),
        left_out=hiding.all_series(spect.left_out),
        warnings=hiding.messages(spect.warnings),
        instances=hiding.headers(spect.instances),
        frame_of_reference_uid=hiding.uid(frame) if frame else frame,
        radiopharmaceutical=None if agent == REMOVED else agent,
        reconstruction=None if reconstruction == REMOVED else reconstruction,
        date=None,
    )


class _Hiding:
    """One pseudonym and one table of UIDs, for all that belongs together.

    Args:
        told: what messages may not hold, see `_telling`.
    """

    def __init__(self, told: frozenset[str]) -> None:
        self.told = told
        self._uids: dict[str, UID] = {}
        self._rules = _rules(self.uid)
        self._pseudonym = f"ANON-{secrets.token_hex(6).upper()}"

    def uid(self, uid: str) -> UID:
        """What stands for a UID."""
        return self._uids.setdefault(uid, generate_uid(prefix=None))

    def headers(self, instances: Sequence[Dataset]) -> tuple[Dataset, ...]:
        """Copies of headers without what identifies."""
        cleaned = tuple(_clean(each, self._rules, self._pseudonym) for each in instances)
        # The library keeps what it replaces, for ever.
        profile.dictionary.clear()
        return cleaned

    def series(self, series: SeriesSummary | None) -> SeriesSummary | None:
        """A series without what someone wrote about it."""
        return None if series is None else self.all_series([series])[0]

    def all_series(self, all_series: Sequence[SeriesSummary]) -> tuple[SeriesSummary, ...]:
        """Several such."""
        return tuple(
            replace(
                series,
                series_instance_uid=self.uid(series.series_instance_uid),
                study_instance_uid=self.uid(series.study_instance_uid),
                description="",
                reason=_harmless(series.reason, self.told),
            )
            for series in all_series
        )

    def messages(self, messages: Sequence[str]) -> tuple[str, ...]:
        """Those that name neither files nor values of headers, the others blackened."""
        return tuple(_harmless(message, self.told) for message in messages)


def _clean(instance: Dataset, rules: dict[tuple[int, ...], Rule], pseudonym: str) -> Dataset:
    """A copy of a header without what identifies."""
    kept = {keyword: _geometry(instance, keyword) for keyword in FRAMES if keyword in instance}
    if DETECTORS in instance:
        kept[DETECTORS] = [_place(detector) for detector in instance[DETECTORS].value]
    result = Dataset()
    # The library neither looks into sequences nor knows what all of their values may be.
    result.update({e.tag: deepcopy(e) for e in instance if e.VR != "SQ" and not e.tag.is_private})
    with config.disable_value_validation():
        profile.anonymize_dataset(result, dict(rules), base_rules_gen=dict)
        for element in result:
            # The library writes the year 1, which would be taken for a date.
            if element.VR in ("DA", "DT", "TM"):
                element.value = ""
        result.PatientID = result.PatientName = pseudonym
        result.PatientIdentityRemoved = "YES"
        result.DeidentificationMethod = METHOD
        code = codes.DCM.BasicApplicationConfidentialityProfile
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme_designator
        item.CodeMeaning = code.meaning
        result.DeidentificationMethodCodeSequence = [item]
        for keyword, items in kept.items():
            setattr(result, keyword, items)
    return result


def _geometry(instance: Dataset, keyword: str) -> list[Dataset]:
    """Where frames lie, and nothing else of them."""
    items = []
    for group in instance[keyword].value:
        kept = Dataset()
        for macro in GEOMETRY:
            if macro in group:
                kept[macro] = deepcopy(group[macro])
                for place in kept[macro].value:
                    place.remove_private_tags()
        items.append(kept)
    return items


def _place(detector: Dataset) -> Dataset:
    """Where the first frame of an NM Image lies."""
    place = Dataset()
    for keyword in PLACE:
        if keyword in detector:
            place[keyword] = deepcopy(detector[keyword])
    return place


def _rules(new_uid: Callable[[str], UID]) -> dict[tuple[int, ...], Rule]:
    """What the profile does with each attribute; UIDs are replaced by ours.

    The library would remember every UID that it ever saw.
    """

    def replace_uid(dataset: Dataset, tag: tuple[int, ...]) -> None:
        element = dataset.get(Tag(tag[0], tag[1]))
        if element is not None and element.value:
            several = isinstance(element.value, Sequence) and not isinstance(element.value, str)
            element.value = (
                [new_uid(uid) for uid in element.value] if several else new_uid(element.value)
            )

    return {
        tag: replace_uid if action is profile.replace_UID else action
        for tag, action in profile.initialize_actions(EDITION).items()
    }


def _telling(study: CtStudy | SpectStudy) -> frozenset[str]:
    """What a message may have taken from headers or from names of files and folders."""
    values = {str(study.source), *study.source.parts, *_names(study.source)}
    for series in (*study.left_out, *([study.series] if study.series else ())):
        values |= {series.series_instance_uid, series.study_instance_uid, series.description}
    tags = [tag for tag in profile.initialize_actions(EDITION) if len(tag) == 2]
    for instance in study.instances[:1]:
        found = (instance.get(tag) for tag in tags)
        values |= {str(element.value) for element in found if element and element.VR != "SQ"}
    return frozenset(value.strip() for value in values if len(value.strip()) >= SHORTEST)


def _names(source: Path) -> Iterator[str]:
    """Names of all files and folders of a study."""
    if source.is_dir():
        for path in source.rglob("*"):
            yield path.name
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for name in archive.namelist():
                yield from PurePosixPath(name).parts


def _harmless(text: str, told: frozenset[str]) -> str:
    """A message, unless it holds one of `told` as a word or words of its own."""
    for value in told:
        if value in text and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text):
            return REMOVED
    return text
