"""Files in, results out."""

import errno
import os
from pathlib import Path

import pytest

from calciscope.errors import InputError
from calciscope.service.work.places import place_files, publish_once


def test_files_are_linked_under_their_new_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("A")
    place_files([("000001.dcm", str(tmp_path / "a"))], tmp_path / "in")
    assert (tmp_path / "in" / "000001.dcm").samefile(tmp_path / "a")


def test_files_are_copied_where_they_cannot_be_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: str, target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_text("A")
    place_files([("000001.dcm", str(tmp_path / "a"))], tmp_path / "in")
    assert (tmp_path / "in" / "000001.dcm").read_text() == "A"


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        place_files([("000001.dcm", str(tmp_path / "a"))], tmp_path / "in")


def test_no_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no instances"):
        place_files([], tmp_path / "in")


def test_the_first_of_two_workers_publishes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "findings.json").write_text(name)
        publish_once(tmp_path / name, tmp_path / "results")
    assert (tmp_path / "results" / "findings.json").read_text() == "first"
    assert not (tmp_path / "second").exists()
