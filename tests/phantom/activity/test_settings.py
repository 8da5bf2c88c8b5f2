"""activity.yaml: every compartment has several kinds of foci, and faults are named."""

from importlib import resources
from typing import Any

import pytest
import yaml

from calciscope.errors import PhantomError
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.phantom.activity.settings import activity_settings, parse_activity


def raw() -> dict[str, Any]:
    """The file as it is."""
    text = resources.files("calciscope.phantom.activity").joinpath("activity.yaml")
    loaded: dict[str, Any] = yaml.safe_load(text.read_text("utf-8"))
    return loaded


@pytest.mark.parametrize("compartment", HOT_SPOT_COMPARTMENTS)
def test_a_compartment_has_at_least_three_kinds_of_foci(compartment: Compartment) -> None:
    settings = activity_settings()
    kinds = [k for k in settings.foci.values() if k.compartment is compartment]
    assert len(kinds) >= 3
    assert all(k.weight > 0 for k in kinds)
    assert settings.weights["trunk"][compartment] > 0


def test_limbs_have_the_weights_of_limbs_alone() -> None:
    trunk_alone = {"urinary", "pertechnetate_gi", "thoracic", "abdominal", "breast"}
    settings = activity_settings()
    assert set(settings.weights["trunk"]) - set(settings.weights["limb"]) == trunk_alone


def test_a_fault_of_the_file_is_named() -> None:
    wrong = raw()
    wrong["foci"]["fracture"]["shape"] = "cube"
    with pytest.raises(PhantomError, match="fracture has the shape 'cube'"):
        parse_activity(wrong)
    wrong = raw()
    wrong["organs"]["lung"]["compartment"] = "chest"
    with pytest.raises(PhantomError, match="lung names the compartment 'chest'"):
        parse_activity(wrong)
    wrong = raw()
    del wrong["foci"]["fracture"]["suv"]
    with pytest.raises(PhantomError, match="fracture lacks suv"):
        parse_activity(wrong)
