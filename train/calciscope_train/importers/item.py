"""What every importer gives: a list of cases to come, and each case's CT with its claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from calciscope.volume import Volume
from calciscope_train.importers.claims import Labels


@dataclass(frozen=True)
class Item:
    """A case of a set, found but not read.

    Attributes:
        case_id: name of its folder among the prepared cases; unique in the set.
        patient_id: the same for all cases of a patient, also in other sets where they share it.
        license: as `normalized_license` spells it.
        files: what `read` needs, by its role.
        split: train, val or test where the set says so, else None.
    """

    case_id: str
    patient_id: str
    license: str
    files: Mapping[str, Path]
    split: str | None = None


@dataclass(frozen=True, eq=False)
class ClaimedCt:
    """A case as its set has it.

    Attributes:
        ct: canonical, HU.
        claims: values of `Claim`, shape of the CT.
        notes: becomes part of case.json; plain JSON values.
        mineral_is_labeled: see `claims.settled`.
    """

    ct: Volume
    claims: Labels
    notes: Mapping[str, Any] = field(default_factory=dict)
    mineral_is_labeled: bool = False


class Importer(Protocol):
    """A public set. Instances are frozen and picklable: cases are read in other processes."""

    @property
    def name(self) -> str:
        """As on the command line, and `source` in case.json."""

    @property
    def citation(self) -> str:
        """Whom to thank."""

    def find(self, folder: Path) -> list[Item]:
        """The cases of a folder; raises InputError where it is not laid out as the set is."""

    def read(self, item: Item) -> ClaimedCt:
        """One case; raises InputError where it is not fit for use."""
