"""Which split a patient belongs to: one, whatever the set, the order and the number of runs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from calciscope.errors import InputError
from calciscope_train.host_config import SPLITS, HostConfig
from calciscope_train.importers.item import Item

SHARES = {"test": 0.1, "val": 0.1}
"""Shares of the patients that no set has split; the others are for training."""

STRICTNESS = ("test", "val", "train")
"""A patient whom a set has in two splits goes to the first of these."""


def hashed_split(patient_id: str) -> str:
    """The split that follows from a patient's id alone."""
    digest = blake2b(patient_id.encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    for split, share in SHARES.items():
        if place < share:
            return split
        place -= share
    return "train"


def splits_of(items: Iterable[Item], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """The split of each patient.

    Args:
        items: all cases of the set, also those that are not imported now.
        known: split by patient that was decided before; it outranks the set's own.
    """
    decided = dict(known or {})
    given: dict[str, set[str | None]] = {}
    for item in items:
        given.setdefault(item.patient_id, set()).add(item.split)
    for patient, splits in given.items():
        if patient not in decided:
            named = [split for split in STRICTNESS if split in splits]
            decided[patient] = named[0] if named else hashed_split(patient)
    return decided


def host_splits(config: HostConfig) -> dict[str, str]:
    """The splits of the hosts, by patient id as TCIA has it ("STS_025").

    A dropped host is for testing: it may be kept apart as an independent check.
    """
    splits = {name: host.split for name, host in config.hosts.items()}
    return {
        config.patient_of(name): splits.get(name, "test") for name in (*config.dropped, *splits)
    }


def splits_in(root: Path, splits: Sequence[str] = SPLITS) -> dict[str, str]:
    """The splits of the patients whose cases a root holds already."""
    found = {}
    for split in splits:
        for record in sorted((root / split).glob("*/case.json")):
            meta = json.loads(record.read_text(encoding="utf-8"))
            if "patient_id" in meta:
                found[str(meta["patient_id"])] = split
    return found


def merged(held: Mapping[str, str], known: Mapping[str, str], root: Path) -> dict[str, str]:
    """The splits that a root holds and those known otherwise.

    Raises:
        InputError: a patient has cases in one split and belongs to another.
    """
    moved = sorted(p for p, split in held.items() if known.get(p, split) != split)
    if moved:
        raise InputError(
            f"{root} has cases of {', '.join(moved)} in the wrong split: expected "
            f"{known[moved[0]]}, found {held[moved[0]]} for {moved[0]}; remove those cases"
        )
    return {**held, **known}
