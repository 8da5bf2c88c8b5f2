"""The in-plane resolution is recovered from limbs of known blur."""

from collections.abc import Callable

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.volume import Volume
from calciscope_train.host_psf import measure_point_spread


def everything(limb: Volume) -> Volume:
    """The part of a limb above its table, as its body."""
    body = limb.array > -500
    body[:, 110:] = False
    return limb.with_array(body)


@pytest.mark.parametrize("fwhm_mm", [1.4, 2.0])
def test_fwhm_is_recovered_at_bone(limb_maker: Callable[..., Volume], fwhm_mm: float) -> None:
    limb = limb_maker(fwhm_mm=fwhm_mm)
    measured = measure_point_spread(limb, everything(limb))
    assert measured.where == "bone" and measured.edges > 100
    assert measured.fwhm_mm == pytest.approx(fwhm_mm, abs=0.15)
    assert measured.quartiles_mm[0] <= measured.fwhm_mm <= measured.quartiles_mm[1]


@pytest.mark.parametrize("fwhm_mm", [1.4, 2.0])
def test_fwhm_is_recovered_at_the_skin_where_no_bone_is(
    limb_maker: Callable[..., Volume], fwhm_mm: float
) -> None:
    limb = limb_maker(fwhm_mm=fwhm_mm)
    boneless = limb.with_array(np.minimum(limb.array, 100))
    measured = measure_point_spread(boneless, everything(limb))
    assert measured.where == "skin" and measured.edges > 300
    assert measured.fwhm_mm == pytest.approx(fwhm_mm, abs=0.15)


def test_a_crop_without_edges_is_refused(limb: Volume) -> None:
    inside = limb.crop((70, 45, 0), (91, 66, 9))
    body = inside.with_array(np.ones(inside.shape, dtype=bool))
    with pytest.raises(InputError, match="state the FWHM"):
        measure_point_spread(inside, body)
