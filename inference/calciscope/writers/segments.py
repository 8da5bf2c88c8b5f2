"""Segments of the DICOM SEG: one per compartment that holds mineral, with its codes.

Codes are SNOMED CT as DICOM lists them: categories CID 7150, morphology CID 3802, vascular
calcification CID 7111, anatomy CID 4 and CID 7166 (PS3.16).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import OutputError
from calciscope.labels import COMPARTMENT_COLORS, DESCRIPTIONS, Code, Compartment, Label
from calciscope.volume import Volume

SOFT_TISSUE = Code("87784001", "SCT", "Soft tissue")

ANATOMY: Mapping[Compartment, Code] = MappingProxyType(
    {
        Compartment.MUSCLE: Code("127954009", "SCT", "Skeletal muscle"),
        Compartment.SUBCUTANEOUS: Code("71966008", "SCT", "Subcutaneous tissue"),
        Compartment.JOINT: Code("39352004", "SCT", "Joint"),
        Compartment.BONE: Code("272673000", "SCT", "Bone"),
        Compartment.VASCULAR: Code("59820001", "SCT", "Blood Vessel"),
        Compartment.URINARY: Code("122489005", "SCT", "Urinary system"),
        Compartment.THORACIC: Code("816094009", "SCT", "Thorax"),
        Compartment.ABDOMINAL: Code("818981001", "SCT", "Abdomen"),
        Compartment.BREAST: Code("76752008", "SCT", "Breast"),
    }
)
"""Anatomic region of a compartment; the others are `SOFT_TISSUE`."""


@dataclass(frozen=True)
class Segment:
    """What one segment shows.

    Attributes:
        number: segment number, from 1; also the value in the label map.
        compartment: None where nothing was found and the segment is empty.
        text: segment label.
        category: segmented property category.
        property_type: segmented property type.
        anatomy: anatomic region.
        color: hexadecimal sRGB.
    """

    number: int
    compartment: Compartment | None
    text: str
    category: Code
    property_type: Code
    anatomy: Code
    color: str


def describe(number: int, compartment: Compartment | None) -> Segment:
    """The segment of a compartment."""
    vascular = compartment is Compartment.VASCULAR
    label = DESCRIPTIONS[Label.VASCULAR if vascular else Label.CALCIFICATION]
    place = "soft tissue" if compartment is None else compartment.value.replace("_", " ")
    return Segment(
        number=number,
        compartment=compartment,
        text="Vascular calcification" if vascular else f"Calcification, {place}",
        category=label.category,
        property_type=label.property_type,
        anatomy=SOFT_TISSUE if compartment is None else ANATOMY.get(compartment, SOFT_TISSUE),
        color=label.color
        if compartment is None
        else COMPARTMENT_COLORS.get(compartment, COMPARTMENT_COLORS[Compartment.INDETERMINATE]),
    )


def segment_map(
    lesions: Volume, compartments: Mapping[int, Compartment], tissues: Volume | None = None
) -> tuple[NDArray[np.uint8], tuple[Segment, ...]]:
    """Turn lesion ids into segment numbers, one segment per compartment that has a voxel.

    Args:
        lesions: lesion ids (I, J, K), 0 where there is none.
        compartments: compartment of each lesion id.
        tissues: values of `labels.Label` on the same grid; adds vascular calcification.

    Returns:
        Segment numbers (I, J, K), in the memory order of `lesions`, and the segments in order.
        Where no voxel is marked, one empty segment, so that a file can say that none was found.

    Raises:
        OutputError: the map holds an id that has no compartment, or the grids differ.
    """
    ids = lesions.array
    if tissues is not None and not tissues.same_grid(lesions):
        raise OutputError("the tissue map is not on the grid of the lesion map")
    is_present = np.zeros(int(ids.max(initial=0)) + 1, dtype=bool)
    is_present[ids] = True
    present = [int(i) for i in np.flatnonzero(is_present) if i != 0]
    unknown = [i for i in present if i not in compartments]
    if unknown:
        raise OutputError(f"lesion {unknown[0]} is in the lesion map but not among the findings")
    vessels = None if tissues is None else tissues.array == Label.VASCULAR
    found = {compartments[i] for i in present}
    if vessels is not None and vessels.any():
        found.add(Compartment.VASCULAR)
    numbers = {c: n for n, c in enumerate((c for c in Compartment if c in found), start=1)}

    table = np.zeros(len(is_present), dtype=np.uint8)
    for i in present:
        table[i] = numbers[compartments[i]]
    marked = table[ids]
    if vessels is not None and Compartment.VASCULAR in numbers:
        marked[vessels & (marked == 0)] = numbers[Compartment.VASCULAR]
    segments = tuple(describe(n, c) for c, n in numbers.items())
    return marked, segments or (describe(1, None),)
