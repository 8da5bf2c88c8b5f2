"""What the conclusion says of uptake: class by class, then what may be behind it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from calciscope.findings import Consideration, Grade, Lesion
from calciscope.labels import Compartment
from calciscope.locations import LEG_REGIONS, Laterality, Region
from calciscope.messages import Messages
from calciscope.spect.findings import Concordance, ConcordanceClass, SpectFindings

BEYOND_CT = "beyond_ct"
"""Key of the sentence about hot spots that the CT does not show."""

SUPERFICIAL_FIRST = (Compartment.SUBCUTANEOUS, Compartment.MUSCLE)


class Placed(Protocol):
    """A lesion or a hot spot, as far as its place is concerned."""

    @property
    def compartment(self) -> Compartment:
        """Where it lies."""

    @property
    def laterality(self) -> Laterality:
        """Its side."""

    @property
    def region(self) -> Region:
        """Part of the body."""


def uptake_sentences(
    lesions: Sequence[Lesion],
    spect: SpectFindings,
    concordance: Sequence[Concordance],
    differential: Sequence[Consideration],
    messages: Messages,
) -> list[str]:
    """Sentences for a study with SPECT.

    Args:
        lesions: of the CT.
        spect: the hot spots.
        concordance: of both.
        differential: what the uptake may be.
        messages: in the language of the conclusion.
    """
    said = [] if any(not s.physiologic for s in spect.hot_spots) else [messages.text("uptake.none")]
    for key, rows in _by_sentence(concordance).items():
        placed = members(rows, lesions, spect)
        if placed:
            said.append(
                messages.text(
                    f"uptake.{key}",
                    tissues=tissues_text(placed, messages),
                    place=sides_text(placed, messages),
                )
            )
    if concordance:
        said.append(messages.text("uptake.interpretation"))
    for each in differential:
        is_metastatic = each.key == "metastatic_calcification"
        if is_metastatic and each.hot_spot_ids and each.grade is not Grade.LESS_LIKELY:
            said.append(messages.text("uptake.metastatic", reason=each.reason))
    graded = graded_text(differential, messages)
    return said + ([messages.text("uptake.graded", list=graded)] if graded else [])


def _by_sentence(concordance: Sequence[Concordance]) -> dict[str, list[Concordance]]:
    """Rows by the key of their sentence, class by class; what the CT does not show is apart."""
    sentences: dict[str, list[Concordance]] = {kind.value: [] for kind in ConcordanceClass}
    sentences[BEYOND_CT] = []
    for row in concordance:
        sentences[BEYOND_CT if row.beyond_ct else row.classified.value].append(row)
    return sentences


def members(
    rows: Sequence[Concordance], lesions: Sequence[Lesion], spect: SpectFindings
) -> list[Placed]:
    """What rows are made of: hot spots that are not physiologic, lesions where there are none."""
    spots = {number for row in rows for number in row.hot_spot_ids}
    found: list[Placed] = [s for s in spect.hot_spots if s.id in spots and not s.physiologic]
    if found:
        return found
    cold = {number for row in rows if not row.hot_spot_ids for number in row.lesion_ids}
    return [lesion for lesion in lesions if lesion.id in cold]


def tissues_text(placed: Sequence[Placed], messages: Messages) -> str:
    """The compartments, from the skin inwards; muscle of the legs by that name."""
    present = {item.compartment for item in placed}
    order = (*SUPERFICIAL_FIRST, *(c for c in Compartment if c not in SUPERFICIAL_FIRST))
    return messages.listed([_tissue(c, placed, messages) for c in order if c in present])


def _tissue(compartment: Compartment, placed: Iterable[Placed], messages: Messages) -> str:
    regions = {item.region for item in placed if item.compartment is compartment}
    in_legs = compartment is Compartment.MUSCLE and regions <= set(LEG_REGIONS)
    return messages.text("tissue.leg_muscle" if in_legs else f"tissue.{compartment.value}")


def sides_text(placed: Sequence[Placed], messages: Messages) -> str:
    """Which legs; the examined region where anything lies elsewhere."""
    sides = {item.laterality for item in placed}
    if any(item.region not in LEG_REGIONS for item in placed):
        return messages.text("place.elsewhere")
    if sides == {Laterality.LEFT}:
        return messages.text("place.left_leg")
    if sides == {Laterality.RIGHT}:
        return messages.text("place.right_leg")
    if {Laterality.LEFT, Laterality.RIGHT} <= sides:
        return messages.text("place.both_legs")
    return messages.text("place.elsewhere")


def graded_text(differential: Sequence[Consideration], messages: Messages) -> str:
    """The list in one line: "supported: a, b; to be considered: c; less likely: d"."""
    parts = []
    for grade in Grade:
        names = ", ".join(each.name for each in differential if each.grade is grade)
        if names:
            name = messages.text(f"differential.grade.{grade.value}")
            parts.append(f"{name}{messages.text('colon')}{names}")
    return messages.text("semicolon").join(parts)
