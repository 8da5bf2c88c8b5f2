"""Text from DICOM headers, made fit for one line of a page; templates escape it besides."""

import unicodedata

LONGEST = 120
"""Characters; a value of DICOM may be longer, and a hostile one surely is."""


def one_line(text: str, longest: int = LONGEST) -> str:
    """Without control and direction characters, at most so many characters long."""
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text[: longest * 4])
    kept = " ".join(kept.split())
    return kept if len(kept) <= longest else f"{kept[: longest - 1]}…"


def person(name: str) -> str:
    """A Patient Name (PS3.5 6.2.1) as people write it: family name, other names."""
    groups = name.split("=")
    alphabetic = next((group for group in groups if group.strip(" ^")), "")
    family, _, others = alphabetic.partition("^")
    given = " ".join(part for part in others.split("^") if part.strip())
    return one_line(", ".join(part for part in (family.strip(), given.strip()) if part))
