"""Licenses of cases under one spelling, and the filter that `import` and training share."""

import re
from collections.abc import Collection, Mapping
from typing import Any

UNKNOWN = "unknown"
"""License of a case of which the source says nothing."""

OWN = "phantom"
"""`source` of cases that Calciscope has drawn."""

_CREATIVE_COMMONS = re.compile(
    r"(?:cc|creative ?commons)(?:org)? ?(?:licenses?)? ?(by(?: (?:nc|sa|nd))*|0|zero)"
    r"(?: v?(\d(?:\.\d)?))?"
)
_WORDS = {
    "attribution": "by",
    "noncommercial": "nc",
    "non commercial": "nc",
    "sharealike": "sa",
    "share alike": "sa",
    "noderivatives": "nd",
    "noderivs": "nd",
    "no derivatives": "nd",
    "unported": "",
    "international": "",
    "license": "",
}


def normalized_license(text: str) -> str:
    """One spelling (as SPDX has it) of the ways in which sets write a Creative Commons license.

    "CC BY 4.0", "cc-by-4.0", "Creative Commons Attribution 4.0 International" and
    "https://creativecommons.org/licenses/by/4.0/" all become "CC-BY-4.0". Any other text is kept,
    with its spaces as hyphens; an empty one becomes "unknown".
    """
    plain = re.sub(r"https?://(?:www\.)?", "", text.strip().lower())
    plain = re.sub(r"[^a-z0-9.]+", " ", plain).strip()
    for word, short in _WORDS.items():
        plain = plain.replace(word, short)
    plain = re.sub(r"\bcreativecommons\.org s?\b", "cc ", plain)
    plain = re.sub(r"[^a-z0-9.]+", " ", plain).strip()
    found = _CREATIVE_COMMONS.search(plain)
    if not found:
        return "-".join(text.split()) or UNKNOWN
    terms, version = found.groups()
    if terms in ("0", "zero"):
        return "CC0-1.0"
    full = version if not version or "." in version else f"{version}.0"
    return "-".join(("CC", *terms.upper().split(), *([full] if full else [])))


def parsed_licenses(text: str) -> tuple[str, ...]:
    """The licenses of a comma-separated list."""
    return tuple(normalized_license(part) for part in text.split(",") if part.strip())


def allowed(meta: Mapping[str, Any], licenses: Collection[str]) -> bool:
    """Whether a case may be used.

    Args:
        meta: what its case.json says; a case without "license" counts as "unknown", unless it is a
            phantom, which is the user's own work.
        licenses: those that are accepted, in any spelling; none means all.
    """
    if not licenses or ("license" not in meta and meta.get("source") == OWN):
        return True
    accepted = {normalized_license(each) for each in licenses}
    return normalized_license(str(meta.get("license", ""))) in accepted
