"""Rules on a synthetic limb whose tissues are known, and on the real hosts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.host_cases import read_host
from calciscope_train.host_tissues import TissueRules, label_host

CENTER = 55.5


def _share(labels: np.ndarray, where: np.ndarray, label: int) -> float:
    return float((labels[where] == label).mean())


def test_each_layer_of_the_limb_gets_its_label(limb: Volume, radius_mm: np.ndarray) -> None:
    tissues = label_host(limb).tissues.array
    assert _share(tissues, radius_mm < 11, Label.BONE) == 1.0
    assert _share(tissues, (radius_mm > 15) & (radius_mm < 34.5), Label.MUSCLE) > 0.999
    assert _share(tissues, (radius_mm > 38) & (radius_mm < 44), Label.SUBCUTANEOUS) > 0.999
    assert _share(tissues, radius_mm > 47, Label.BACKGROUND) == 1.0


def test_the_table_is_not_body(limb: Volume) -> None:
    table = round(CENTER + 60 / 0.977)
    assert (limb.array[5, table, :] > -300).all()
    assert not label_host(limb).body.array[:, table].any()


def test_a_limb_cut_by_the_crop_has_no_skin_at_the_cut(limb: Volume) -> None:
    half = limb.crop((56, 0, 0), limb.shape)
    tissues = label_host(half).tissues.array
    assert (tissues[0, 56] == Label.BONE).all()
    assert (tissues[0, 56 + 25] == Label.MUSCLE).all()


def test_the_hosts_own_mineral_is_ignored_with_a_margin(limb_maker: Callable[..., Volume]) -> None:
    limb = limb_maker(spot_hu=250.0)
    host = label_host(limb)
    x = round(CENTER + 26)
    assert host.mineral.array[x, 56, 6]
    assert (host.tissues.array[x - 4 : x + 4, 56, 6] == IGNORE).all()
    assert host.tissues.array[x + 8, 56, 6] == Label.MUSCLE


def test_a_host_without_mineral_of_its_own_keeps_every_voxel(
    limb_maker: Callable[..., Volume],
) -> None:
    host = label_host(limb_maker(spot_hu=250.0), TissueRules(own_mineral=False))
    assert not host.mineral.array.any()
    assert not (host.tissues.array == IGNORE).any()


def test_ignored_boxes_spare_bone_and_hidden_boxes_do_not(limb: Volume) -> None:
    box = ((50, 90), (50, 60), (2, 4))
    ignored = label_host(limb, TissueRules(ignore_boxes=(box,))).tissues.array
    hidden = label_host(limb, TissueRules(hide_boxes=(box,))).tissues.array
    assert ignored[55, 55, 2] == Label.BONE and ignored[85, 55, 2] == IGNORE
    assert hidden[55, 55, 2] == IGNORE and hidden[85, 55, 2] == IGNORE
    assert ignored[85, 55, 4] == Label.MUSCLE


def test_metal_is_foreign(limb: Volume) -> None:
    array = limb.array.copy()
    array[80:83, 50:53, 6] = 3000
    tissues = label_host(limb.with_array(array)).tissues.array
    assert tissues[81, 51, 6] in (Label.FOREIGN, IGNORE)


def test_air_alone_is_refused() -> None:
    air = Volume.from_spacing(np.full((30, 30, 4), -1000, dtype=np.int16), (1, 1, 3))
    with pytest.raises(InputError, match="no body"):
        label_host(air)


@pytest.mark.realdata
def test_a_real_calf_is_labelled(shared_data: Path) -> None:
    ct = read_host(shared_data / "sts_ct" / "STS_025_ct.nii.gz")
    host = label_host(ct)
    tissues = host.tissues.array
    soft = (tissues == Label.MUSCLE) | (tissues == Label.SUBCUTANEOUS)
    liters = float(soft.sum()) * ct.voxel_volume_mm3 / 1e6
    assert 0.5 < liters < 2.0
    # Fat reads about -100 and muscle about 50 HU.
    assert 30 < float(np.median(ct.array[tissues == Label.MUSCLE])) < 70
    assert -120 < float(np.median(ct.array[tissues == Label.SUBCUTANEOUS])) < -60
    # The focus between tibia and fibula is the patient's own.
    assert host.mineral.array.any()
