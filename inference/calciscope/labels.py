"""The label map and the compartments: the one table that training, runtime and writers share."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

IGNORE = 255
"""Value of a voxel that is neither trained on nor scored."""


class Label(IntEnum):
    """Values of `tissues.nii.gz` and of the CT network's output channels."""

    BACKGROUND = 0
    SUBCUTANEOUS = 1
    MUSCLE = 2
    BONE = 3
    VASCULAR = 4
    FOREIGN = 5
    CALCIFICATION = 6


class Compartment(StrEnum):
    """Anatomical compartments of lesions and hot spots."""

    BONE = "bone"
    JOINT = "joint"
    MUSCLE = "muscle"
    SUBCUTANEOUS = "subcutaneous"
    VASCULAR = "vascular"
    URINARY = "urinary"
    PERTECHNETATE_GI = "pertechnetate_gi"
    THORACIC = "thoracic"
    ABDOMINAL = "abdominal"
    BREAST = "breast"
    ARTEFACT = "artefact"
    INDETERMINATE = "indeterminate"


HOT_SPOT_COMPARTMENTS: tuple[Compartment, ...] = tuple(
    c for c in Compartment if c is not Compartment.INDETERMINATE
)
"""What the hot-spot network tells apart, in the order of its output channels."""


@dataclass(frozen=True)
class Code:
    """A coded concept as DICOM writes it (PS3.3 8.8)."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class LabelDescription:
    """What a label means, to people and to DICOM.

    Attributes:
        text: name in reports.
        category: Segmented Property Category (PS3.16 CID 7150).
        property_type: Segmented Property Type.
        color: hexadecimal sRGB, chosen to stay apart for color-blind readers.
    """

    text: str
    category: Code
    property_type: Code
    color: str


_TISSUE = Code("85756007", "SCT", "Tissue")
_ABNORMAL = Code("49755003", "SCT", "Morphologically abnormal structure")
_PHYSICAL = Code("260787004", "SCT", "Physical object")
_ANATOMY = Code("123037004", "SCT", "Anatomical Structure")

DESCRIPTIONS: dict[Label, LabelDescription] = {
    Label.SUBCUTANEOUS: LabelDescription(
        "subcutaneous fat and skin",
        _TISSUE,
        Code("71966008", "SCT", "Subcutaneous tissue"),
        "#E6C86E",
    ),
    Label.MUSCLE: LabelDescription(
        "muscle", _TISSUE, Code("127954009", "SCT", "Skeletal muscle"), "#B4503C"
    ),
    Label.BONE: LabelDescription(
        "bone and joint mineral", _ANATOMY, Code("272673000", "SCT", "Bone"), "#F0EBDC"
    ),
    Label.VASCULAR: LabelDescription(
        "vascular calcification",
        _ABNORMAL,
        Code("237897009", "SCT", "Vascular calcification"),
        "#CC79A7",
    ),
    Label.FOREIGN: LabelDescription(
        "metal, foreign body or contrast",
        _PHYSICAL,
        Code("19227008", "SCT", "Foreign body"),
        "#56B4E9",
    ),
    Label.CALCIFICATION: LabelDescription(
        "soft-tissue calcification",
        _ABNORMAL,
        Code("18115005", "SCT", "Pathologic calcification, calcified structure"),
        "#D55E00",
    ),
}

COMPARTMENT_COLORS: dict[Compartment, str] = {
    Compartment.MUSCLE: "#D55E00",
    Compartment.SUBCUTANEOUS: "#0096FF",
    Compartment.JOINT: "#009E73",
    Compartment.BONE: "#F0E442",
    Compartment.VASCULAR: "#CC79A7",
    Compartment.INDETERMINATE: "#8844FF",
}
"""Hexadecimal sRGB, apart for color-blind readers too, and each 3 : 1 on the black of pictures."""
