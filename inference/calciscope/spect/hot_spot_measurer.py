"""All figures of one hot spot: compartment, place, uptake, ratios, form."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.anatomy import Anatomy
from calciscope.ct.lesion_measurer import ALONG_A_SHAFT
from calciscope.ct.shape import angle_deg
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Label
from calciscope.spect.findings import HotSpot, UptakeRatios
from calciscope.spect.hot_spots import HotSpots
from calciscope.spect.physiologic import Candidate, bone_counterpart, is_physiologic
from calciscope.spect.references import MOSTLY_BONE, References, contralateral_mean
from calciscope.spect.scene import SpectScene
from calciscope.spect.settings import SpectSettings
from calciscope.spect.uptake import measure_uptake
from calciscope.spect.verdict import judge

LEAST_ORIENTED = 0.5
"""Hot spots of less linearity have no direction: the blur makes all that is small round."""


@dataclass(frozen=True, eq=False)
class HotSpotMeasurer:
    """A SPECT prepared for measuring its hot spots one by one."""

    scene: SpectScene
    hot_spots: HotSpots
    anatomy: Anatomy
    references: References
    settings: SpectSettings

    @cached_property
    def _bone(self) -> NDArray[np.bool_]:
        """Voxels that are bone in good part."""
        return np.asarray(self.hot_spots.shares.share(Label.BONE) >= MOSTLY_BONE)

    def measure(self, number: int, probabilities: NDArray[np.float32]) -> HotSpot:
        """Measure one hot spot.

        Args:
            number: its id.
            probabilities: of `HOT_SPOT_COMPARTMENTS`, shape (11,).
        """
        uptake, voxels = self.scene.uptake, self.hot_spots.voxels[number - 1]
        figures = measure_uptake(uptake, voxels)
        shape = figures.shape
        place = self.anatomy.locate(shape.centroid_lps_mm)
        verdict = judge(probabilities, self.settings)
        counterpart = bone_counterpart(uptake, voxels, self._bone, self.anatomy)
        candidate = Candidate(verdict.compartment, place, figures.highest, counterpart)
        other = contralateral_mean(
            uptake, voxels, self.anatomy, self.hot_spots.shares, self.scene.body
        )
        x, y, z = (float(value) for value in shape.centroid_lps_mm)
        peak_x, peak_y, peak_z = (float(value) for value in figures.peak_lps_mm)
        angle = None
        if (
            place.bone_axis is not None
            and place.region in ALONG_A_SHAFT
            and shape.linearity >= LEAST_ORIENTED
        ):
            angle = angle_deg(shape.direction, place.bone_axis)
        suv = self.scene.is_suv
        return HotSpot(
            id=number,
            compartment=verdict.compartment,
            probability=verdict.probability,
            probabilities={
                name: float(value)
                for name, value in zip(HOT_SPOT_COMPARTMENTS, probabilities, strict=True)
            },
            physiologic=is_physiologic(candidate, self.references),
            laterality=place.laterality,
            region=place.region,
            centroid_lps_mm=(x, y, z),
            peak_lps_mm=(peak_x, peak_y, peak_z),
            volume_ml=figures.volume_ml,
            uptake_max=figures.highest,
            suv_max=figures.highest if suv else None,
            suv_mean=figures.mean if suv else None,
            suv_peak=figures.peak if suv else None,
            total_uptake_suv_ml=figures.total if suv else None,
            ratios=UptakeRatios(
                contralateral=_ratio(figures.highest, other),
                muscle=_ratio(figures.highest, self.references.muscle),
                bone=_ratio(figures.highest, self.references.bone_of(place.laterality)),
            ),
            mixed=verdict.mixed,
            runner_up=verdict.runner_up,
            level=place.level,
            bone_fraction=place.fraction,
            longest_diameter_mm=shape.longest_diameter_mm,
            linearity=shape.linearity,
            angle_to_bone_axis_deg=angle,
        )


def _ratio(uptake: float, reference: float | None) -> float | None:
    """None where there is nothing to compare with."""
    return None if reference is None or reference <= 0 else uptake / reference
