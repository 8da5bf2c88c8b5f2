"""Metal in view: where it is, and what it does to the figures of lesions near it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.masks import bounding_box
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import Lesion
from calciscope.labels import Label
from calciscope.volume import Array

DENSER_THAN_BONE_HU = 3000.0
"""Whatever it was named: cortical bone reads 2,400 HU at most (70 kVp), mineral less."""


def metal_mask(
    hu: Array, tissues: Array, body: Array, settings: MeasurementSettings
) -> NDArray[np.bool_]:
    """What is metal: named foreign and very dense, or denser than any bone; within the body.

    Args:
        hu, tissues, body: of one shape; `labels.Label` values and bool.
        settings: from which HU on something foreign is metal.
    """
    dense = hu >= min(settings.metal_from_hu, DENSER_THAN_BONE_HU)
    result = np.zeros_like(dense)
    box = bounding_box(dense)
    if box is None:
        return result
    named = (tissues[box] == Label.FOREIGN) & (hu[box] >= settings.metal_from_hu)
    result[box] = (named | (hu[box] >= DENSER_THAN_BONE_HU)) & body[box]
    return result


def metal_cautions(lesions: Sequence[Lesion], settings: MeasurementSettings) -> list[str]:
    """What the reader must know where metal is in view; one sentence.

    Args:
        lesions: all of the study, with their distances to the metal.
        settings: how near is near.
    """
    near = [
        lesion
        for lesion in lesions
        if lesion.distance_to_metal_mm is not None
        and lesion.distance_to_metal_mm <= settings.metal_within_mm
    ]
    within = f"within {settings.metal_within_mm:g} mm of it"
    if not near:
        return [f"Metal is in view; no lesion lies {within}."]
    lie = "lesion lies" if len(lesions) == 1 else f"lesions {'lies' if len(near) == 1 else 'lie'}"
    return [
        f"Metal is in view; {len(near)} of {len(lesions)} {lie} {within}, where streaks may be "
        "taken for mineral and change HU, volume and mass."
    ]
