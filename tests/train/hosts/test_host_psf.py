"""The in-plane resolution is recovered from limbs of known blur."""

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.volume import Volume
from calciscope_train.host_psf import measure_point_spread
from calciscope_train.host_tissues import label_host


@pytest.mark.parametrize("fwhm_mm", [1.4, 1.8, 2.2])
def test_fwhm_is_recovered(limb_maker, fwhm_mm: float) -> None:  # type: ignore[no-untyped-def]
    limb = limb_maker(fwhm_mm=fwhm_mm)
    measured = measure_point_spread(limb, label_host(limb).body)
    assert measured.edges > 500
    assert measured.fwhm_mm == pytest.approx(fwhm_mm, abs=0.15)
    assert measured.quartiles_mm[0] <= measured.fwhm_mm <= measured.quartiles_mm[1]


def test_a_crop_without_skin_is_refused(limb: Volume) -> None:
    inside = limb.crop((45, 45, 0), (66, 66, 14))
    body = inside.with_array(np.ones(inside.shape, dtype=bool))
    with pytest.raises(InputError, match="state the FWHM"):
        measure_point_spread(inside, body)
