"""Segments of the SEG of hot spots: one for each, coded by the compartment it lies in.

A hot spot is a place of uptake, so its segment is of the structure that takes up: categories CID
7150, structures CID 4, 7151 and 7166 (PS3.16). No standard code covers thyroid, salivary glands,
stomach and bowel together, nor uptake outside the body; these carry the private scheme.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from calciscope.errors import OutputError
from calciscope.labels import COMPARTMENT_COLORS, Code, Compartment
from calciscope.spect.findings import HotSpot
from calciscope.volume import Volume
from calciscope.writers.dicom.measurement_codes import SCHEME
from calciscope.writers.dicom.segments import ANATOMY, Segment

STRUCTURE = Code("91723000", "SCT", "Anatomical Structure")
TISSUE = Code("85756007", "SCT", "Tissue")
FUNCTION = Code("246464006", "SCT", "Function")
ENTIRE_BODY = Code("38266002", "SCT", "Entire body")

HOT_SPOT = Code("HOT_SPOT", SCHEME, "Focus of radiopharmaceutical uptake")


@dataclass(frozen=True)
class Property:
    """What a segment is of: Segmented Property Category and Type (PS3.3 C.8.20.4)."""

    category: Code
    kind: Code


def _of(category: Code, compartment: Compartment) -> Property:
    return Property(category, ANATOMY[compartment])


PROPERTIES: Mapping[Compartment, Property] = MappingProxyType(
    {
        Compartment.BONE: _of(STRUCTURE, Compartment.BONE),
        Compartment.JOINT: _of(STRUCTURE, Compartment.JOINT),
        Compartment.MUSCLE: _of(TISSUE, Compartment.MUSCLE),
        Compartment.SUBCUTANEOUS: _of(TISSUE, Compartment.SUBCUTANEOUS),
        Compartment.VASCULAR: _of(STRUCTURE, Compartment.VASCULAR),
        Compartment.URINARY: _of(STRUCTURE, Compartment.URINARY),
        Compartment.PERTECHNETATE_GI: Property(
            STRUCTURE,
            Code("PERTECHNETATE_GI", SCHEME, "Thyroid, salivary gland, stomach or bowel"),
        ),
        Compartment.THORACIC: _of(STRUCTURE, Compartment.THORACIC),
        Compartment.ABDOMINAL: _of(STRUCTURE, Compartment.ABDOMINAL),
        Compartment.BREAST: _of(STRUCTURE, Compartment.BREAST),
        Compartment.ARTEFACT: Property(
            FUNCTION, Code("ARTEFACT", SCHEME, "Artefact, injection site or contamination")
        ),
        Compartment.INDETERMINATE: Property(FUNCTION, HOT_SPOT),
    }
)
"""Of each compartment; an indeterminate hot spot is no more than a focus of uptake."""


def hot_spot_name(number: int) -> str:
    """What a hot spot is called in SEG and SR."""
    return f"Hot spot {number}"


def hot_spot_segments(hot_spots: Volume, measured: Sequence[HotSpot]) -> tuple[Segment, ...]:
    """One segment for each hot spot; its number is the hot spot's id.

    Raises:
        OutputError: map and findings do not name the same hot spots, or there is none.
    """
    present = np.unique(hot_spots.array[hot_spots.array > 0]).tolist()
    by_id = {hot_spot.id: hot_spot for hot_spot in measured}
    # PS3.3 C.8.20.2: segment numbers start at 1 and rise by 1.
    if not by_id or sorted(by_id) != present or present != list(range(1, len(measured) + 1)):
        raise OutputError(
            "the hot-spot map and the findings do not name the same hot spots 1, 2, ..."
        )
    return tuple(_segment(number, by_id[number].compartment) for number in present)


def _segment(number: int, compartment: Compartment) -> Segment:
    described = PROPERTIES[compartment]
    return Segment(
        number=number,
        compartment=compartment,
        text=hot_spot_name(number),
        category=described.category,
        property_type=described.kind,
        anatomy=ANATOMY.get(compartment, ENTIRE_BODY),
        color=COMPARTMENT_COLORS.get(compartment, COMPARTMENT_COLORS[Compartment.INDETERMINATE]),
    )
