"""Laboratory values and what follows from them, as rows of the report."""

from calciscope.labs.values import DerivedLabs, LabFindings, Quantity
from calciscope.messages import Messages

Row = tuple[str, str]


def given_rows(labs: LabFindings, messages: Messages) -> list[Row]:
    """Names and values as they were given; the disease belongs to the conclusion."""
    return [
        (messages.text(f"labs.name.{name}"), _given_text(value, messages))
        for name, value in labs.given.items()
        if name != "disease"
    ]


def derived_rows(labs: LabFindings, messages: Messages) -> list[Row]:
    """Names and values of what follows."""
    derived = labs.derived
    rows = [
        ("calcium_corrected", _calcium_text(derived, messages)),
        ("product", _product_text(derived, messages)),
        ("creatine_kinase_ratio", _ratio_text(derived, messages)),
        ("anti_centromere", _level(derived.anti_centromere_level, messages)),
    ]
    return [(messages.text(f"labs.name.{name}"), text) for name, text in rows if text]


def _given_text(value: Quantity | str, messages: Messages) -> str:
    if isinstance(value, str):
        return value
    text = f"{messages.number(value.value)} {value.unit}".strip()
    if value.upper_limit is None:
        return text
    limit = messages.text("labs.name.upper_limit", limit=messages.number(value.upper_limit))
    return f"{text} ({limit})"


def _calcium_text(derived: DerivedLabs, messages: Messages) -> str:
    if not derived.calcium_is_corrected:
        return ""
    return _two_units(derived.calcium_mg_dl, 2, "mg/dL", derived.calcium_mmol_l, "mmol/L", messages)


def _product_text(derived: DerivedLabs, messages: Messages) -> str:
    level = _level(derived.product_level, messages)
    product = _two_units(
        derived.product_mg2_dl2, 1, "mg²/dL²", derived.product_mmol2_l2, "mmol²/L²", messages
    )
    return f"{product}, {level}" if product else ""


def _two_units(
    value: float | None,
    decimals: int,
    unit: str,
    si_value: float | None,
    si_unit: str,
    messages: Messages,
) -> str:
    if value is None or si_value is None:
        return ""
    return f"{messages.number(value, decimals)} {unit} ({messages.number(si_value, 2)} {si_unit})"


def _ratio_text(derived: DerivedLabs, messages: Messages) -> str:
    ratio = derived.creatine_kinase_ratio
    return "" if ratio is None else messages.number(ratio, 1)


def _level(level: str | None, messages: Messages) -> str:
    return "" if level is None else messages.text(f"labs.level.{level}")
