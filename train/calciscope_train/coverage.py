"""What a training set holds: lesions by kind, compartment, size and contrast.

A generator that silently places nothing in muscle still scores well on its own validation cases,
so an empty cell is an error here, before anything is trained.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from calciscope.errors import PhantomError

SIZES_MM3 = ((0, 30), (30, 100), (100, 500), (500, float("inf")))
CONTRASTS_HU = ((0, 150), (150, 300), (300, float("inf")))
COMPARTMENTS = ("muscle", "subcutaneous")


@dataclass
class Coverage:
    """Counts of visible calcifications, and of requests.

    Attributes:
        cells: number by (compartment, size bin, contrast bin).
        kinds: number of visible lesions by kind, confounders too.
        requested, placed: requests by kind.
        cases: number of cases; empty: those without any visible calcification.
    """

    cells: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    requested: Counter[str] = field(default_factory=Counter)
    placed: Counter[str] = field(default_factory=Counter)
    cases: int = 0
    empty: int = 0

    def lines(self) -> list[str]:
        """A table to read."""
        rows = [f"{self.cases} cases, {self.empty} without calcification"]
        rows.append("visible lesions by kind: " + _joined(self.kinds))
        rows.append("requests not placed: " + _joined(self.requested - self.placed))
        for compartment in COMPARTMENTS:
            for size, (low, high) in enumerate(SIZES_MM3):
                counts = [self.cells[compartment, size, c] for c in range(len(CONTRASTS_HU))]
                rows.append(f"{compartment} {low}-{high} mm3, by rising contrast: {counts}")
        return rows

    def check(self, minimum_cases: int = 50) -> None:
        """Raise PhantomError for an empty cell once the set is large enough to have none."""
        if self.cases < minimum_cases:
            return
        for compartment in COMPARTMENTS:
            for size, (low, high) in enumerate(SIZES_MM3):
                if not any(self.cells[compartment, size, c] for c in range(len(CONTRASTS_HU))):
                    raise PhantomError(
                        f"no {compartment} calcification of {low}-{high} mm3 in "
                        f"{self.cases} cases; the generator does not place them"
                    )
        for kind in set(self.requested) - set(self.placed):
            raise PhantomError(f"not one {kind} of {self.requested[kind]} requests was placed")


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
            result.kinds[row["kind"]] += 1
            if row["kind"][0] in "CH":
                target += 1
                size = _bin(row["volume_mm3"], SIZES_MM3)
                contrast = _bin(row["peak_contrast_hu"], CONTRASTS_HU)
                result.cells[row["compartment"], size, contrast] += 1
        result.empty += target == 0
    return result
