"""What a set of SPECT cases holds: foci by compartment, kind, class, size and SUV.

A generator that silently places no focus in muscle still trains well, so an empty cell is an error
here, before anything is trained.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from calciscope.errors import PhantomError
from calciscope.labels import HOT_SPOT_COMPARTMENTS
from calciscope.spect.findings import ConcordanceClass

SIZES_ML = ((0.0, 1.0), (1.0, 4.0), (4.0, 20.0), (20.0, float("inf")))
SUVS = ((0.0, 3.0), (3.0, 6.0), (6.0, 12.0), (12.0, float("inf")))

CLASSES = tuple(c for c in ConcordanceClass if c is not ConcordanceClass.NOT_ASSESSABLE)


@dataclass
class SpectCoverage:
    """Counts of foci that are not cold lesions, and of the classes of all.

    Attributes:
        compartments, kinds: hot foci; physiologic: those of them that are normal.
        sizes, suvs: hot foci by (compartment, bin).
        classes: of concordance, cold ones too; parts: cases by body part.
    """

    compartments: Counter[str] = field(default_factory=Counter)
    physiologic: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    sizes: Counter[tuple[str, int]] = field(default_factory=Counter)
    suvs: Counter[tuple[str, int]] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """A table to read."""
        total = max(sum(self.compartments.values()), 1)
        rows = [f"{sum(self.parts.values())} cases: {_joined(self.parts)}"]
        rows.append(f"{total} hot foci; classes: {_joined(self.classes)}")
        rows.append("kinds: " + _joined(self.kinds))
        for name in HOT_SPOT_COMPARTMENTS:
            count = self.compartments[name]
            sizes = [self.sizes[name, n] for n in range(len(SIZES_ML))]
            suvs = [self.suvs[name, n] for n in range(len(SUVS))]
            rows.append(
                f"{name}: {count} ({100 * count / total:.0f} %), {self.physiologic[name]} normal, "
                f"by rising volume {sizes}, by rising SUV {suvs}"
            )
        return rows

    def faults(self) -> list[str]:
        """What is empty and must not be."""
        found = [f"no focus of {c}" for c in HOT_SPOT_COMPARTMENTS if not self.compartments[c]]
        found += [f"no {c} focus" for c in CLASSES if not self.classes[c]]
        for n, (low, high) in enumerate(SIZES_ML):
            if not any(self.sizes[c, n] for c in HOT_SPOT_COMPARTMENTS):
                found.append(f"no focus of {low}-{high} mL")
        return found

    def check(self, minimum_cases: int = 60) -> None:
        """Raise PhantomError for what `faults` finds, once the set is large enough to be full."""
        found = self.faults()
        cases = sum(self.parts.values())
        if found and cases >= minimum_cases:
            raise PhantomError(
                f"{'; '.join(found)} in {cases} cases; the generator does not place them"
            )


def _joined(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{k} {n}" for k, n in sorted(counts.items())) or "none"


def _bin(value: float, bins: tuple[tuple[float, float], ...]) -> int:
    return next(n for n, (low, high) in enumerate(bins) if low <= value < high)


def count_spect_coverage(records: Iterable[Mapping[str, Any]]) -> SpectCoverage:
    """Count over the case.json records of a set."""
    result = SpectCoverage()
    for record in records:
        result.parts[record["body_part"]] += 1
        for row in record["foci"]:
            if row["classified"] is not None:
                result.classes[row["classified"]] += 1
            # A cold lesion is no focus; mineral of joints may be cold without a class.
            if row["classified"] == ConcordanceClass.CALCIFIED_COLD or row["suv"] < 1:
                continue
            name = row["compartment"]
            result.compartments[name] += 1
            result.physiologic[name] += bool(row["physiologic"])
            result.kinds[row["kind"]] += 1
            result.sizes[name, _bin(row["volume_ml"], SIZES_ML)] += 1
            result.suvs[name, _bin(row["suv"], SUVS)] += 1
    return result
