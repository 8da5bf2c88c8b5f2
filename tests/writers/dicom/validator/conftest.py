"""The DICOM standard of 2020 as dicom-validator reads it, without a network.

dicom-validator makes its tables from the DocBook of the standard, which it fetches. The package
dicom_standard carries them as JSON, with three losses: a macro is written out where it is
included, without the condition of the inclusion; recursion ends after one level; and whether a
functional group may be shared is gone. The first two matter only for the content tree of
structured reports (PS3.3 C.17.3), which `_content_tree` builds again from the macros.
"""

import json
import re
from collections.abc import Callable
from html import unescape
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import pytest
from dicom_validator.spec_reader.condition import Condition, ConditionOperator, ConditionType
from dicom_validator.spec_reader.condition_parser import ConditionParser
from dicom_validator.spec_reader.edition_reader import EditionReader
from dicom_validator.spec_reader.enum_parser import EnumParser
from dicom_validator.validator.dicom_info import DicomInfo
from dicom_validator.validator.error_handler import (
    NullValidationResultHandler,
    ValidationResultFormatter,
)
from dicom_validator.validator.iod_validator import IODValidator
from dicom_validator.validator.validation_result import DicomTag
from pydicom import config, dcmread

CIODS = (
    "CT Image",
    "Comprehensive 3D SR",
    "Encapsulated PDF",
    "Secondary Capture Image",
    "Segmentation",
)
# PS3.3 table C.17-5: "Include the ... Macro if and only if Value Type (0040,A040) is ...".
VALUE_MACROS = {
    "CODE": "macro/code",
    "COMPOSITE": "macro/composite-object-reference",
    "CONTAINER": "macro/container",
    "IMAGE": "macro/image-reference",
    "NUM": "macro/numeric-measurement",
    "SCOORD": "macro/spatial-coordinates",
    "SCOORD3D": "macro/3d-spatial-coordinates",
    "TCOORD": "macro/temporal-coordinates",
    "WAVEFORM": "macro/waveform-reference",
}
CONTENT = "macro/document-content"
RELATIONSHIP = "macro/document-relationship"
CONTENT_SEQUENCE = "(0040,A730)"
TYPE_OF_RELATIONSHIP = "(0040,A010)"
BY_REFERENCE = "(0040,DB73)"  # Referenced Content Item Identifier
FUNCTIONAL_GROUPS = ("(5200,9229)", "(5200,9230)")  # shared by all frames, of each frame
LISTS = re.compile(r"<strong>([^<]*)</strong>\s*</p>\s*<dl>(.*?)</dl>", re.DOTALL)
TERMS = re.compile(r"<dt>(.*?)</dt>", re.DOTALL)

Tree = dict[str, Any]


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def docbook_lists(html: str) -> Element:
    """The lists of values in a description as the DocBook elements that they were made of."""
    column = Element("td")
    for title, terms in LISTS.findall(html):
        values = SubElement(column, EnumParser.docbook_ns + "variablelist")
        SubElement(values, EnumParser.docbook_ns + "title").text = text_of(title)
        for term in TERMS.findall(terms):
            entry = SubElement(values, EnumParser.docbook_ns + "varlistentry")
            SubElement(entry, EnumParser.docbook_ns + "term").text = text_of(term)
    return column


def place_of(tag: DicomTag) -> str:
    return " > ".join(str(part) for part in (*(tag.parents or ()), tag.tag))


