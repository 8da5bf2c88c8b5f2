"""A real limb against itself, turned and shifted by a known amount and sampled anew."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from calciscope.followup.alignment import align
from calciscope.followup.rigid import Rigid, euler
from calciscope.followup.settings import ComparisonSettings
from calciscope.followup.skeleton import find_skeleton
from calciscope.pipeline import Analyzer
from calciscope.readers import read_ct
from calciscope.volume import Volume

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

SETTINGS = ComparisonSettings()
MOTION_MM = (11.0, -7.0, 16.0)
MOTION_DEG = (3.0, -4.0, 8.0)


def moved(ct: Volume, motion: Rigid) -> Volume:
    """The CT of the same patient who lies elsewhere, on a grid as large, sampled linearly."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in ct.shape), indexing="ij"), axis=-1)
    shifted = Volume(ct.array, ct.affine.copy())
    shifted.affine[:3, 3] += MOTION_MM
    source = ct.index(motion.inverse(shifted.lps_mm(index)))
    hu = ndimage.map_coordinates(
        ct.array.astype(np.float32), np.moveaxis(source, -1, 0), order=1, cval=-1000.0
    )
    return shifted.with_array(np.round(hu).astype(np.int16))


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(threads=2)


@pytest.mark.parametrize("name", ["STS_025", "STS_047", "STS_051"])
def test_a_turned_limb_is_found(shared_data: Path, analyzer: Analyzer, name: str) -> None:
    ct = read_ct(shared_data / "sts_ct" / f"{name}_ct.nii.gz").volume
    center = ct.lps_mm((np.array(ct.shape) - 1) / 2)
    motion = Rigid.about(center, euler(*MOTION_DEG), center + MOTION_MM)
    segment = analyzer._segmenter.segment
    skeletons = [
        find_skeleton(segment(volume).tissues, SETTINGS) for volume in (ct, moved(ct, motion))
    ]
    errors: Mapping[str, tuple[float, float]] = {
        str(part.part): (
            part.residual_mm,
            float(
                np.linalg.norm(
                    part.earlier_to_later(part.surface_mm) - motion(part.surface_mm), axis=1
                ).mean()
            ),
        )
        for part in align(skeletons[0], skeletons[1], SETTINGS).usable
    }
    assert errors
    # Slices are 3.3 mm apart; the network sees the turned limb anew.
    for part, (residual, error) in errors.items():
        assert residual < 1.5, part
        assert error < 3.0, part
