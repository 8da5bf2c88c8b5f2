"""What is expected, by compartment, place and other side."""

import pytest

from calciscope.ct.anatomy import Place
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Region
from calciscope.spect.physiologic import Candidate, is_physiologic
from calciscope.spect.references import References

REFERENCES = References(
    0.5, {Laterality.LEFT: 1.2, Laterality.RIGHT: 1.0}, {Laterality.LEFT: "shaft of the tibia"}
)


def spot(
    compartment: Compartment,
    highest: float,
    counterpart: float | None = None,
    region: Region = Region.LOWER_LEG,
    side: Laterality = Laterality.LEFT,
) -> Candidate:
    return Candidate(compartment, Place(side, region, None, None, None), highest, counterpart)


@pytest.mark.parametrize(
    "compartment",
    [
        Compartment.MUSCLE,
        Compartment.SUBCUTANEOUS,
        Compartment.VASCULAR,
        Compartment.THORACIC,
        Compartment.ABDOMINAL,
        Compartment.BREAST,
        Compartment.ARTEFACT,
        Compartment.INDETERMINATE,
    ],
)
def test_soft_tissue_never_is_however_faint_and_symmetric(compartment: Compartment) -> None:
    assert not is_physiologic(spot(compartment, 1.6, 1.6, Region.KNEE), REFERENCES)


def test_urine_always_is() -> None:
    assert is_physiologic(spot(Compartment.URINARY, 60.0, region=Region.PELVIS), REFERENCES)


@pytest.mark.parametrize(("highest", "expected"), [(2.5, True), (2.6, False)])
def test_bowel_is_up_to_five_times_muscle(highest: float, expected: bool) -> None:
    bowel = spot(Compartment.PERTECHNETATE_GI, highest)
    assert is_physiologic(bowel, REFERENCES) is expected
    assert not is_physiologic(bowel, References(None, {}, {}))


@pytest.mark.parametrize("compartment", [Compartment.BONE, Compartment.JOINT])
@pytest.mark.parametrize(("counterpart", "expected"), [(4.0, True), (2.0, True), (1.9, False)])
def test_bones_and_joints_are_where_symmetric(
    compartment: Compartment, counterpart: float, expected: bool
) -> None:
    assert is_physiologic(spot(compartment, 4.0, counterpart), REFERENCES) is expected


@pytest.mark.parametrize(
    ("region", "side", "highest", "expected"),
    [
        # Left 1.2: joints to 4.8, other bone to 3.6; midline takes 1.1, the mean of both.
        (Region.KNEE, Laterality.LEFT, 4.7, True),
        (Region.KNEE, Laterality.LEFT, 4.9, False),
        (Region.LOWER_LEG, Laterality.LEFT, 3.5, True),
        (Region.LOWER_LEG, Laterality.LEFT, 3.7, False),
        (Region.UNKNOWN, Laterality.MIDLINE, 3.2, True),
        (Region.UNKNOWN, Laterality.MIDLINE, 3.4, False),
    ],
)
def test_without_another_side_bone_is_the_measure(
    region: Region, side: Laterality, highest: float, expected: bool
) -> None:
    lone = spot(Compartment.BONE, highest, None, region, side)
    assert is_physiologic(lone, REFERENCES) is expected
    assert not is_physiologic(lone, References(0.5, {}, {}))
