"""Where in the patient: the words for side, region and level, shared by CT and SPECT."""

from enum import StrEnum


class Laterality(StrEnum):
    """Side of the patient's body."""

    LEFT = "left"
    RIGHT = "right"
    MIDLINE = "midline"


class Region(StrEnum):
    """Part of the body, as far as the bones in the field of view tell."""

    PELVIS = "pelvis"
    THIGH = "thigh"
    KNEE = "knee"
    LOWER_LEG = "lower leg"
    ANKLE = "ankle"
    FOOT = "foot"
    UNKNOWN = "unknown"


LEG_REGIONS = (Region.THIGH, Region.KNEE, Region.LOWER_LEG, Region.ANKLE, Region.FOOT)
"""The regions that make up a leg."""


class Level(StrEnum):
    """Third of the long bone beside a finding."""

    DISTAL = "distal third"
    MIDDLE = "middle third"
    PROXIMAL = "proximal third"
