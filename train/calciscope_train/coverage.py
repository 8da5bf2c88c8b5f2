"""What a training set holds: lesions by kind, compartment, size and contrast.

A generator that silently places nothing in muscle still scores well on its own validation cases,
so an empty cell is an error here, before anything is trained.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calciscope.errors import PhantomError
from calciscope.phantom.kinds import KINDS
from calciscope_train.cases import list_cases, read_case
from calciscope_train.host_config import read_host_config

LOGGER = logging.getLogger(__name__)

SIZES_MM3 = ((0, 30), (30, 100), (100, 500), (500, float("inf")))
CONTRASTS_HU = ((0, 150), (150, 300), (300, float("inf")))
COMPARTMENTS = ("muscle", "subcutaneous")

ENOUGH_REQUESTS = 5
"""Requests of a kind after which not one in the set is a fault and no chance."""


@dataclass
class Coverage:
    """Counts of visible calcifications, and of requests.

    Attributes:
        cells: number by (compartment, size bin, contrast bin).
        kinds: number of visible lesions by kind (entry of `KINDS` where known), confounders too.
        requested, placed: requests by kind.
        cases: number of cases; empty: those without any visible calcification.
    """

    cells: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    requested: Counter[str] = field(default_factory=Counter)
    placed: Counter[str] = field(default_factory=Counter)
    cases: int = 0
    empty: int = 0

    def by_size(self, compartment: str, size: int) -> list[int]:
        """Numbers of a compartment and size, by rising contrast."""
        return [self.cells[compartment, size, c] for c in range(len(CONTRASTS_HU))]

    def by_contrast(self, compartment: str, contrast: int) -> list[int]:
        """Numbers of a compartment and contrast, by rising size."""
        return [self.cells[compartment, s, contrast] for s in range(len(SIZES_MM3))]

    def lines(self) -> list[str]:
        """A table to read."""
        rows = [f"{self.cases} cases, {self.empty} without calcification"]
        rows.append("visible lesions by kind: " + _joined(self.kinds))
        rows.append("placed of requested: " + ", ".join(self._books()))
        rows.append("requests not placed: " + _joined(self.requested - self.placed))
        for compartment in COMPARTMENTS:
            for size, (low, high) in enumerate(SIZES_MM3):
                counts = self.by_size(compartment, size)
                rows.append(f"{compartment} {low}-{high} mm3, by rising contrast: {counts}")
            for contrast, (low, high) in enumerate(CONTRASTS_HU):
                total = sum(self.by_contrast(compartment, contrast))
                rows.append(f"{compartment} {low}-{high} HU above its tissue: {total}")
        return rows

    def _books(self) -> list[str]:
        return [f"{k} {self.placed[k]}/{n}" for k, n in sorted(self.requested.items())] or ["none"]

    def faults(self, kinds: Iterable[str] = ()) -> list[str]:
        """What is empty and must not be.

        Args:
            kinds: that the set must hold, whether they were requested often or not.
        """
        found = []
        for compartment in COMPARTMENTS:
            for size, (low, high) in enumerate(SIZES_MM3):
                if not any(self.by_size(compartment, size)):
                    found.append(f"no {compartment} calcification of {low}-{high} mm3")
            for contrast, (low, high) in enumerate(CONTRASTS_HU):
                if not any(self.by_contrast(compartment, contrast)):
                    found.append(f"no {compartment} calcification of {low}-{high} HU contrast")
        for kind, number in sorted(self.requested.items()):
            if number and not self.placed[kind]:
                found.append(f"not one {kind} of {number} requests was placed")
            elif number >= ENOUGH_REQUESTS and kind[0] in "CH" and not self._seen(kind):
                found.append(f"not one {kind} of {self.placed[kind]} placed can be seen")
        never = [kind for kind in kinds if not self.requested[kind]]
        return found + [f"{kind} was never requested" for kind in never]

    def _seen(self, kind: str) -> int:
        # Sets of older versions name their lesions by the taxonomy alone.
        return self.kinds[kind] or self.kinds[kind.split("_")[0]]

    def check(self, minimum_cases: int = 50, kinds: Iterable[str] = ()) -> None:
        """Raise PhantomError for what `faults` finds, once the set is large enough to be full."""
        found = self.faults(kinds)
        if found and self.cases >= minimum_cases:
            raise PhantomError(
                f"{'; '.join(found)} in {self.cases} cases; the generator does not place them"
            )


def _joined(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{k} {n}" for k, n in sorted(counts.items())) or "none"


def _bin(value: float, bins: tuple[tuple[float, float], ...]) -> int:
    return next(n for n, (low, high) in enumerate(bins) if low <= value < high)


def count_coverage(records: Iterable[Mapping[str, Any]]) -> Coverage:
    """Count over the case.json records of a set."""
    result = Coverage()
    for record in records:
        result.cases += 1
        result.requested.update(record.get("requested", {}))
        result.placed.update(record.get("placed", {}))
        target = 0
        for row in record["lesions"]:
            if not row["visible"]:
                continue
            name = row.get("name")
            result.kinds[name if name in KINDS else row["kind"]] += 1
            if row["kind"][0] in "CH":
                target += 1
                size = _bin(row["volume_mm3"], SIZES_MM3)
                contrast = _bin(max(row["peak_contrast_hu"], 0.0), CONTRASTS_HU)
                result.cells[row["compartment"], size, contrast] += 1
        result.empty += target == 0
    return result


def report(
    root: Path,
    split: str = "train",
    all_kinds: bool = False,
    minimum_cases: int = 50,
    hosts: Path = Path("configs/hosts.yaml"),
) -> Coverage:
    """Report what a split holds, and fail when a cell that must not be empty is.

    Args:
        root: folder of cases.
        split: train, val or test.
        all_kinds: whether every kind must have been requested: of a set of hosts those that their
            configuration names, of any other all that Calciscope knows.
        minimum_cases: of a set that must be full; a smaller one is only reported.
        hosts: configuration of the hosts.

    Raises:
        PhantomError: a kind, a compartment and size, or a compartment and contrast is empty.
        InputError: the configuration of the hosts is needed and cannot be read.
    """
    records = [read_case(folder).meta for folder in list_cases(root, split)]
    coverage = count_coverage(records)
    for line in coverage.lines():
        LOGGER.info(line)
    kinds: Iterable[str] = ()
    if all_kinds:
        of_hosts = {record.get("source") for record in records} == {"host"}
        kinds = read_host_config(hosts).kinds if of_hosts else KINDS
    coverage.check(minimum_cases, kinds)
    return coverage
