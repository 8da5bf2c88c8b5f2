"""Figures by group: lesions by size, kind and compartment; false positives by ground; strata."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from calciscope.evaluation.bootstrap import bootstrap_ratio
from calciscope.evaluation.case_scoring import CaseResult
from calciscope.evaluation.detection import SIZE_BINS_MM3
from calciscope.evaluation.figures import by_patient, interval_of
from calciscope.evaluation.record_figures import GroundRow, SensitivityRow, StratumRow
from calciscope.evaluation.record_rows import CaseStrata, Ground, LesionRow

NOT_KNOWN = "not known"

NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
"""A number as the bins write it; the name of a kernel may look like one, such as "1.2.3"."""

CONTRAST_BINS_HU = (float("-inf"), 100.0, 200.0, 400.0, float("inf"))
THICKNESS_BINS_MM = (0.0, 1.5, 2.5, 4.0, float("inf"))
NOISE_BINS_HU = (0.0, 12.0, 25.0, 60.0, float("inf"))


def _bin(value: float | None, edges: Sequence[float], unit: str) -> str:
    """The bin low <= value < high in words."""
    if value is None:
        return NOT_KNOWN
    for low, high in pairwise(edges):
        if low <= value < high:
            if high == float("inf"):
                return f"{low:g} {unit} and more"
            return f"under {high:g} {unit}" if low <= 0 else f"{low:g} to {high:g} {unit}"
    return NOT_KNOWN


def _bins(edges: Sequence[float], unit: str) -> list[str]:
    return [_bin(max(low, 0.0), edges, unit) for low in edges[:-1]]


def sensitivities(results: Sequence[CaseResult], seed: int) -> tuple[SensitivityRow, ...]:
    """Sensitivity by size, contrast, kind and compartment; size bins also where they are empty."""
    groups: dict[str, tuple[Callable[[LesionRow], str], list[str]]] = {
        "size": (
            lambda row: _bin(row.volume_mm3, SIZE_BINS_MM3, "mm3"),
            _bins(SIZE_BINS_MM3, "mm3"),
        ),
        "contrast": (
            lambda row: _bin(row.contrast_hu, CONTRAST_BINS_HU, "HU"),
            _bins(CONTRAST_BINS_HU, "HU"),
        ),
        "kind": (lambda row: row.kind or NOT_KNOWN, []),
        "compartment": (lambda row: row.compartment or NOT_KNOWN, []),
    }
    lesions = [lesion for result in results for lesion in result.lesions]
    patients = by_patient(results)
    rows = []
    for by, (name_of, names) in groups.items():
        seen = {name_of(lesion) for lesion in lesions}
        if not names and seen <= {NOT_KNOWN}:
            continue
        for name in (*names, *sorted(seen - set(names))):
            hits = [
                [x.found for result in patient for x in result.lesions if name_of(x) == name]
                for patient in patients
            ]
            hits = [hit for hit in hits if hit]
            counts = [float(len(hit)) for hit in hits]
            found = [float(sum(hit)) for hit in hits]
            rows.append(
                SensitivityRow(
                    by,
                    name,
                    int(sum(counts)),
                    int(sum(found)),
                    bootstrap_ratio(found, counts, seed),
                )
            )
    return tuple(rows)


def grounds(results: Sequence[CaseResult]) -> tuple[GroundRow, ...]:
    """False positives by what they lie on, most volume first; grounds without any are left out."""
    rows = []
    for ground in Ground:
        false = [row for r in results for row in r.false_positives if row.on is ground]
        if false:
            rows.append(
                GroundRow(
                    ground.value,
                    len(false),
                    sum(row.volume_mm3 for row in false),
                    len(false) / len(results),
                )
            )
    return tuple(sorted(rows, key=lambda row: -row.volume_mm3))


STRATA: dict[str, Callable[[CaseStrata], str]] = {
    "slice thickness": lambda s: _bin(s.slice_thickness_mm, THICKNESS_BINS_MM, "mm"),
    "kernel": lambda s: s.kernel or NOT_KNOWN,
    "noise": lambda s: _bin(s.noise_hu, NOISE_BINS_HU, "HU"),
    "body part": lambda s: s.body_part or NOT_KNOWN,
    "kVp": lambda s: NOT_KNOWN if s.kvp is None else f"{s.kvp:g} kVp",
    "metal": lambda s: NOT_KNOWN if s.metal is None else ("metal" if s.metal else "no metal"),
}
"""Name of the stratum of a case, by what it is stratified by."""


def strata(results: Sequence[CaseResult], seed: int) -> tuple[StratumRow, ...]:
    """A predictor within each stratum; what no case says is left out."""
    rows = []
    for by, name_of in STRATA.items():
        groups: dict[str, list[CaseResult]] = {}
        for result in results:
            groups.setdefault(name_of(result.row.strata), []).append(result)
        if set(groups) <= {NOT_KNOWN}:
            continue
        for name in sorted(groups, key=_order):
            rows.append(_stratum(by, name, groups[name], seed))
    return tuple(rows)


def _order(name: str) -> tuple[bool, bool, float, str]:
    """Strata in rising order of their numbers, "not known" last."""
    number = next((float(word) for word in name.split() if NUMBER.fullmatch(word)), None)
    under = name.startswith("under")
    return name == NOT_KNOWN, number is None, -1.0 if under else number or 0.0, name


def _stratum(by: str, name: str, results: Sequence[CaseResult], seed: int) -> StratumRow:
    return StratumRow(
        by=by,
        name=name,
        cases=len(results),
        patients=len({result.row.patient for result in results}),
        lesions=sum(result.row.lesions for result in results),
        dice=interval_of("lesion_dice_from_30_mm3", results, seed),
        sensitivity=interval_of("sensitivity", results, seed),
        false_positives_per_case=interval_of("false_positives_per_case", results, seed),
    )
