"""How mineral is spread over the patient: between the sides, and along the legs."""

from collections.abc import Sequence

from calciscope.findings import Distribution, Lesion
from calciscope.locations import Laterality, Region

SHANK = (Region.ANKLE, Region.LOWER_LEG)


def distribution_of(lesions: Sequence[Lesion]) -> Distribution:
    """Shares of the mineral by side and height.

    Args:
        lesions: all of a study.
    """
    left = [lesion for lesion in lesions if lesion.laterality is Laterality.LEFT]
    right = [lesion for lesion in lesions if lesion.laterality is Laterality.RIGHT]
    heights = [
        (lesion, lesion.bone_fraction)
        for lesion in lesions
        if lesion.region in SHANK and lesion.bone_fraction is not None
    ]
    shank = [lesion for lesion, _ in heights]
    low = [lesion for lesion, height in heights if height < 0.5]
    return Distribution(
        symmetry_index_volume=_index(_volume(left), _volume(right)),
        symmetry_index_ha_mass=_index(_mass(left), _mass(right)),
        lower_half_share=_share(_volume(low), _volume(shank)),
    )


def _volume(lesions: Sequence[Lesion]) -> float:
    return sum(lesion.volume_pv_mm3 for lesion in lesions)


def _mass(lesions: Sequence[Lesion]) -> float:
    return sum(lesion.ha_mass_mg for lesion in lesions)


def _index(left: float, right: float) -> float | None:
    return (left - right) / (left + right) if left + right > 0 else None


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
