"""Names of compartments in words."""

from calciscope.labels import Compartment

NAMES = {
    Compartment.SUBCUTANEOUS: "subcutis and skin",
    Compartment.PERTECHNETATE_GI: "pertechnetate and gut",
    Compartment.ABDOMINAL: "abdominal organ",
    Compartment.ARTEFACT: "artifact",
}
"""Where the name in files is no word of the field."""


def compartment_name(compartment: Compartment) -> str:
    """For people."""
    return NAMES.get(compartment, compartment.value)
