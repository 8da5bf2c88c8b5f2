"""A small study with two lesions and a vessel."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.labels import Compartment, Label
from calciscope.locations import Laterality, Level, Region
from calciscope.patterns import LesionPattern

SHAPE = (7, 6, 5)


@pytest.fixture
def two_lesions(make_study: Any, make_lesion: Any, make_findings: Any) -> Callable[..., Any]:
    """Study, lesion ids, findings, tissues: muscle left 3 voxels, subcutaneous right 1 voxel."""

    def build(affine: NDArray[np.float64] | None = None, **changes: Any) -> Any:
        matrix = np.diag([0.9, 0.8, 2.5, 1.0]) if affine is None else affine
        study = make_study(np.zeros(SHAPE, np.int16), matrix, **changes)
        ids = np.zeros(SHAPE, np.uint16)
        ids[1, 2, 3], ids[2, 2, 3], ids[2, 2, 4], ids[5, 1, 0] = 1, 1, 1, 2
        tissues = np.full(SHAPE, Label.MUSCLE, np.uint8)
        tissues[ids > 0] = Label.CALCIFICATION
        tissues[6, 5, 4] = Label.VASCULAR
        findings = make_findings(
            [
                make_lesion(
                    1,
                    level=Level.DISTAL,
                    ha_mass_uncertainty_mg=2.5,
                    calcium_mass_mg=7.98,
                    pattern=LesionPattern.LINEAR,
                ),
                make_lesion(
                    2,
                    compartment=Compartment.SUBCUTANEOUS,
                    laterality=Laterality.RIGHT,
                    region=Region.UNKNOWN,
                    volume_mm3=7.25,
                    volume_pv_mm3=6.5,
                    ha_mass_mg=1.25,
                    agatston=0.0,
                    angle_to_bone_axis_deg=None,
                ),
            ]
        )
        grid = study.volume
        return study, grid.with_array(ids), findings, grid.with_array(tissues)

    return build
