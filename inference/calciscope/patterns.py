"""The words for the form of a lesion: descriptions, not diagnoses."""

from enum import StrEnum


class LesionPattern(StrEnum):
    """Form of a lesion, see `calciscope.ct.patterns` for the rules."""

    PUNCTATE = "punctate"
    LINEAR = "linear"
    SHEET = "sheet"
    NET = "net"
    MASS = "mass"
    RIM = "rim"
