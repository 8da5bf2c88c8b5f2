"""A plain folder of CTs and label maps, described by a YAML file.

license: CC-BY-4.0
source: my-hospital
images: images/{id}.nii.gz
labels: labels/{id}.nii.gz
values: {0: unknown, 1: muscle, 2: bone, 7: calcification}
patient: "(P[0-9]+)_.*"             # optional: the part of an id that names the patient
splits: {P003: test}                # optional; other patients are split by their name
mineral_is_labeled: true            # optional: every calcification has a label
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from calciscope.errors import InputError
from calciscope_train.host_config import SPLITS
from calciscope_train.importers.claims import Claim, claimed
from calciscope_train.importers.item import ClaimedCt, Item
from calciscope_train.importers.licenses import normalized_license
from calciscope_train.importers.reading import ids_on, listed, read_ct_file, wrong_layout

NAMES = tuple(claim.name.lower() for claim in Claim)


@dataclass(frozen=True)
class Plain:
    """The importer; its attributes are the keys of the YAML file.

    Attributes:
        license: of all cases.
        source: name of the set, in case.json and in front of the case ids.
        images: path of a CT below the folder, with {id}.
        labels: path of its label map, with {id}.
        values: what each value of the label maps means, by a name of `Claim` in small letters.
        patient: pattern that an id matches as a whole; its first group names the patient.
        splits: split by patient.
        mineral_is_labeled: whether every calcification has a label.
    """

    license: str
    source: str
    images: str
    labels: str
    values: Mapping[int, str]
    patient: str = "(.*)"
    splits: Mapping[str, str] = field(default_factory=dict)
    mineral_is_labeled: bool = False

    def __post_init__(self) -> None:
        wrong = sorted({str(name) for name in self.values.values()} - set(NAMES))
        if wrong:
            raise InputError(f"values: found {listed(wrong)}, expected among {listed(NAMES)}")
        if not set(self.splits.values()) <= set(SPLITS):
            raise InputError(f"splits: expected among {listed(SPLITS)}")
        if "{id}" not in self.images or "{id}" not in self.labels:
            raise InputError("images and labels: expected a path with {id}")
        if re.compile(self.patient).groups < 1:
            raise InputError('patient: expected a pattern with a group, such as "(P[0-9]+)_.*"')

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.source

    @property
    def citation(self) -> str:
        """The set has none that is known here."""
        return ""

    def find(self, folder: Path) -> list[Item]:
        """The CTs that have a label map."""
        before, _, after = self.images.partition("{id}")
        ids = [
            path.relative_to(folder).as_posix().removeprefix(before).removesuffix(after)
            for path in sorted(folder.glob(self.images.replace("{id}", "*")))
        ]
        items = [self._item(folder, each) for each in ids]
        items = [item for item in items if item.files["labels"].is_file()]
        if not items:
            raise wrong_layout(folder, f"{self.images} with {self.labels}")
        return items

    def _item(self, folder: Path, name: str) -> Item:
        match = re.fullmatch(self.patient, name)
        if match is None:
            raise InputError(
                f"{folder} holds the case {name}, which the pattern of patients does not match: "
                f"expected {self.patient!r}"
            )
        files = {
            "image": folder / self.images.replace("{id}", name),
            "labels": folder / self.labels.replace("{id}", name),
        }
        return Item(
            f"{self.source}_{name}",
            f"{self.source}-{match[1]}",
            normalized_license(self.license),
            files,
            self.splits.get(match[1]),
        )

    def read(self, item: Item) -> ClaimedCt:
        """CT and labels; a value that the file does not explain is refused."""
        ct = read_ct_file(item.files["image"])
        ids = ids_on(ct, item.files["labels"])
        unexplained = sorted(set(np.unique(ids).tolist()) - set(self.values))
        if unexplained:
            raise InputError(
                f"{item.files['labels']} holds the values {unexplained}: expected among "
                f"{sorted(self.values)}; explain them under `values`"
            )
        table = {value: Claim[name.upper()] for value, name in self.values.items()}
        return ClaimedCt(ct, claimed(ids, table), {}, self.mineral_is_labeled)


def read_plain(file: Path) -> Plain:
    """Read the YAML file; raises InputError where it is missing, or a key is unknown or absent."""
    try:
        record: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        record["values"] = {int(value): str(name) for value, name in record["values"].items()}
        return Plain(**record)
    except InputError as error:
        raise InputError(f"{file}, {error}") from error
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        keys = listed(each.name for each in fields(Plain))
        raise InputError(
            f"{file} does not describe a folder of images and labels: expected the keys {keys}; "
            f"found {error!r}"
        ) from error
