"""Settings of which studies are taken, and what is done with them."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydicom.datadict import tag_for_keyword

from calciscope.service.settings.destinations import Name
from calciscope.service.settings.part import Part


def _known_keyword(keyword: str) -> str:
    if tag_for_keyword(keyword) is None:
        raise ValueError(f"{keyword!r} is no DICOM keyword; write it as in PS3.6, such as Modality")
    return keyword


def _sound_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


Conditions = dict[
    Annotated[str, AfterValidator(_known_keyword)], Annotated[str, AfterValidator(_sound_pattern)]
]
"""DICOM keyword: regular expression that must be found in its value, without regard to case."""


class Rule(Part):
    """One kind of study.

    Attributes:
        name: that logs and the status page use; unique.
        take: conditions; a study fits when one of its series fulfills them all. Empty takes all.
        series: conditions that a series must fulfill to be analyzed; others stay unused.
        model: version of ct-calcification; None for the newest.
        mode: operating point of the model.
        language: of conclusion and report.
        accept_pet, register, labelmap, deidentify, show_patient: as for `calciscope run`.
        priority: higher ones are analyzed first.
        destinations: names; none keeps results in the data folder alone.
        ignore: such studies are refused at once, without a trace of alarm.
    """

    name: Name
    take: Conditions = Field(default_factory=dict)
    series: Conditions = Field(default_factory=dict)
    model: str | None = None
    mode: Literal["balanced", "sensitive", "specific"] = "balanced"
    language: Literal["en", "fr", "de"] = "en"
    accept_pet: bool = False
    register_uptake: bool = Field(default=False, alias="register")
    labelmap: bool = False
    deidentify: bool = False
    show_patient: bool = False
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    destinations: tuple[Name, ...] = ()
    ignore: bool = False
