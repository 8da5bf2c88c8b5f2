"""Which prepared cases a run may train on.

Those of its preprocessing and of accepted licenses, and no patient whom it is validated on.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path

from calciscope.errors import InputError
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.cases import KEY, Case, case_key, list_cases, patient_of
from calciscope_train.generator import warn_of_others
from calciscope_train.importers.licenses import allowed

log = logging.getLogger(__name__)


def check_keys(cases: Sequence[Case], spec: PreprocessingSpec, root: Path) -> None:
    """Refuse cases that were made with another preprocessing or another version of the data.

    Cases from before there were keys are accepted with a warning, as nothing says they are wrong.

    Raises:
        InputError: a case has another key.
    """
    wanted = case_key(spec)
    for case in cases:
        if case.meta.get(KEY, wanted) != wanted:
            raise InputError(
                f"{case.folder} was made with another preprocessing or data version "
                f"({case.meta[KEY]}, this run needs {wanted}); make the cases of {root} again"
            )
    unknown = sum(KEY not in case.meta for case in cases)
    if unknown:
        log.warning(
            "%d of %d cases of %s do not say how they were made; taken as they are",
            *(unknown, len(cases), root),
        )
    warn_of_others((case.meta for case in cases), root)


def check_patients(roots: Iterable[Path], licenses: Sequence[str] | None = None) -> None:
    """Refuse roots of which a patient is to be trained on and validated on.

    Args:
        roots: folders of cases.
        licenses: accepted ones; cases of others are not used. Null accepts all.

    Raises:
        InputError: a patient has cases in train and in val.
    """
    seen: dict[str, dict[str, Path]] = {"train": {}, "val": {}}
    for root, split in product(roots, seen):
        for folder in list_cases(root, split):
            meta = json.loads((folder / "case.json").read_text(encoding="utf-8"))
            patient = patient_of(meta)
            if patient and (not licenses or allowed(meta, licenses)):
                seen[split].setdefault(patient, folder)
    for patient in sorted(seen["train"].keys() & seen["val"].keys()):
        raise InputError(
            f"patient {patient} is in both {seen['train'][patient]} and {seen['val'][patient]}; "
            "import sets that share patients into one root"
        )


def licensed(cases: Sequence[Case], licenses: Sequence[str] | None, root: Path) -> Sequence[Case]:
    """The cases whose license is accepted; a case that states none is not.

    Args:
        cases: of one root.
        licenses: accepted ones, in any spelling; null accepts all.
        root: for the message.

    Raises:
        InputError: none is left.
    """
    if not licenses:
        return cases
    kept = [case for case in cases if allowed(case.meta, licenses)]
    if not kept:
        raise InputError(
            f"no case of {root} has a license among {', '.join(licenses)}; "
            "leave the root out or accept its license"
        )
    if len(kept) < len(cases):
        log.info(
            "%d of %d cases of %s left out by license", len(cases) - len(kept), len(cases), root
        )
    return kept
