"""What in the images disturbs the figures: the edge of the field of view, and metal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calciscope.ct.distances import Surface, surface_of
from calciscope.ct.field_of_view import FieldOfView, find_field
from calciscope.ct.metal import metal_cautions, metal_mask
from calciscope.ct.neighborhood import SegmentedCt
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import Lesion
from calciscope.volume import Volume


@dataclass(frozen=True, eq=False)
class Disturbances:
    """Of one study.

    Attributes:
        field: where the images end.
        metal: its surface; None without metal in the body.
    """

    field: FieldOfView
    metal: Surface | None

    def cautions(self, lesions: Sequence[Lesion], settings: MeasurementSettings) -> list[str]:
        """What the reader must know, one sentence each.

        Args:
            lesions: all of the study.
            settings: how near to metal is near.
        """
        cautions = []
        if self.field.truncated:
            cautions.append(
                "The body reaches the edge of the field of view: what lies beyond is not measured, "
                "and HU near the edge are too high."
            )
        cut = [lesion.id for lesion in lesions if lesion.touches_border]
        if cut:
            what = "1 lesion ends" if len(cut) == 1 else f"{len(cut)} lesions end"
            cautions.append(
                f"{what} at the border of the images; the figures are those of the part in view."
            )
        if self.metal is not None:
            cautions += metal_cautions(lesions, settings)
        return cautions


def find_disturbances(
    ct: Volume, segmentation: SegmentedCt, settings: MeasurementSettings
) -> Disturbances:
    """Look for them in a study.

    Args:
        ct: HU on the native grid.
        segmentation: tissues and body on that grid.
        settings: what counts as metal.
    """
    body = np.asarray(segmentation.body.array, dtype=bool)
    metal = metal_mask(ct.array, segmentation.tissues.array, body, settings)
    return Disturbances(
        find_field(ct, segmentation.body),
        surface_of(metal, ct.spacing_mm) if metal.any() else None,
    )
