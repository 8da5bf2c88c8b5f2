"""Settings of lesion finding and measurement; every one is repeated in `ct.definition`."""

from dataclasses import dataclass

from calciscope.errors import InputError


@dataclass(frozen=True)
class MeasurementSettings:
    """What the CT figures depend on besides the images.

    Attributes:
        minimum_volume_mm3, minimum_voxels: a component smaller than either is no lesion.
        minimum_peak_hu: nor is one whose densest voxel stays below this; 100 HU is about 77 mg of
            hydroxyapatite in a milliliter at 120 kVp, the faintest mineral worth the name.
        minimum_bone_mm3: smaller components of bone are taken for noise of the segmentation.
        background_shell_mm: distances from a lesion between which its background is sampled.
        core_percentile: of a lesion's HU, the pure mineral, for lesions of more than
            core_minimum_voxels voxels.
        core_fallback_hu: the pure mineral of smaller lesions, unless they read higher.
        compartment_shell_mm: tissue within this distance of a lesion gives its compartment.
        fascia_margin_mm: distance from the border of muscle and subcutis that counts as fascia.
        minimum_oriented_mm: shorter lesions have no angle to the bone axis.
        chain_link_mm, chain_offset_mm: farthest that two lesions of a chain lie apart along the
            bone and across it.
        chain_minimum_lesions: fewer are no chain.
        chain_angle_deg, chain_linearity: most and least of a chain that is linear along the bone.
        rim_enclosed_share, rim_core_share, net_tunnels, net_hull_fill, sheet_breadth, thin_mm,
            linear_slenderness, linear_linearity, pattern_voxels, punctate_mm: limits of the
            patterns, see `calciscope.ct.patterns`.
        metal_from_hu: what was named foreign and reads this much is metal.
        metal_within_mm: lesions this near to metal are told of.
        tibia_length_mm, femur_length_mm: assumed where only one end of the bone is in view.

    Raises:
        InputError: a setting is out of its range.
    """

    minimum_volume_mm3: float = 5.0
    minimum_voxels: int = 2
    minimum_peak_hu: float = 100.0
    minimum_bone_mm3: float = 50.0
    background_shell_mm: tuple[float, float] = (3.0, 6.0)
    core_percentile: float = 95.0
    core_minimum_voxels: int = 50
    core_fallback_hu: float = 500.0
    compartment_shell_mm: float = 3.0
    fascia_margin_mm: float = 2.0
    minimum_oriented_mm: float = 6.0
    chain_link_mm: float = 20.0
    chain_offset_mm: float = 6.0
    chain_minimum_lesions: int = 3
    chain_angle_deg: float = 20.0
    chain_linearity: float = 0.7
    rim_enclosed_share: float = 0.1
    rim_core_share: float = 0.6
    net_tunnels: int = 3
    net_hull_fill: float = 0.6
    sheet_breadth: float = 2.2
    thin_mm: float = 6.0
    linear_slenderness: float = 2.0
    linear_linearity: float = 0.5
    pattern_voxels: float = 3.0
    punctate_mm: float = 10.0
    metal_from_hu: float = 2500.0
    metal_within_mm: float = 20.0
    tibia_length_mm: float = 380.0
    femur_length_mm: float = 460.0

    def __post_init__(self) -> None:
        near, far = self.background_shell_mm
        if not 0 <= near < far:
            raise InputError("background_shell_mm must be two rising distances of 0 mm or more")
        if self.minimum_voxels < 1 or self.minimum_volume_mm3 < 0:
            raise InputError("a lesion's minimum size must be at least one voxel and 0 mm3")
        if min(self.rim_enclosed_share, self.rim_core_share, self.net_hull_fill) <= 0:
            raise InputError("the shares that tell rims and nets must be more than 0")
        if not 0 < self.core_percentile < 100:
            raise InputError("core_percentile must lie between 0 and 100")
