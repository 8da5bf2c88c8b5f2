"""The data folder is for the service alone."""

from pathlib import Path

import pytest

from calciscope.errors import ServiceError
from calciscope.service.data_folder import DataFolder


def test_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir(mode=0o755)
    data = DataFolder(root)
    data.make()
    folders = (root, data.incoming, data.instances, data.work, data.results)
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 5


def test_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(ServiceError, match="cannot be made for the service alone"):
        DataFolder(tmp_path / "data").make()
