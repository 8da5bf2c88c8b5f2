"""Bowel-like contrast: it fills a lumen, is called foreign, and leaves the rest alone."""

import numpy as np

from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.host_lumens import fill_lumens


def test_contrast_fills_gas_from_the_back_and_is_called_foreign() -> None:
    hu = np.full((60, 60, 20), 40, np.int16)
    hu[20:40, 20:40, 5:15] = -1000
    labels = np.full(hu.shape, Label.MUSCLE, np.uint8)
    labels[15:45, 15:45, 3:17] = IGNORE
    ct = Volume.from_spacing(hu, (1.0, 1.0, 3.0))
    for seed in range(6):
        filled, truth, records = fill_lumens(
            ct, labels, hu == -1000, np.random.default_rng(seed), first_id=7
        )
        (record,) = records
        foreign = truth == Label.FOREIGN
        assert foreign.sum() == record["voxels"] > 100
        assert record["id"] == 7 and foreign[tuple(record["center_index"])]
        assert filled[foreign].mean() > 60
        # The level: where contrast stands, all that lies behind it in the lumen is contrast too.
        columns = foreign[22:38, 20:40, 6:14]
        assert (np.diff(columns.astype(int), axis=1) >= 0).mean() > 0.95
        far = np.ones(hu.shape, dtype=bool)
        far[12:48, 12:48, 1:19] = False
        assert (filled[far] == hu[far]).all() and (truth[far] == labels[far]).all()


def test_a_speck_of_gas_is_not_filled() -> None:
    hu = np.full((30, 30, 10), 40, np.int16)
    hu[10:13, 10:13, 4:6] = -1000
    ct = Volume.from_spacing(hu, (1.0, 1.0, 3.0))
    labels = np.full(hu.shape, Label.MUSCLE, np.uint8)
    filled, truth, records = fill_lumens(ct, labels, hu == -1000, np.random.default_rng(0))
    assert records == [] and (filled == hu).all() and (truth == labels).all()
