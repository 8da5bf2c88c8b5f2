"""What extra-osseous uptake may be: a list to be considered, graded by compartment.

The list is that of the case report this program was made for, extended by the pitfalls of bone
scans. A grade says how far compartment, CT and laboratory values speak for a cause; it is no
probability, and nothing here is a diagnosis.
"""

from collections.abc import Callable
from dataclasses import dataclass

from calciscope.findings import Consideration, Grade
from calciscope.labels import Compartment as In
from calciscope.labs.values import Disease, Pattern
from calciscope.messages import Messages
from calciscope.uptake_evidence import UptakeEvidence

MYOPATHIES = (Disease.DERMATOMYOSITIS, Disease.POLYMYOSITIS)
SOFT_TISSUE = (In.MUSCLE, In.SUBCUTANEOUS)


@dataclass(frozen=True)
class Verdict:
    """Grade of one cause and why.

    Attributes:
        reasons: keys of sentences under `differential.reason`.
        hot_spot_ids: that speak for it.
        compartments: named in the sentences.
    """

    grade: Grade
    reasons: tuple[str, ...]
    hot_spot_ids: tuple[int, ...] = ()
    compartments: tuple[In, ...] = ()


@dataclass(frozen=True)
class CompartmentRule:
    """A cause that is told by compartment alone.

    Attributes:
        compartments: where it would be seen.
        against_calcified: uptake that calcification explains does not speak for it.
        only_if_seen: not listed without uptake there.
    """

    compartments: tuple[In, ...]
    against_calcified: bool = False
    only_if_seen: bool = False

    def __call__(self, evidence: UptakeEvidence) -> Verdict | None:
        """Judge it; None where it is not to be listed."""
        seen = evidence.within(self.compartments)
        if not seen:
            missing = Verdict(Grade.LESS_LIKELY, ("not_seen",), (), self.compartments)
            return None if self.only_if_seen else missing
        where = tuple(c for c in self.compartments if evidence.by_compartment.get(c))
        if self.against_calcified and set(seen) <= evidence.calcified:
            return Verdict(Grade.LESS_LIKELY, ("all_calcified",), seen, where)
        return Verdict(Grade.TO_BE_CONSIDERED, ("seen",), seen, where)


def _dystrophic(evidence: UptakeEvidence) -> Verdict | None:
    """Mineral in damaged tissue, with normal calcium and phosphate."""
    if not evidence.has_calcification:
        return None
    # Wherever the network puts uptake at mineral, be it in no clear compartment.
    hot = tuple(sorted(evidence.calcified))
    where = tuple(c for c in In if evidence.calcified.intersection(evidence.within((c,))))
    cold = "calcified_and_cold" if evidence.has_cold_calcification else "calcified_and_open"
    uptake = "calcified_and_hot" if hot else cold
    if evidence.labs is Pattern.METASTATIC_OR_MIXED:
        return Verdict(Grade.LESS_LIKELY, (uptake, "labs_metastatic"), hot, where)
    if evidence.labs is Pattern.DYSTROPHIC:
        grade = Grade.SUPPORTED if hot else Grade.TO_BE_CONSIDERED
        return Verdict(grade, (uptake, "labs_normal"), hot, where)
    return Verdict(Grade.TO_BE_CONSIDERED, (uptake, _labs_open(evidence)), hot, where)


def _metastatic(evidence: UptakeEvidence) -> Verdict:
    """Hypercalcemia or renal failure: lung and stomach, without thyroid and salivary glands.

    Kidneys are part of the pattern, but their uptake is always expected and speaks for nothing.
    """
    lung = evidence.by_compartment.get(In.THORACIC, ())
    # Faint uptake of bowel and stomach is expected, too.
    above_expected = evidence.by_compartment.get(In.PERTECHNETATE_GI, ())
    stomach = tuple(i for i in evidence.stomach if i in above_expected and not evidence.neck)
    seen = tuple(sorted((*lung, *stomach)))
    key = "lung_and_stomach" if lung and stomach else "lung" if lung else "stomach"
    if not lung and not stomach:
        seen, key = (), "neither_lung_nor_stomach"
    if evidence.labs is Pattern.METASTATIC_OR_MIXED:
        grade = Grade.SUPPORTED if lung or stomach else Grade.TO_BE_CONSIDERED
        return Verdict(grade, ("labs_metastatic", key), seen)
    normal = evidence.labs in (Pattern.DYSTROPHIC, Pattern.IDIOPATHIC_OR_IATROGENIC)
    told = "labs_normal" if normal else _labs_open(evidence)
    # Both together are the pattern; one alone needs the laboratory values.
    likely = bool(lung and stomach) or (bool(lung or stomach) and not normal)
    return Verdict(Grade.TO_BE_CONSIDERED if likely else Grade.LESS_LIKELY, (key, told), seen)


