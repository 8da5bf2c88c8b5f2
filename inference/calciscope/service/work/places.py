"""Files on their way into a worker's folder, and results out of it."""

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from calciscope.errors import InputError


def place_files(files: Sequence[tuple[str, str]], folder: Path) -> None:
    """Put instances into a new folder: linked where the file system can, else copied.

    Raises:
        InputError: there are none.
    """
    if not files:
        raise InputError("the study has no instances that the rule takes; look at its series")
    folder.mkdir(mode=0o700)
    for name, path in files:
        link_or_copy(path, folder / name)


def link_or_copy(source: str, target: str | Path) -> None:
    """A file under a second name; a copy of it where the file system cannot link it."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        shutil.copyfile(source, target)


def publish_once(folder: Path, target: Path) -> None:
    """Give a folder its final name; where another worker was quicker, its results stay.

    A cluster may give a study to a second worker while the first one, cut off from it, still works.
    Both make the same results.
    """
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        shutil.rmtree(folder, ignore_errors=True)
