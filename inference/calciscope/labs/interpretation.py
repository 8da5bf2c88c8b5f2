"""What laboratory values mean for soft-tissue calcification: sums and rules, no guesses.

Limits are those of adults: calcium 8.5 to 10.5 mg/dL, phosphate 2.5 to 4.5 mg/dL, product at most
55 mg²/dL² (above 70: high risk). Values are compared as they are shown, rounded: 2.62 mmol/L is
10.50 mg/dL, and normal.
"""

from calciscope.labs.units import (
    ANALYTES,
    CALCIUM_MG_DL_PER_MMOL_L,
    PHOSPHORUS_MG_DL_PER_MMOL_L,
)
from calciscope.labs.values import DerivedLabs, Disease, LabFindings, LabValues, Pattern, Quantity
from calciscope.messages import Messages

CALCIUM_MG_DL = (8.5, 10.5)
PHOSPHATE_MG_DL = (2.5, 4.5)
PRODUCT_ALERT, PRODUCT_HIGH_RISK = 55.0, 70.0
"""mg²/dL² above which a product is to be noted, and dangerous."""

PRODUCT_PER_SI = 12.4
"""mg²/dL² in one mmol²/L²."""

EGFR_FAILURE, EGFR_REDUCED = 30.0, 60.0
"""mL/min/1.73m2 under which kidneys explain mineral, and under which corrected calcium errs."""

BORDERLINE = 1.1
"""An antibody up to this many times its limit is borderline (design)."""


def interpret(values: LabValues, messages: Messages) -> LabFindings:
    """Derive what follows from laboratory values, with the wording that they support.

    Args:
        values: as they were read.
        messages: in the language of the wording.
    """
    exact_calcium, corrected = corrected_calcium_mg_dl(values)
    exact_phosphate = _in_first("phosphate", values.phosphate)
    exact_product = _product(exact_calcium, exact_phosphate, values)
    calcium, phosphate = _shown(exact_calcium, 2), _shown(exact_phosphate, 2)
    product = _shown(exact_product, 1)
    reasons = _reasons(calcium, phosphate, product, values)
    pattern = _pattern(calcium, phosphate, reasons, values.disease)
    derived = DerivedLabs(
        calcium_mg_dl=calcium,
        calcium_mmol_l=None if exact_calcium is None else exact_calcium / CALCIUM_MG_DL_PER_MMOL_L,
        calcium_is_corrected=corrected,
        product_mg2_dl2=product,
        product_mmol2_l2=None if exact_product is None else exact_product / PRODUCT_PER_SI,
        product_level=None if product is None else _product_level(product),
        creatine_kinase_ratio=_ratio(values.creatine_kinase),
        anti_centromere_level=_antibody_level(values.anti_centromere),
    )
    keys = _notes(values, corrected, calcium, phosphate, pattern)
    notes = tuple(messages.text(f"labs.note.{key}") for key in keys)
    wording = messages.text(f"labs.pattern.{pattern.value}")
    return LabFindings(values.given(), derived, pattern, reasons, wording, notes)


def _product(
    calcium_mg_dl: float | None, phosphate_mg_dl: float | None, values: LabValues
) -> float | None:
    """In mg²/dL²; where both were given in mmol/L, from their product in mmol²/L²."""
    if calcium_mg_dl is None or phosphate_mg_dl is None:
        return None
    given = values.calcium, values.phosphate
    if all(quantity is not None and quantity.unit == "mmol/L" for quantity in given):
        calcium = calcium_mg_dl / CALCIUM_MG_DL_PER_MMOL_L
        return calcium * (phosphate_mg_dl / PHOSPHORUS_MG_DL_PER_MMOL_L) * PRODUCT_PER_SI
    return calcium_mg_dl * phosphate_mg_dl


def _shown(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)


def corrected_calcium_mg_dl(values: LabValues) -> tuple[float | None, bool]:
    """Calcium for an albumin of 4.0 g/dL, and whether albumin was there to correct it.

    Ca + 0.8 (4.0 - albumin) in mg/dL and g/dL, Ca + 0.02 (40 - albumin) in mmol/L and g/L (Payne
    1973): each in the unit that calcium was given in.
    """
    given = values.calcium
    if given is None:
        return None, False
    albumin = _in_first("albumin", values.albumin)
    if albumin is None:
        return _in_first("calcium", given), False
    if given.unit == "mmol/L":
        corrected = given.value + 0.02 * (40.0 - 10.0 * albumin)
        return corrected * CALCIUM_MG_DL_PER_MMOL_L, True
    return given.value + 0.8 * (4.0 - albumin), True


def _reasons(
    calcium: float | None, phosphate: float | None, product: float | None, values: LabValues
) -> tuple[str, ...]:
    """What speaks for metastatic or mixed calcification."""
    found = []
    if calcium is not None and calcium > CALCIUM_MG_DL[1]:
        found.append("calcium_high")
    if phosphate is not None and phosphate > PHOSPHATE_MG_DL[1]:
        found.append("phosphate_high")
    if product is not None and product > PRODUCT_ALERT:
        found.append("product_high")
    if values.egfr is not None and values.egfr.value < EGFR_FAILURE:
        found.append("egfr_low")
    return tuple(found)


def _pattern(
    calcium: float | None,
    phosphate: float | None,
    reasons: tuple[str, ...],
    disease: Disease | None,
) -> Pattern:
    if reasons:
        return Pattern.METASTATIC_OR_MIXED
    if calcium is None or phosphate is None:
        return Pattern.UNDETERMINED
    if calcium < CALCIUM_MG_DL[0] or phosphate < PHOSPHATE_MG_DL[0]:
        return Pattern.UNDETERMINED
    if disease is Disease.NONE:
        return Pattern.IDIOPATHIC_OR_IATROGENIC
    return Pattern.DYSTROPHIC


def _product_level(product: float) -> str:
    if product > PRODUCT_HIGH_RISK:
        return "high_risk"
    return "alert" if product > PRODUCT_ALERT else "normal"


def _ratio(given: Quantity | None) -> float | None:
    return None if given is None or given.upper_limit is None else given.value / given.upper_limit


def _antibody_level(given: Quantity | None) -> str | None:
    ratio = _ratio(given)
    if ratio is None:
        return None
    if ratio <= 1.0:
        return "negative"
    return "borderline" if ratio <= BORDERLINE else "positive"


def _notes(
    values: LabValues,
    corrected: bool,
    calcium: float | None,
    phosphate: float | None,
    pattern: Pattern,
) -> list[str]:
    found = []
    if calcium is not None:
        found.append("albumin_assay" if corrected else "albumin_missing")
    in_kidney_disease = values.disease is Disease.CHRONIC_KIDNEY_DISEASE
    reduced = values.egfr is not None and values.egfr.value < EGFR_REDUCED
    if corrected and (in_kidney_disease or reduced):
        found.append("correction_in_kidney_disease")
    if in_kidney_disease and values.egfr is None:
        found.append("egfr_missing")
    if calcium is not None and calcium < CALCIUM_MG_DL[0]:
        found.append("calcium_low")
    if phosphate is not None and phosphate < PHOSPHATE_MG_DL[0]:
        found.append("phosphate_low")
    if pattern is Pattern.UNDETERMINED and (calcium is None or phosphate is None):
        found.append("incomplete")
    return found


def _in_first(name: str, given: Quantity | None) -> float | None:
    return None if given is None else ANALYTES[name].in_first(given.value, given.unit)