class Edition:
    """The package's tables on one side, dicom-validator's descriptions on the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._dictionary = {
            row["tag"]: {
                "name": row["name"],
                "vr": row["valueRepresentation"],
                "vm": row["valueMultiplicity"],
                "prop": "RET" if row["retired"] == "Y" else "",
            }
            for row in self._table("attributes")
        }
        self._conditions = ConditionParser(self._dictionary)
        self._enumerations = EnumParser(lambda section: None, self._conditions)

    def describe(self, *ciods: str) -> DicomInfo:
        """What dicom-validator needs for some kinds of object."""
        ids = {row["name"]: row["id"] for row in self._table("ciods")}
        described: dict[str, Tree] = {
            name: {
                "title": name,
                "modules": self._parts("module", ids[name]),
                "group_macros": self._parts("macro", ids[name]),
            }
            for name in ciods
        }
        used = {CONTENT, RELATIONSHIP, *VALUE_MACROS.values()}
        for iod in described.values():
            used |= {part["ref"] for part in (iod["modules"] | iod["group_macros"]).values()}
        modules = self._attributes("module", used) | self._attributes("macro", used)
        modules |= self._content_tree(modules)
        iods = {
            row["id"]: described[row["ciod"]]
            for row in self._table("sops")
            if row["ciod"] in described
        }
        # As through dicom-validator's own files: conditions become plain values.
        plain = EditionReader.dump_description({"iods": iods, "modules": modules})
        return DicomInfo(self._dictionary, **json.loads(plain))

    def _table(self, name: str) -> list[Tree]:
        rows: list[Tree] = json.loads((self._folder / f"{name}.json").read_text("utf-8"))
        return rows

    def _parts(self, kind: str, ciod: str) -> Tree:
        """Modules or functional group macros of an object by name, with their usage."""
        names = {row["id"]: row["name"] for row in self._table(f"{kind}s")}
        parts: Tree = {}
        for row in self._table("ciod_to_modules" if kind == "module" else "ciod_to_fg_macros"):
            if row["ciodId"] == ciod:
                part_id, use = row[f"{kind}Id"], row["usage"]
                part = parts[names[part_id]] = {"ref": f"{kind}/{part_id}", "use": use}
                if row["conditionalStatement"]:
                    part["use"] = f"{use} - {row['conditionalStatement']}"
                    part["cond"] = self._conditions.parse(part["use"])
        return parts

    def _attributes(self, kind: str, used: set[str]) -> Tree:
        """Trees of attributes by reference, from rows in which a parent comes before its items."""
        trees: Tree = {}
        nodes: dict[str, Tree] = {}
        for row in self._table(f"{kind}_to_attributes"):
            path, tag, ref = row["path"], row["tag"], f"{kind}/{row[f'{kind}Id']}"
            if ref in used:
                owner = path.rpartition(":")[0]  # "module:sequence:sequence", "module" at the top
                siblings = (
                    nodes[owner].setdefault("items", {})
                    if ":" in owner
                    else trees.setdefault(ref, {})
                )
                nodes[path] = siblings[tag] = self._attribute(tag, row["type"], row["description"])
        return trees

    def _attribute(self, tag: str, kind: str, html: str) -> Tree:
        """As `Part3Reader` describes an attribute, without its items."""
        # The dictionary spells repeating groups (60XX,0010).
        known = self._dictionary[tag.upper()]
        attribute: Tree = {"name": known["name"], "type": kind}
        if kind in ("1C", "2C", "3"):
            condition = self._conditions.parse(text_of(html))
            if condition.type != ConditionType.UserDefined:
                attribute["cond"] = condition
        lists = self._enumerations.parse(docbook_lists(html), known["vr"])
        if allowed := [values for values in lists if values.pop("tag", tag) == tag]:
            attribute["enums"] = allowed
        if tag in FUNCTIONAL_GROUPS:
            attribute["items"] = {"include": [{"ref": "FuncGroup"}]}
        return attribute

    def _content_tree(self, modules: Tree) -> Tree:
        """The module and the two macros of a report's content, PS3.3 C.17.3 and C.17.3.2."""
        both = [{"ref": CONTENT}, {"ref": RELATIONSHIP}]
        of_values = {tag for macro in VALUE_MACROS.values() for tag in modules[macro]}
        content = {tag: what for tag, what in modules[CONTENT].items() if tag not in of_values}
        content["include"] = [
            {
                "ref": macro,
                "cond": Condition(
                    ConditionType.MandatoryOrNotAllowed,
                    ConditionOperator.EqualsValue,
                    "(0040,A040)",
                    values=[value_type],
                ),
            }
            for value_type, macro in VALUE_MACROS.items()
        ]
        sequence = modules[RELATIONSHIP][CONTENT_SEQUENCE]
        items = {tag: sequence["items"][tag] for tag in (TYPE_OF_RELATIONSHIP, BY_REFERENCE)}
        nested = {**sequence, "items": {**items, "include": both}}
        return {
            "module/sr-document-content": {"include": both},
            CONTENT: content,
            RELATIONSHIP: modules[RELATIONSHIP] | {CONTENT_SEQUENCE: nested},
        }


@pytest.fixture(scope="session")
def standard_of_2020() -> DicomInfo:
    """The kinds of DICOM objects that Calciscope writes."""
    try:
        files = distribution("dicom_standard").files or []
    except PackageNotFoundError:
        pytest.skip("the package dicom_standard is not installed; pip install 'calciscope[dev]'")
    [table] = [file for file in files if file.match("standard/ciods.json")]
    return Edition(Path(str(table.locate())).parent).describe(*CIODS)


@pytest.fixture(scope="session")
def errors_of_dicom_validator() -> Callable[[Path, DicomInfo], list[str]]:
    """Errors as lines "module: (group,element) > (group,element) is missing"."""

    def errors(path: Path, standard: DicomInfo) -> list[str]:
        # What pydicom would warn of while it reads, the validator reports.
        with config.disable_value_validation():
            validator = IODValidator(
                dcmread(path), standard, error_handler=NullValidationResultHandler()
            )
            result = validator.validate()
        words = ValidationResultFormatter()
        lines = [
            " ".join(f"{module}: {place_of(tag)}{words.error_message(error)}".split())
            for module, tags in result.module_errors.items()
            for tag, error in tags.items()
        ]
        # An object of unknown kind has an error, and none of a module.
        return lines or ([words.failed_validation_message(result)] if result.errors else [])

    return errors
