"""Laboratory values as they were given, and as findings."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from calciscope.decimals import Number1, Number2


class Disease(StrEnum):
    """The disease behind a study, as far as the wording depends on it."""

    LIMITED_SYSTEMIC_SCLEROSIS = "limited_systemic_sclerosis"
    DIFFUSE_SYSTEMIC_SCLEROSIS = "diffuse_systemic_sclerosis"
    DERMATOMYOSITIS = "dermatomyositis"
    POLYMYOSITIS = "polymyositis"
    LUPUS = "lupus"
    OTHER_CONNECTIVE_TISSUE_DISEASE = "other_connective_tissue_disease"
    CHRONIC_KIDNEY_DISEASE = "chronic_kidney_disease"
    TRAUMA = "trauma"
    OTHER = "other"
    NONE = "none"

    @property
    def is_systemic_sclerosis(self) -> bool:
        """Whether involvement of muscle is a known sign of poor prognosis."""
        return self in (Disease.LIMITED_SYSTEMIC_SCLEROSIS, Disease.DIFFUSE_SYSTEMIC_SCLEROSIS)


class Pattern(StrEnum):
    """What calcium, phosphate and kidney function support."""

    DYSTROPHIC = "dystrophic"
    METASTATIC_OR_MIXED = "metastatic_or_mixed"
    IDIOPATHIC_OR_IATROGENIC = "idiopathic_or_iatrogenic"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Quantity:
    """A value with its unit, and the upper limit of normal in the same unit if it was given."""

    value: float
    unit: str
    upper_limit: float | None = None


@dataclass(frozen=True)
class LabValues:
    """What a file of laboratory values says; None where it says nothing.

    Attributes:
        calcium: total, in serum.
        phosphate: inorganic, in serum; as phosphorus where in mg/dL.
        albumin: in serum.
        egfr: estimated glomerular filtration rate.
        creatine_kinase, anti_centromere: with the upper limit of normal.
        ana_titer: of antinuclear antibodies, such as "1:320".
        disease: behind the study; NONE where it is known that there is none.
    """

    calcium: Quantity | None = None
    phosphate: Quantity | None = None
    albumin: Quantity | None = None
    egfr: Quantity | None = None
    creatine_kinase: Quantity | None = None
    anti_centromere: Quantity | None = None
    ana_titer: str | None = None
    disease: Disease | None = None

    def given(self) -> dict[str, Quantity | str]:
        """What the file said, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class DerivedLabs:
    """What follows from the values given; None where a value for it is missing.

    Attributes:
        calcium_mg_dl, calcium_mmol_l: corrected for albumin where that was given.
        calcium_is_corrected: whether it was.
        product_mg2_dl2, product_mmol2_l2: of that calcium and phosphate.
        product_level: normal, alert (above 55 mg²/dL²) or high_risk (above 70).
        creatine_kinase_ratio: times the upper limit of normal.
        anti_centromere_level: negative, borderline (up to a tenth above the limit) or positive.
    """

    calcium_mg_dl: Number2 | None
    calcium_mmol_l: Number2 | None
    calcium_is_corrected: bool
    product_mg2_dl2: Number1 | None
    product_mmol2_l2: Number2 | None
    product_level: str | None
    creatine_kinase_ratio: Number1 | None
    anti_centromere_level: str | None


@dataclass(frozen=True)
class LabFindings:
    """The laboratory part of the findings.

    Attributes:
        given: as in the file.
        derived: what follows.
        pattern: what the values support.
        reasons: keys of what speaks for metastatic or mixed calcification.
        wording: of the pattern, a sentence.
        notes: sentences on the limits of the values.
    """

    given: Mapping[str, Quantity | str]
    derived: DerivedLabs
    pattern: Pattern
    reasons: tuple[str, ...]
    wording: str
    notes: tuple[str, ...]
