"""Settings of a comparison; each is repeated in `comparison.json`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ComparisonSettings:
    """What the change depends on besides the findings of both dates.

    Attributes:
        grid_mm: voxel size at which bones are registered.
        least_bone_mm3: a part of the skeleton smaller than this is not registered on its own.
        least_overlap: smallest share of a part's surface that the other date must show.
        least_used: smallest such share for lesions beside the part to be compared: with less in
            view a shaft may be found somewhere along itself.
        good_mm: mean distance of registered surfaces up to which nothing is said.
        bad_mm: and above which the part is not used; lesions beside it are not compared.
        match_mm: farthest that two lesions without overlap may lie apart and be the same one.
        least_shared: share of the smaller lesion that must lie in the other (within a voxel) for
            two lesions to overlap.
        least_covered: share of a lesion's voxels that the other date must show.
        skin_mm: how far outside of the body of the other date a place still counts as shown.
        stable_percent: change of mass up to which a lesion or sum is stable (SCTC thresholds:
            progression above +25 %, improvement below -25 %).
    """

    grid_mm: float = 2.0
    least_bone_mm3: float = 3000.0
    least_overlap: float = 0.35
    least_used: float = 0.6
    good_mm: float = 2.0
    bad_mm: float = 4.0
    match_mm: float = 5.0
    least_shared: float = 0.2
    least_covered: float = 0.9
    skin_mm: float = 15.0
    stable_percent: float = 25.0
