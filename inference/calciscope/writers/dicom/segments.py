"""Segments of the DICOM SEG: one per compartment that holds mineral, with its codes.

Codes are SNOMED CT as DICOM lists them: categories CID 7150, morphology CID 3802, vascular
calcification CID 7111, anatomy CID 4 and CID 7166 (PS3.16).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import OutputError
from calciscope.findings import Lesion
from calciscope.labels import COMPARTMENT_COLORS, DESCRIPTIONS, Code, Compartment, Label
from calciscope.volume import Volume
from calciscope.writers.memory_order import slices_apart

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

_UNKNOWN = 255


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
        measured: whether it holds lesions, of which there are figures.
    """

    number: int
    compartment: Compartment | None
    text: str
    category: Code
    property_type: Code
    anatomy: Code
    color: str
    measured: bool = True


def describe(number: int, compartment: Compartment | None) -> Segment:
    """The segment of a compartment."""
    vascular = compartment is Compartment.VASCULAR
    label = DESCRIPTIONS[Label.VASCULAR if vascular else Label.CALCIFICATION]
    place = "soft tissue" if compartment is None else compartment.value.replace("_", " ")
    return Segment(
        number=number,
        compartment=compartment,
        text=f"Calcification, {place}",
        category=label.category,
        property_type=label.property_type,
        anatomy=SOFT_TISSUE if compartment is None else ANATOMY.get(compartment, SOFT_TISSUE),
        color=label.color
        if compartment is None
        else COMPARTMENT_COLORS.get(compartment, COMPARTMENT_COLORS[Compartment.INDETERMINATE]),
    )


def describe_vessels(number: int) -> Segment:
    """The segment of mineral in vessel walls, which is marked and not measured."""
    return replace(
        describe(number, Compartment.VASCULAR), text="Vascular calcification", measured=False
    )


def lesion_segments(lesions: Volume, measured: Sequence[Lesion]) -> tuple[Segment, ...]:
    """One segment for each lesion; its number is the lesion's id.

    Raises:
        OutputError: map and findings do not name the same lesions, or there is none.
    """
    present = np.unique(lesions.array[lesions.array > 0]).tolist()
    ids = sorted(lesion.id for lesion in measured)
    # PS3.3 C.8.20.2: segment numbers start at 1 and rise by 1.
    if not ids or ids != present or ids != list(range(1, len(ids) + 1)):
        raise OutputError("the lesion map and the findings do not name the same lesions 1, 2, ...")
    by_id = {lesion.id: lesion for lesion in measured}
    return tuple(
        replace(
            describe(number, by_id[number].compartment),
            text=lesion_name(number),
        )
        for number in ids
    )


def lesion_name(number: int) -> str:
    """What a lesion is called in SEG and SR."""
    return f"Lesion {number}"


def segment_map(
    lesions: Volume, compartments: Mapping[int, Compartment], tissues: Volume | None = None
) -> tuple[NDArray[np.uint8], tuple[Segment, ...]]:
    """Turn lesion ids into segment numbers, one segment per compartment that has a voxel.

    Args:
        lesions: lesion ids (I, J, K), 0 where there is none.
        compartments: compartment of each lesion id.
        tissues: values of `labels.Label` on the same grid; adds the walls of vessels.

    Returns:
        Segment numbers (I, J, K), axis k slowest in memory, and the segments in order. Where no
        voxel is marked, one empty segment, so that a file can say that none was found.

    Raises:
        OutputError: map and compartments do not name the same lesions, or the grids differ.
    """
    if tissues is not None and not tissues.same_grid(lesions):
        raise OutputError("the tissue map is not on the grid of the lesion map")
    ids = lesions.array
    found = set(compartments.values())
    vessels = None if tissues is None else (tissues.array == Label.VASCULAR) & (ids == 0)
    segments = tuple(
        describe(number, compartment)
        for number, compartment in enumerate((c for c in Compartment if c in found), start=1)
    )
    numbers = {segment.compartment: segment.number for segment in segments}
    if vessels is not None and vessels.any():
        segments += (describe_vessels(len(segments) + 1),)
    table = np.full(int(ids.max(initial=0)) + 1, _UNKNOWN, dtype=np.uint8)
    table[0] = 0
    for lesion_id, compartment in compartments.items():
        if lesion_id < len(table):
            table[lesion_id] = numbers[compartment]
    marked = slices_apart(table[ids])
    if (marked == _UNKNOWN).any():
        unknown = int(ids[marked == _UNKNOWN].min())
        raise OutputError(f"lesion {unknown} is in the lesion map but not among the findings")
    if vessels is not None and vessels.any():
        np.copyto(marked, segments[-1].number, where=vessels)
    for segment in segments:
        if not (marked == segment.number).any():
            raise OutputError(f"no voxel of the lesion map is {segment.text}, as the findings say")
    return marked, segments or (describe(1, None),)
