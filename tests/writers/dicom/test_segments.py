"""Lesions become segments by compartment, with codes from the standard."""

from typing import Literal

import numpy as np
import pytest
from pydicom.sr.codedict import codes

from calciscope.errors import OutputError
from calciscope.labels import Compartment, Label
from calciscope.volume import Volume
from calciscope.writers.dicom.segments import ANATOMY, SOFT_TISSUE, describe, segment_map


def line(*values: int) -> Volume:
    """A volume of one row of voxels."""
    return Volume(np.array(values, dtype=np.uint16).reshape(-1, 1, 1), np.eye(4))


def test_lesions_of_one_compartment_share_a_segment() -> None:
    compartments = {
        1: Compartment.SUBCUTANEOUS,
        2: Compartment.MUSCLE,
        300: Compartment.MUSCLE,
    }
    marked, segments = segment_map(line(0, 1, 2, 0, 300), compartments)
    assert [(s.number, s.text) for s in segments] == [
        (1, "Calcification, muscle"),
        (2, "Calcification, subcutaneous"),
    ]
    assert marked.ravel().tolist() == [0, 2, 1, 0, 1]
    assert [s.anatomy.value for s in segments] == ["127954009", "71966008"]
    assert {(s.category.value, s.property_type.value) for s in segments} == {
        ("49755003", "18115005")
    }


def test_vessel_walls_are_a_segment_of_their_own_beside_lesions() -> None:
    tissues = line(Label.VASCULAR, Label.MUSCLE, Label.CALCIFICATION, Label.CALCIFICATION)
    compartments = {1: Compartment.MUSCLE, 2: Compartment.VASCULAR}
    marked, segments = segment_map(line(0, 0, 1, 2), compartments, tissues)
    assert [(s.text, s.measured) for s in segments] == [
        ("Calcification, muscle", True),
        ("Calcification, vascular", True),
        ("Vascular calcification", False),
    ]
    assert {s.property_type.value for s in segments[1:]} == {"237897009"}
    assert marked.ravel().tolist() == [3, 0, 1, 2]


def test_nothing_found_is_one_empty_segment() -> None:
    marked, segments = segment_map(line(0, 0), {}, line(Label.MUSCLE, Label.BONE))
    assert [(s.number, s.compartment, s.text) for s in segments] == [
        (1, None, "Calcification, soft tissue")
    ]
    assert segments[0].anatomy is SOFT_TISSUE
    assert not marked.any()


def test_a_lesion_without_findings_is_refused() -> None:
    with pytest.raises(OutputError, match="lesion 7 is in the lesion map but not among"):
        segment_map(line(0, 7), {1: Compartment.MUSCLE})


def test_findings_without_a_voxel_are_refused() -> None:
    compartments = {1: Compartment.MUSCLE, 2: Compartment.JOINT}
    with pytest.raises(OutputError, match="no voxel of the lesion map is Calcification, joint"):
        segment_map(line(0, 1), compartments)


def test_maps_on_different_grids_are_refused() -> None:
    with pytest.raises(OutputError, match="not on the grid"):
        segment_map(line(0, 1), {1: Compartment.MUSCLE}, line(0, 1, 2))


@pytest.mark.parametrize("order", ["C", "F"])
def test_frames_lie_one_after_the_other_in_memory(order: Literal["C", "F"]) -> None:
    ids = np.zeros((4, 5, 6), dtype=np.uint16, order=order)
    ids[1, 2, 3] = 1
    marked, _ = segment_map(Volume(ids, np.eye(4)), {1: Compartment.MUSCLE})
    assert marked.transpose(2, 1, 0).flags.c_contiguous
    assert np.argwhere(marked).tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("compartment", [None, *Compartment])
def test_every_compartment_has_a_label_that_dicom_can_hold(compartment: Compartment | None) -> None:
    segment = describe(1, compartment)
    assert 0 < len(segment.text) <= 64  # LO
    assert len(segment.color) == 7


def test_codes_are_those_of_the_standard() -> None:
    names = {
        Compartment.MUSCLE: codes.SCT.SkeletalMuscle,
        Compartment.SUBCUTANEOUS: codes.SCT.SubcutaneousTissue,
        Compartment.JOINT: codes.SCT.Joint,
        Compartment.BONE: codes.SCT.Bone,
        Compartment.VASCULAR: codes.SCT.BloodVessel,
        Compartment.URINARY: codes.SCT.UrinarySystem,
        Compartment.THORACIC: codes.SCT.Thorax,
        Compartment.ABDOMINAL: codes.SCT.Abdomen,
        Compartment.BREAST: codes.SCT.Breast,
    }
    assert {c: (a.value, a.scheme, a.meaning) for c, a in ANATOMY.items()} == {
        c: (code.value, code.scheme_designator, code.meaning) for c, code in names.items()
    }
    soft = codes.SCT.SoftTissue
    assert (SOFT_TISSUE.value, SOFT_TISSUE.meaning) == (soft.value, soft.meaning)
