"""Whether two dates may be compared: order, method of analysis, protocol of the scans."""

from dataclasses import dataclass
from datetime import date

from calciscope.errors import InputError
from calciscope.findings import CtDefinition
from calciscope.followup.time_point import TimePoint

LIKE = 0.1
"""Thicknesses and spacings that differ by less than this share are alike."""

RULES = (
    "minimum_volume_mm3",
    "minimum_voxels",
    "minimum_peak_hu",
    "background_shell_mm",
    "ha_mg_cc_per_hu_relative_uncertainty",
)
"""Settings of measurement that must be the same for masses to be comparable."""


@dataclass(frozen=True)
class Protocols:
    """How two dates were made.

    Attributes:
        differences: one sentence each.
        same: whether nothing differs and nothing is unknown that matters to the mass.
        same_kvp: whether both tube voltages are stated and equal.
        days: between the dates; None where one is not known.
    """

    differences: tuple[str, ...]
    same: bool
    same_kvp: bool
    days: int | None


def compare_protocols(earlier: TimePoint, later: TimePoint) -> Protocols:
    """Hold the scans and their analyses against each other.

    Raises:
        InputError: the dates are the wrong way round, or the analyses differ so that the change
            would be one of the method.
    """
    days = _days(earlier, later)
    _refuse_other_method(earlier, later)
    one, two = earlier.findings.ct.definition, later.findings.ct.definition
    scans = [*_voltage(one, two), *_scan(one, two)]
    return Protocols(
        differences=(*scans, *_analysis(earlier, later)),
        same=not scans,
        same_kvp=not _voltage(one, two),
        days=days,
    )


def _days(earlier: TimePoint, later: TimePoint) -> int | None:
    first, second = (point.findings.provenance.acquired_on for point in (earlier, later))
    if first is None or second is None:
        return None
    days = (date.fromisoformat(second) - date.fromisoformat(first)).days
    if days < 0:
        raise InputError(
            f"{earlier.source} is of {first} and {later.source} of {second}; give the earlier "
            "one first"
        )
    return days


def require_method(point: TimePoint, method: str) -> None:
    """Refuse to analyze a study by a method that was not that of the other date.

    Raises:
        InputError: the other date was analyzed by another one.
    """
    if _method(point) != method:
        raise InputError(
            f"{point.source} was analyzed by {_method(point)} and the study would be by {method}, "
            "so that a change could be one of the method; give the same --model and --mode"
        )


def _refuse_other_method(earlier: TimePoint, later: TimePoint) -> None:
    """Raise if another model, or another mode of it, saw the other date."""
    methods = [_method(point) for point in (earlier, later)]
    if methods[0] != methods[1]:
        raise InputError(
            f"{earlier.source} was analyzed by {methods[0]} and {later.source} by {methods[1]}, so "
            "that a change could be one of the method; analyze both with the same --model and "
            "--mode"
        )


def method_text(point: TimePoint) -> str:
    """Name and version of the models that took part."""
    models = point.findings.provenance.models
    return ", ".join(f"{model.name} {model.version}" for model in models)


def _method(point: TimePoint) -> str:
    return f"{method_text(point)} ({point.findings.ct.definition.mode})"


def _voltage(one: CtDefinition, two: CtDefinition) -> list[str]:
    if one.kvp_assumed or two.kvp_assumed:
        return [
            "The tube voltage is not stated at both dates: the calibration of mass may differ "
            "between them."
        ]
    if abs(one.kvp - two.kvp) > 0.5:
        return [f"Tube voltages differ: {one.kvp:g} and {two.kvp:g} kVp."]
    return []


def _scan(one: CtDefinition, two: CtDefinition) -> list[str]:
    found = []
    if (one.kernel or "") != (two.kernel or ""):
        found.append(
            f"Kernels differ: {one.kernel or 'not stated'} and {two.kernel or 'not stated'}."
        )
    for name, first, second in (
        ("Slice thicknesses", one.slice_thickness_mm, two.slice_thickness_mm),
        ("Slice distances", one.slice_increment_mm, two.slice_increment_mm),
        ("Pixel sizes", min(one.spacing_mm), min(two.spacing_mm)),
    ):
        if first is None or second is None:
            continue
        if abs(first - second) > LIKE * max(first, second):
            found.append(
                f"{name} differ: {first:.3g} and {second:.3g} mm; small lesions may be seen at one "
                "date only."
            )
    if (one.contrast_agent or "") != (two.contrast_agent or ""):
        found.append(
            f"Contrast agents differ: {one.contrast_agent or 'none'} and "
            f"{two.contrast_agent or 'none'}; enhanced vessels may be taken for mineral."
        )
    return found


def _analysis(earlier: TimePoint, later: TimePoint) -> list[str]:
    found = []
    made = [point.findings.provenance for point in (earlier, later)]
    if made[0].program_version != made[1].program_version:
        found.append(
            f"Versions of the program differ: {made[0].program_version} and "
            f"{made[1].program_version}."
        )
    if [m.sha256 for m in made[0].models] != [m.sha256 for m in made[1].models]:
        found.append(f"Precisions of the model differ: {made[0].engine} and {made[1].engine}.")
    one, two = earlier.findings.ct.definition, later.findings.ct.definition
    unlike = [name for name in RULES if getattr(one, name) != getattr(two, name)]
    if unlike:
        names = ", ".join(name.replace("_", " ") for name in unlike)
        found.append(f"Rules of measurement differ: {names}.")
    if made[0].series and made[0].series == made[1].series:
        found.append("Both dates are the same series.")
    if earlier.patient and later.patient and earlier.patient != later.patient:
        found.append("The patient identifiers of the two studies differ.")
    return found
