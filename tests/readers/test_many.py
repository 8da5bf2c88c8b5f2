"""Long series and full folders: time that grows with their size and no faster."""

import shutil
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from pydicom import dcmread

from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.volume import Volume

pytestmark = pytest.mark.slow

LONGEST_S = 60
"""Processor time that is allowed: 3,000 slices take about 10 s, 20,000 files less than one."""


def test_three_thousand_slices(tmp_path: Path) -> None:
    first, _ = write_ct_series(
        Volume.from_spacing(np.zeros((8, 8, 2), np.int16), (1, 1, 0.6)), tmp_path, uid_seed="long"
    )
    (tmp_path / "000002.dcm").unlink()
    template = dcmread(first)
    pixels = np.full((8, 8), 1024, "<u2")  # 0 HU
    for k in range(3000):
        pixels[2, 3], pixels[4, 5] = k, 0
        template.PixelData = pixels.tobytes()
        template.BitsStored, template.HighBit = 16, 15
        template.SOPInstanceUID = template.file_meta.MediaStorageSOPInstanceUID = f"1.2.{k + 1}"
        template.InstanceNumber = k + 1
        template.ImagePositionPatient = [0, 0, round(0.6 * k, 3)]
        template.save_as(tmp_path / f"{(k * 7) % 3000 + 1:06d}.dcm")
    start = process_time()
    volume = read_ct(tmp_path).volume
    assert process_time() - start < LONGEST_S
    np.testing.assert_array_equal(volume.array[3, 2], np.arange(3000) - 1024)
    assert volume.spacing_mm[2] == pytest.approx(0.6)


def test_twenty_thousand_unrelated_files(ct_folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "export"
    for number in range(20_000):
        path = place / f"{number % 40}" / f"note {number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x08\0 not DICOM" if number % 2 else b"")
    shutil.copytree(ct_folder, place / "7" / "ct")
    start = process_time()
    study = read_ct(place)
    assert process_time() - start < LONGEST_S
    assert study.volume.shape == (16, 12, 6)
    assert (study.left_out, study.warnings) == ((), ())
