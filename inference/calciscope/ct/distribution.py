"""How mineral is spread: between the sides, along the legs, and over the patterns of lesions."""

from collections.abc import Sequence

from calciscope.ct.burden import figures_of
from calciscope.findings import Distribution, Lesion
from calciscope.locations import Laterality, Region
from calciscope.patterns import LesionPattern

SHANK = (Region.ANKLE, Region.LOWER_LEG)


def distribution_of(lesions: Sequence[Lesion]) -> Distribution:
    """Shares of the mineral by side and height.

    Args:
        lesions: all of a study.
    """
    left, right = (
        figures_of(lesion for lesion in lesions if lesion.laterality is side)
        for side in (Laterality.LEFT, Laterality.RIGHT)
    )
    heights = [
        (lesion, lesion.bone_fraction)
        for lesion in lesions
        if lesion.region in SHANK and lesion.bone_fraction is not None
    ]
    shank = figures_of(lesion for lesion, _ in heights)
    low = figures_of(lesion for lesion, height in heights if height < 0.5)
    return Distribution(
        symmetry_index_volume=_index(left.volume_pv_mm3, right.volume_pv_mm3),
        symmetry_index_ha_mass=_index(left.ha_mass_mg, right.ha_mass_mg),
        lower_half_share=_share(low.volume_pv_mm3, shank.volume_pv_mm3),
        volume_share_by_pattern=_share_by_pattern(lesions),
    )


def _share_by_pattern(lesions: Sequence[Lesion]) -> dict[LesionPattern, float]:
    whole = figures_of(lesions).volume_pv_mm3
    volumes = {
        pattern: figures_of(lesion for lesion in lesions if lesion.pattern is pattern)
        for pattern in LesionPattern
    }
    shares = {
        pattern: figures.volume_pv_mm3 / whole if whole > 0 else 0.0
        for pattern, figures in volumes.items()
        if figures.count
    }
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _index(left: float, right: float) -> float | None:
    return (left - right) / (left + right) if left + right > 0 else None


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