def _free_pertechnetate(evidence: UptakeEvidence) -> Verdict | None:
    """A fault of preparation: stomach with thyroid or salivary glands."""
    seen = tuple(sorted((*evidence.neck, *evidence.stomach)))
    if evidence.neck and evidence.stomach:
        return Verdict(Grade.SUPPORTED, ("neck_and_stomach",), seen)
    if seen:
        return Verdict(Grade.TO_BE_CONSIDERED, ("neck" if evidence.neck else "stomach",), seen)
    return None


def _myopathy(evidence: UptakeEvidence) -> Verdict | None:
    """Muscle disease: inflammatory, or of systemic sclerosis."""
    seen = evidence.by_compartment.get(In.MUSCLE, ())
    if not seen:
        return None
    reasons = ["seen"]
    if evidence.creatine_kinase_raised:
        reasons.append("creatine_kinase")
    disease = evidence.disease
    if disease is not None and (disease in MYOPATHIES or disease.is_systemic_sclerosis):
        reasons.append("known_disease")
    grade = Grade.SUPPORTED if len(reasons) > 1 else Grade.TO_BE_CONSIDERED
    return Verdict(grade, tuple(reasons), seen, (In.MUSCLE,))


def _myositis_ossificans(evidence: UptakeEvidence) -> Verdict:
    """Ossification of muscle: zonal on CT once it is mature."""
    seen = evidence.by_compartment.get(In.MUSCLE, ())
    if not seen:
        return Verdict(Grade.LESS_LIKELY, ("not_seen",), (), (In.MUSCLE,))
    if evidence.zonal:
        return Verdict(Grade.SUPPORTED, ("zonal",), evidence.zonal, (In.MUSCLE,))
    early = tuple(i for i in seen if i not in evidence.calcified)
    if early:
        return Verdict(Grade.TO_BE_CONSIDERED, ("seen", "perhaps_early"), early, (In.MUSCLE,))
    return Verdict(Grade.LESS_LIKELY, ("seen", "not_zonal"), seen, (In.MUSCLE,))


def _labs_open(evidence: UptakeEvidence) -> str:
    if evidence.labs is None:
        return "labs_missing"
    return "labs_open" if evidence.labs is Pattern.UNDETERMINED else "labs_normal"


RULES: dict[str, Callable[[UptakeEvidence], Verdict | None]] = {
    "dystrophic_calcification": _dystrophic,
    "metastatic_calcification": _metastatic,
    "myopathy": _myopathy,
    "myositis_ossificans": _myositis_ossificans,
    "necrosis": CompartmentRule(SOFT_TISSUE),
    "ischemia_or_infarction": CompartmentRule((In.MUSCLE, In.THORACIC, In.ABDOMINAL), True),
    "cellulitis": CompartmentRule((In.SUBCUTANEOUS,), True),
    "sarcoidosis": CompartmentRule((In.MUSCLE, In.THORACIC, In.ABDOMINAL), True),
    "amyloidosis": CompartmentRule((In.MUSCLE, In.THORACIC, In.ABDOMINAL), True),
    "effusion": CompartmentRule((In.THORACIC,)),
    "hepatic_metastasis": CompartmentRule((In.ABDOMINAL,)),
    "osteosarcoma_metastasis": CompartmentRule((In.THORACIC, In.BONE)),
    "neuroblastoma": CompartmentRule((In.ABDOMINAL, In.THORACIC)),
    "free_pertechnetate": _free_pertechnetate,
    "injection_or_contamination": CompartmentRule((In.ARTEFACT,), only_if_seen=True),
    "vascular_uptake": CompartmentRule((In.VASCULAR,), only_if_seen=True),
    "skeletal_disease": CompartmentRule((In.BONE, In.JOINT), only_if_seen=True),
    "breast_uptake": CompartmentRule((In.BREAST,), only_if_seen=True),
}
"""By name under `differential.name`, in the order they are listed within a grade."""


def differential(evidence: UptakeEvidence, messages: Messages) -> tuple[Consideration, ...]:
    """The list for a study, strongest grade first.

    Args:
        evidence: what was found.
        messages: in the language of the list.
    """
    judged = [(key, rule(evidence)) for key, rule in RULES.items()]
    found = [_worded(key, verdict, messages) for key, verdict in judged if verdict is not None]
    order = list(Grade)
    return tuple(sorted(found, key=lambda each: order.index(each.grade)))


def _worded(key: str, verdict: Verdict, messages: Messages) -> Consideration:
    sites = messages.listed([messages.text(f"tissue.{c.value}") for c in verdict.compartments])
    reasons = (
        messages.text(f"differential.reason.{reason}", sites=sites) for reason in verdict.reasons
    )
    name = messages.text(f"differential.name.{key}")
    return Consideration(
        key, verdict.grade, name, messages.text("semicolon").join(reasons), verdict.hot_spot_ids
    )
