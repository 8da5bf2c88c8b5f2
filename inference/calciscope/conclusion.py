"""The conclusion of a study: what CT and laboratory values are compatible with, never more."""

from collections.abc import Sequence

from calciscope.ct.burden import figures_of, volume_by_compartment
from calciscope.findings import Conclusion, Consideration, CtFindings, Lesion
from calciscope.labels import Compartment
from calciscope.labs.values import Disease, LabFindings, Pattern
from calciscope.locations import LEG_REGIONS
from calciscope.messages import Messages
from calciscope.spect.findings import Concordance, ConcordanceClass, SpectFindings
from calciscope.uptake_sentences import sides_text, tissues_text, uptake_sentences

NAMED_SHARE = 0.02
"""A compartment or place with less than this share of the volume is not named."""


def conclude(
    ct: CtFindings,
    labs: LabFindings | None,
    disease: Disease | None,
    messages: Messages,
    spect: SpectFindings | None = None,
    concordance: Sequence[Concordance] = (),
    differential: Sequence[Consideration] = (),
) -> Conclusion:
    """Sum up a study.

    Args:
        ct: the CT findings.
        labs: interpreted laboratory values; None where none were given.
        disease: behind the study, as far as it was given.
        messages: in the language of the conclusion.
        spect: the hot spots; None without SPECT.
        concordance: of lesions and hot spots.
        differential: what the uptake may be, see `calciscope.differential`.
    """
    is_hot = any(row.classified is ConcordanceClass.CALCIFIED_HOT for row in concordance)
    sentences = [_first(ct, labs, disease, messages, is_hot)]
    if not ct.lesions and labs is not None and labs.pattern is Pattern.METASTATIC_OR_MIXED:
        sentences.append(labs.wording)
    linear = sum(chain.linear_along_axis for chain in ct.chains)
    if linear:
        key = "one_chain" if linear == 1 else "chains"
        sentences.append(messages.text(f"conclusion.{key}", count=str(linear)))
    if spect is not None:
        sentences += uptake_sentences(ct.lesions, spect, concordance, differential, messages)
    in_muscle = Compartment.MUSCLE in named_compartments(ct.lesions)
    if in_muscle and disease is not None and disease.is_systemic_sclerosis:
        sentences.append(messages.text("conclusion.muscle_prognosis"))
    sentences += [messages.text("conclusion.always"), messages.text("notice")]
    return Conclusion(messages.language, tuple(sentences))


def named_compartments(lesions: Sequence[Lesion]) -> tuple[Compartment, ...]:
    """The compartments worth a word, by their share of the partial-volume corrected volume."""
    volumes = volume_by_compartment(lesions)
    least = NAMED_SHARE * sum(volumes.values())
    return tuple(compartment for compartment, volume in volumes.items() if volume >= least)


def _first(
    ct: CtFindings,
    labs: LabFindings | None,
    disease: Disease | None,
    messages: Messages,
    is_hot: bool,
) -> str:
    if not ct.lesions:
        return messages.text("conclusion.nothing_found")
    where = messages.text(
        "where", place=_place(ct.lesions, messages), tissues=_tissues(ct.lesions, messages)
    )
    if labs is None or (
        labs.pattern is Pattern.UNDETERMINED and labs.derived.product_mg2_dl2 is None
    ):
        return messages.text("conclusion.no_labs", where=where)
    if labs.pattern is Pattern.IDIOPATHIC_OR_IATROGENIC:
        return messages.text("conclusion.idiopathic_or_iatrogenic", where=where)
    named = _disease(disease, messages)
    if labs.pattern is Pattern.METASTATIC_OR_MIXED:
        reasons = messages.listed(_reasons(labs, messages))
        return messages.text(
            "conclusion.metastatic_or_mixed", where=where, disease=named, reasons=reasons
        )
    if is_hot and labs.pattern is Pattern.DYSTROPHIC:
        return _dystrophic_and_hot(ct.lesions, named, messages)
    return messages.text(f"conclusion.{labs.pattern.value}", where=where, disease=named)


def _dystrophic_and_hot(lesions: Sequence[Lesion], disease: str, messages: Messages) -> str:
    """The first sentence where mineral of dystrophic pattern takes up tracer."""
    named = named_compartments(lesions)
    in_muscle = Compartment.MUSCLE in named
    return messages.text(
        "conclusion.dystrophic_hot",
        tissues=tissues_text([each for each in lesions if each.compartment in named], messages),
        disease=disease,
        muscle=messages.text("with_muscle") if in_muscle else "",
        place=_place(lesions, messages),
    )


def _place(lesions: Sequence[Lesion], messages: Messages) -> str:
    """Which legs; the examined region where more than a trace lies elsewhere."""
    in_legs = [lesion for lesion in lesions if lesion.region in LEG_REGIONS]
    total = figures_of(lesions).volume_pv_mm3
    if figures_of(in_legs).volume_pv_mm3 < (1.0 - NAMED_SHARE) * total:
        return messages.text("place.elsewhere")
    return sides_text(in_legs, messages)


def _tissues(lesions: Sequence[Lesion], messages: Messages) -> str:
    names = [messages.text(f"tissue.{c.value}") for c in named_compartments(lesions)]
    return messages.listed(names)


def _disease(disease: Disease | None, messages: Messages) -> str:
    if disease is None or disease in (Disease.NONE, Disease.OTHER):
        return ""
    return messages.text("in_disease", name=messages.text(f"disease.{disease.value}"))


def _reasons(labs: LabFindings, messages: Messages) -> list[str]:
    product = labs.derived.product_mg2_dl2
    shown = "" if product is None else messages.number(product, 1)
    return [messages.text(f"reason.{key}", product=shown) for key in labs.reasons]
