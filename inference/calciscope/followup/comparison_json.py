"""A comparison as `comparison.json`, in the shape that `comparison.schema.json` describes."""

import json
from importlib import resources
from typing import Any

from calciscope.findings_json import plain
from calciscope.followup.comparison import Comparison


def comparison_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of `comparison.json`, as shipped."""
    resource = resources.files("calciscope").joinpath("comparison.schema.json")
    schema: dict[str, Any] = json.loads(resource.read_text(encoding="utf-8"))
    return schema


def comparison_to_json(comparison: Comparison) -> str:
    """A comparison as the text of `comparison.json`.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    text = json.dumps(plain(comparison, None), indent=2, ensure_ascii=False, allow_nan=False)
    return text + "\n"
