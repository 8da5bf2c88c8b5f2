"""Tiny CT series to read, and ways to spoil them."""

import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import DataElement, dcmread

from calciscope.phantom.dicom import write_ct_series
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.slices import Slice
from calciscope.volume import Volume


@pytest.fixture
def ct_volume() -> Volume:
    """16 x 12 x 6 voxels, each with another value from -1000 up; spacing 0.8 x 0.7 x 2.5 mm."""
    array = np.arange(-1000, -1000 + 16 * 12 * 6, dtype=np.int16).reshape(16, 12, 6)
    return Volume.from_spacing(array, (0.8, 0.7, 2.5), (-30.0, 12.5, 100.0))


@pytest.fixture
def ct_folder(tmp_path: Path, ct_volume: Volume) -> Path:
    """`ct_volume` as six DICOM files, the slices at z = 100.0, 102.5 ... 112.5 mm."""
    write_ct_series(ct_volume, tmp_path / "ct", uid_seed="test", series_number=3)
    return tmp_path / "ct"


@pytest.fixture
def edit() -> Callable[..., None]:
    """edit(path, Keyword=value, ...) rewrites a DICOM file; None deletes the element."""

    def rewrite(path: Path, **changes: Any) -> None:
        dataset = dcmread(path)
        for keyword, value in changes.items():
            if value is None:
                delattr(dataset, keyword)
            elif isinstance(value, DataElement):
                dataset.add(value)
            else:
                setattr(dataset, keyword, value)
        if "SOPInstanceUID" in changes:
            dataset.file_meta.MediaStorageSOPInstanceUID = changes["SOPInstanceUID"]
        dataset.save_as(path)

    return rewrite


@pytest.fixture
def make_slice() -> Callable[..., Slice]:
    """make_slice(position, ...) is an axial slice of 4 x 3 pixels with HU rescale."""

    def make(position: Any, **changes: Any) -> Slice:
        name = f"slice at {position}"
        values: dict[str, Any] = {
            "file": FoundFile(Path(name), name),
            "frame": None,
            "sop_instance_uid": f"1.2.{zlib.crc32(name.encode())}",
            "instance_number": None,
            "rows": 3,
            "columns": 4,
            "samples_per_pixel": 1,
            "position": None if position is None else tuple(position),
            "orientation": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
            "pixel_spacing": (0.7, 0.8),
            "thickness": 2.5,
            "slope": 1.0,
            "intercept": -1024.0,
            "rescale_type": "HU",
            "image_type": ("ORIGINAL", "PRIMARY", "AXIAL"),
            "acquisition_number": 1,
            "temporal_position": None,
            "kernel": "STANDARD",
        }
        return Slice(**(values | changes))

    return make


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """An empty folder, and a process that may not read what permissions forbid, even for root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(user)
