"""How mineral is spread between the sides and along the legs, by hand."""

from dataclasses import replace

import pytest

from calciscope.ct.distribution import distribution_of
from calciscope.findings import Lesion
from calciscope.locations import Laterality, Region
from calciscope.patterns import LesionPattern


def test_spread_by_hand(lesion: Lesion) -> None:
    left = replace(lesion, volume_pv_mm3=30.0, ha_mass_mg=9.0, bone_fraction=0.2)
    right = replace(
        lesion,
        laterality=Laterality.RIGHT,
        volume_pv_mm3=10.0,
        ha_mass_mg=1.0,
        bone_fraction=0.7,
    )
    ankle = replace(left, region=Region.ANKLE, bone_fraction=0.01, volume_pv_mm3=20.0)
    knee = replace(left, region=Region.KNEE, bone_fraction=None, volume_pv_mm3=40.0)
    spread = distribution_of((left, right))
    assert spread.symmetry_index_volume == pytest.approx(0.5)
    assert spread.symmetry_index_ha_mass == pytest.approx(0.8)
    assert spread.lower_half_share == pytest.approx(0.75)
    assert distribution_of((left, right, ankle, knee)).lower_half_share == pytest.approx(50 / 60)
    assert spread.volume_share_by_pattern == {}
    nothing = distribution_of(())
    assert (nothing.symmetry_index_volume, nothing.lower_half_share) == (None, None)
    assert distribution_of((knee,)).lower_half_share is None


def test_shares_of_patterns_largest_first(lesion: Lesion) -> None:
    lesions = [
        replace(lesion, pattern=pattern, volume_pv_mm3=volume)
        for pattern, volume in (
            (LesionPattern.PUNCTATE, 10.0),
            (LesionPattern.NET, 60.0),
            (LesionPattern.PUNCTATE, 30.0),
        )
    ]
    shares = distribution_of(lesions).volume_share_by_pattern
    assert list(shares.items()) == [(LesionPattern.NET, 0.6), (LesionPattern.PUNCTATE, 0.4)]
