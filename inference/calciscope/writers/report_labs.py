"""Laboratory values and what follows from them, as rows of the report."""

from calciscope.labs.values import DerivedLabs, LabFindings, Quantity
from calciscope.messages import Messages

Row = tuple[str, str]


def given_rows(labs: LabFindings, messages: Messages) -> list[Row]:
    """Names and values as they were given; the disease is named in the conclusion."""
    return [
        (messages.text(f"labs.name.{name}"), _given_text(value, messages))
        for name, value in labs.given.items()
        if name != "disease"
    ]


def derived_rows(labs: LabFindings, messages: Messages) -> list[Row]:
    """Names and values of what follows."""
    derived = labs.derived
    rows = [
        ("calcium_corrected", _calcium_text(derived)),
        ("product", _product_text(derived, messages)),
        ("creatine_kinase_ratio", _number(derived.creatine_kinase_ratio, 1)),
        ("anti_centromere", _level(derived.anti_centromere_level, messages)),
    ]
    return [(messages.text(f"labs.name.{name}"), text) for name, text in rows if text]


def _given_text(value: Quantity | str, messages: Messages) -> str:
    if isinstance(value, str):
        return value
    text = f"{value.value:g} {value.unit}".strip()
    if value.upper_limit is None:
        return text
    limit = messages.text("labs.name.upper_limit", limit=f"{value.upper_limit:g}")
    return f"{text} ({limit})"


def _calcium_text(derived: DerivedLabs) -> str:
    if not derived.calcium_is_corrected or derived.calcium_mg_dl is None:
        return ""
    return f"{derived.calcium_mg_dl:.2f} mg/dL ({derived.calcium_mmol_l:.2f} mmol/L)"


def _product_text(derived: DerivedLabs, messages: Messages) -> str:
    if derived.product_mg2_dl2 is None or derived.product_mmol2_l2 is None:
        return ""
    level = _level(derived.product_level, messages)
    return (
        f"{derived.product_mg2_dl2:.1f} mg²/dL² ({derived.product_mmol2_l2:.2f} mmol²/L²), {level}"
    )


def _level(level: str | None, messages: Messages) -> str:
    return "" if level is None else messages.text(f"labs.level.{level}")


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"
