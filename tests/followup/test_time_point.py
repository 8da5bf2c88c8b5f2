"""Folders of results read back as a date."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.followup.time_point import TimePoint, is_result_folder, read_results
from calciscope.locations import Laterality
from calciscope.volume import Volume
from calciscope.writers.nifti import write_volume

Write = Callable[[TimePoint, Path], Path]


@pytest.fixture
def point(make_point: Callable[..., TimePoint], ball: Callable[..., Any]) -> TimePoint:
    return make_point([ball(Laterality.LEFT, (10, 30, 120), 40.0)], z_mm=(90.0, 150.0))


def test_results_are_read_as_they_were(
    point: TimePoint, write_results: Write, tmp_path: Path
) -> None:
    folder = write_results(point, tmp_path / "jan")
    assert is_result_folder(folder)
    read = read_results(folder)
    assert read.ct is None
    assert read.tissues.same_grid(point.tissues)
    assert np.array_equal(read.tissues.array, point.tissues.array)
    assert read.findings.ct.lesions[0].ha_mass_mg == 40.0
    assert len(read.voxels[1]) == np.count_nonzero(point.lesion_ids.array == 1)


def test_a_study_is_no_result_folder(tmp_path: Path) -> None:
    assert not is_result_folder(tmp_path)
    assert not is_result_folder(tmp_path / "ct.nii.gz")


@pytest.mark.parametrize("name", ["tissues.nii.gz", "calcification_lesions.nii.gz"])
def test_a_missing_mask_is_named(
    point: TimePoint, write_results: Write, tmp_path: Path, name: str
) -> None:
    folder = write_results(point, tmp_path / "jan")
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing; run the study again"):
        read_results(folder)


def test_masks_of_two_runs_are_refused(
    point: TimePoint, write_results: Write, tmp_path: Path
) -> None:
    folder = write_results(point, tmp_path / "jan")
    other = Volume.from_spacing(np.ones((4, 4, 4), np.uint8), (1, 1, 1))
    write_volume(folder / "tissues.nii.gz", other)
    with pytest.raises(InputError, match="differ in grid"):
        read_results(folder)


def test_findings_without_their_lesions_are_refused(
    point: TimePoint, write_results: Write, tmp_path: Path
) -> None:
    folder = write_results(point, tmp_path / "jan")
    empty = point.lesion_ids.with_array(np.zeros(point.lesion_ids.shape, np.uint8))
    write_volume(folder / "calcification_lesions.nii.gz", empty)
    with pytest.raises(InputError, match="lacks lesions that"):
        read_results(folder)
