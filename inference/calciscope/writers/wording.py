"""Findings in plain words: figures with fitting units, and the sentence that sums up a study."""

from collections.abc import Iterable, Sequence

from calciscope.ct.burden import volume_by_compartment
from calciscope.findings import CtFindings, Lesion
from calciscope.labels import Compartment
from calciscope.locations import LEG_REGIONS, Laterality, Region

PLURALS = {
    Region.THIGH: "thighs",
    Region.KNEE: "knees",
    Region.LOWER_LEG: "lower legs",
    Region.ANKLE: "ankles",
    Region.FOOT: "feet",
}
"""Of the regions of a leg."""

WHERE = {
    Compartment.MUSCLE: "in muscle",
    Compartment.SUBCUTANEOUS: "subcutaneous",
    Compartment.JOINT: "at joints",
    Compartment.BONE: "in bone",
    Compartment.VASCULAR: "vascular",
    Compartment.INDETERMINATE: "in indeterminate tissue",
}


def volume_text(volume_mm3: float) -> str:
    """A volume in mm³ up to 99, else in mL."""
    if volume_mm3 < 99.5:
        return f"{volume_mm3:.0f} mm³"
    return f"{volume_mm3 / 1000:.{1 if volume_mm3 >= 950 else 2}f} mL"


def mass_text(mass_mg: float) -> str:
    """A mass in mg up to 999, else in g."""
    if mass_mg < 999.5:
        return f"{mass_mg:.{0 if mass_mg >= 10 else 1}f} mg"
    return f"{mass_mg / 1000:.2f} g"


def number_text(value: float | None) -> str:
    """A figure with one decimal below 100, thousands parted by a comma; a dash for none."""
    if value is None:
        return "–"
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:,.0f}"


def mass_pm_text(mass_mg: float, uncertainty_mg: float) -> str:
    """A mass in mg with its standard deviation, both with the decimals that fit the latter."""
    decimals = 1 if uncertainty_mg < 9.95 else 0
    return f"{mass_mg:,.{decimals}f} ± {uncertainty_mg:,.{decimals}f}"


def percent_text(share: float) -> str:
    """A share of 1 in percent; what is there but below half a percent is not called 0."""
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def compartment_text(compartment: Compartment) -> str:
    """Name of a compartment."""
    return compartment.value.replace("_", " ")


def sentence(text: str) -> str:
    """A rule in words as a sentence: capital first, full stop last."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def summary_sentence(ct: CtFindings) -> str:
    """What was found, in one sentence; shares are of the partial-volume corrected volume."""
    lesions, total = ct.lesions, ct.burden.total
    if not lesions:
        return "No soft-tissue calcification was found."
    amount = (
        f"{volume_text(total.volume_pv_mm3)} (partial-volume corrected),"
        f" {mass_text(total.ha_mass_mg)} hydroxyapatite"
    )
    place = place_text(lesions)
    if len(lesions) == 1:
        where = WHERE.get(lesions[0].compartment, compartment_text(lesions[0].compartment))
        return f"One soft-tissue calcification {place}, {where}: {amount}."
    parts = [amount, *_shares(lesions)]
    if len(lesions) == 2:
        return f"Two soft-tissue calcifications {place}: {'; '.join(parts)}."
    amount = f"{len(lesions)} lesions, {'; '.join(parts)}"
    return f"Multiple soft-tissue calcifications {place}: {amount}."


def place_text(lesions: Sequence[Lesion]) -> str:
    """Where lesions are, as far as side and region are known: "in both legs", "on the left"."""
    regions = {lesion.region for lesion in lesions}
    if Region.UNKNOWN in regions:
        sides = _sides(lesions)
        if len(sides) == 2:
            return "on both sides"
        return f"on the {sides[0]}" if sides else "in the midline"
    in_legs = [lesion for lesion in lesions if lesion.region in LEG_REGIONS]
    places = ["the pelvis"] if Region.PELVIS in regions else []
    if in_legs:
        regions = {lesion.region for lesion in in_legs}
        single, plural = "leg", "legs"
        if len(regions) == 1:
            region = regions.pop()
            single, plural = region.value, PLURALS[region]
        sides = _sides(in_legs)
        if len(sides) == 2:
            places.append(f"both {plural}")
        else:
            places.append(f"the {sides[0]} {single}" if sides else f"the {single}")
    return f"in {' and '.join(places)}"


def _sides(lesions: Iterable[Lesion]) -> list[str]:
    """Left and right, as far as there are lesions."""
    found = {lesion.laterality for lesion in lesions}
    return [side.value for side in (Laterality.LEFT, Laterality.RIGHT) if side in found]


def _shares(lesions: Sequence[Lesion]) -> list[str]:
    """Shares of the volume by compartment, largest first, and by side where both are affected."""
    total = sum(lesion.volume_pv_mm3 for lesion in lesions)
    if total <= 0:
        return []
    by_side: dict[Laterality, float] = {}
    for lesion in lesions:
        share = lesion.volume_pv_mm3 / total
        by_side[lesion.laterality] = by_side.get(lesion.laterality, 0.0) + share
    words = [
        (volume / total, WHERE.get(compartment, compartment_text(compartment)))
        for compartment, volume in volume_by_compartment(lesions).items()
    ]
    if len(words) == 1:
        texts = [f"all {words[0][1]}"]
    else:
        texts = [", ".join(f"{percent_text(share)} {word}" for share, word in words)]
    if len(_sides(lesions)) == 2:
        sides = [side for side in Laterality if side in by_side]
        texts.append(", ".join(f"{side.value} {percent_text(by_side[side])}" for side in sides))
    return texts
