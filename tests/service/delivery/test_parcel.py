"""What is in a result folder, as senders see it."""

import shutil
from pathlib import Path

import pytest
from tests.service.delivery.conftest import KINDS, STUDY, write_result

from calciscope.service.delivery.parcel import Parcel, read_parcel
from calciscope.service.settings.destinations import EVERY_OBJECT
from calciscope.writers.output_folder import RESULT_NAMES


def test_objects_are_read_from_their_headers(tmp_path: Path) -> None:
    uids = write_result(tmp_path / "result")
    parcel = read_parcel(1, STUDY, 1, tmp_path / "result")
    assert [each.sop_uid for each in parcel.objects] == uids
    assert [str(each.sop_class_uid) for each in parcel.objects] == [KINDS[n] for n in sorted(KINDS)]
    assert all(each.size == each.path.stat().st_size for each in parcel.objects)


def test_only_the_kinds_that_are_wanted(parcel: Parcel) -> None:
    assert [each.path.stem for each in parcel.wanted(["report", "pictures"])] == [
        "picture_01",
        "report",
    ]
    assert parcel.wanted(EVERY_OBJECT) == parcel.objects
    assert parcel.wanted([]) == ()


def test_every_dicom_result_of_a_run_has_a_kind(parcel: Parcel, tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    names = [name for name in RESULT_NAMES if name.endswith(".dcm")]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(parcel.objects[0].path, folder / name)
    found = read_parcel(1, STUDY, 1, folder)
    assert len(found.wanted(EVERY_OBJECT)) == len(names)
    assert {each.kind for each in found.objects} == set(EVERY_OBJECT)


def test_stranger_among_the_results_is_an_error(parcel: Parcel) -> None:
    parcel.objects[0].path.rename(parcel.folder / "dicom/stranger.dcm")
    with pytest.raises(ValueError, match=r"stranger\.dcm is none of the results"):
        read_parcel(1, STUDY, 1, parcel.folder)


def test_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_parcel(1, STUDY, 1, tmp_path / "gone")
