"""All figures of one lesion, from the study around it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.anatomy import Anatomy, Place, find_anatomy
from calciscope.ct.calcium_score import AgatstonRule, agatston_score
from calciscope.ct.chains import Member, find_chains
from calciscope.ct.compartments import vote_compartment
from calciscope.ct.distances import Surface, surface_of
from calciscope.ct.disturbances import Disturbances
from calciscope.ct.lesions import LesionMap
from calciscope.ct.masks import without_specks
from calciscope.ct.mass_uncertainty import combined_mg
from calciscope.ct.mineral_mass import background_hu, measure_mineral
from calciscope.ct.neighborhood import SegmentedCt, Surroundings, study_surroundings
from calciscope.ct.pattern_measures import measure_pattern
from calciscope.ct.patterns import pattern_of
from calciscope.ct.settings import MeasurementSettings
from calciscope.ct.shape import LesionShape, angle_deg, measure_shape
from calciscope.findings import Chain, Lesion
from calciscope.labels import Label
from calciscope.locations import Region
from calciscope.physics import calcium_mg, ha_mg_cc_per_hu
from calciscope.volume import Volume

ALONG_A_SHAFT = (Region.THIGH, Region.KNEE, Region.LOWER_LEG, Region.ANKLE)
"""Regions whose lesions may follow the axis of a femur or tibia."""


@dataclass(frozen=True, eq=False)
class LesionMeasurer:
    """A study prepared for measuring its lesions one by one."""

    surroundings: Surroundings
    anatomy: Anatomy
    disturbances: Disturbances
    skin: Surface | None
    bone: Surface | None
    kvp: float
    settings: MeasurementSettings

    @classmethod
    def prepare(
        cls,
        ct: Volume,
        segmentation: SegmentedCt,
        lesions: LesionMap,
        disturbances: Disturbances,
        kvp: float,
        settings: MeasurementSettings,
    ) -> "LesionMeasurer":
        """Look at the whole study once: bone, skin, limbs, territories."""
        body = np.asarray(segmentation.body.array, dtype=bool)
        bone = without_specks(
            segmentation.tissues.array == Label.BONE,
            ct.voxel_volume_mm3,
            settings.minimum_bone_mm3,
        )
        return cls(
            study_surroundings(ct, segmentation, lesions, bone),
            find_anatomy(segmentation.body, ct.with_array(bone), settings),
            disturbances,
            surface_of(body, ct.spacing_mm, outer=True),
            surface_of(bone, ct.spacing_mm),
            kvp,
            settings,
        )

    def measure(self, number: int) -> Lesion:
        """Measure one lesion."""
        ct, settings = self.surroundings.ct, self.settings
        voxels = self.surroundings.lesions.voxels[number - 1]
        reach = max(
            settings.background_shell_mm[1],
            settings.compartment_shell_mm + settings.fascia_margin_mm,
        )
        near = self.surroundings.neighborhood(number, reach)
        shape = measure_shape(voxels, ct)
        place = self.anatomy.locate(shape.centroid_lps_mm)
        vote = vote_compartment(near, settings)
        around = background_hu(near, self.kvp, settings)
        mineral = measure_mineral(near, around, ha_mg_cc_per_hu(self.kvp), settings)
        measures = measure_pattern(near.lesion, near.ct.array - around.hu, shape, near.ct)
        hu = ct.array[tuple(voxels.T)].astype(np.float64)
        low, median, high = (float(value) for value in np.percentile(hu, (5, 50, 95)))
        x, y, z = (float(value) for value in shape.centroid_lps_mm)
        # Slices are axial, whatever axes the file has.
        view = near.ct.canonical()
        axial = view.volume
        return Lesion(
            id=number,
            compartment=vote.compartment,
            compartment_fractions=vote.fractions,
            laterality=place.laterality,
            region=place.region,
            level=place.level,
            volume_mm3=len(voxels) * ct.voxel_volume_mm3,
            volume_pv_mm3=mineral.volume_pv_mm3,
            ha_mass_mg=mineral.ha_mass_mg,
            agatston=agatston_score(
                axial.array,
                view.from_native(near.territory),
                float(axial.spacing_mm[0] * axial.spacing_mm[1]),
                float(axial.spacing_mm[2]),
                AgatstonRule.for_kvp(self.kvp),
            ),
            hu_mean=float(hu.mean()),
            hu_max=float(hu.max()),
            hu_p95=high,
            longest_diameter_mm=shape.longest_diameter_mm,
            short_axis_mm=shape.short_axis_mm,
            linearity=shape.linearity,
            angle_to_bone_axis_deg=_angle_deg(shape, place, settings),
            distance_to_skin_mm=_distance(self.skin, voxels),
            distance_to_bone_mm=_distance(self.bone, voxels),
            centroid_lps_mm=(x, y, z),
            probability=self._probability(voxels),
            bone_fraction=place.fraction,
            hu_sd=float(hu.std()),
            hu_p5=low,
            hu_p50=median,
            calcium_mass_mg=calcium_mg(mineral.ha_mass_mg),
            ha_mass_noise_mg=mineral.noise_mg,
            ha_mass_uncertainty_mg=combined_mg(mineral.ha_mass_mg, mineral.noise_mg),
            centroid_to_skin_mm=None
            if self.skin is None
            else self.skin.depth_mm(voxels.mean(axis=0)),
            pattern=pattern_of(measures, shape, ct, settings),
            pattern_measures=measures,
            touches_border=self.disturbances.field.touches(ct.lps_mm(voxels)),
            distance_to_metal_mm=_distance(self.disturbances.metal, voxels),
        )

    def chains(self, lesions: Sequence[Lesion]) -> tuple[Chain, ...]:
        """The chains among the lesions along the legs' long bones."""
        members = []
        for lesion in lesions:
            axis = self.anatomy.locate(np.array(lesion.centroid_lps_mm)).bone_axis
            if axis is not None and lesion.region in ALONG_A_SHAFT:
                voxels = self.surroundings.lesions.voxels[lesion.id - 1]
                members.append(Member(lesion, voxels, axis))
        return find_chains(members, self.surroundings.ct, self.settings)

    def _probability(self, voxels: NDArray[np.intp]) -> float:
        """That the lesion is one, where the model is calibrated; else the mean of its voxels'."""
        segmentation = self.surroundings.segmentation
        calibrated = segmentation.lesion_probability
        voxelwise = segmentation.probability if calibrated is None else calibrated
        return float(voxelwise.array[tuple(voxels.T)].mean()) / 255.0

    def cautions(self, lesions: list[Lesion]) -> list[str]:
        """What the reader must know about sides, regions and levels."""
        cautions = [self.anatomy.sides.warning] if self.anatomy.sides.warning else []
        used = {lesion.laterality for lesion in lesions if lesion.level is not None}
        assumed = [side for side in sorted(used) if self.anatomy.limbs[side].length_assumed]
        if assumed:
            cautions.append(
                f"Levels in the {' and '.join(assumed)} leg assume a tibia of "
                f"{self.settings.tibia_length_mm:.0f} mm, as only one of its joints is in view."
            )
        if any(lesion.region is Region.THIGH and lesion.level for lesion in lesions):
            cautions.append(
                f"Levels in the thigh assume a femur of {self.settings.femur_length_mm:.0f} mm."
            )
        return cautions


def _angle_deg(shape: LesionShape, place: Place, settings: MeasurementSettings) -> float | None:
    """Angle between a lesion and the bone beside it, 0 to 90 degrees."""
    if place.bone_axis is None or shape.longest_diameter_mm < settings.minimum_oriented_mm:
        return None
    return angle_deg(shape.direction, place.bone_axis)


def _distance(surface: Surface | None, voxels: NDArray[np.intp]) -> float | None:
    return None if surface is None else surface.distance_mm(voxels)
