"""The output folder: results appear in it all at once, or not at all.

Results are written into a staging folder beside OUT and moved into place at the end. Whatever
fails before that leaves OUT as it was; a failure during the move is undone.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calciscope.errors import OutputError

RESULT_NAMES = (
    "findings.json",
    "calcification.nii.gz",
    "calcification_lesions.nii.gz",
    "tissues.nii.gz",
    "hot_spots.nii.gz",
    "report.html",
    "report.pdf",
    "dicom/segmentation.dcm",
    "dicom/measurements.dcm",
    "dicom/report.dcm",
)
"""Every file a run may leave in OUT. The first one is moved last: where it is, all are."""

_REPLACED = ".replaced"
_DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@contextmanager
def output_folder(path: Path, force: bool = False) -> Iterator[Path]:
    """Collect results in a staging folder and move them into `path` when the block ends well.

    Files of others in `path` are left alone. With `force`, the results of an earlier run are
    replaced as a whole: those that the new run does not make are removed, so that no file of one
    study stays beside those of another.

    Args:
        path: the folder OUT; made, with its parents, only when the block ends well.
        force: replace the results of an earlier run.

    Yields:
        An empty folder to write into, under the names of `RESULT_NAMES`.

    Raises:
        OutputError: `path` is no folder, holds results and `force` is not given, or cannot be
            written to.
    """
    target = path.resolve()
    _refuse(path, target, RESULT_NAMES, force)
    staging = _make_staging(path, target)
    try:
        try:
            yield staging
        except OSError as error:
            if error.errno in _DISK_TROUBLE:
                raise _cannot_write(path, error) from error
            raise
        staged = _files(staging)
        _refuse(path, target, staged, force)
        try:
            _publish(staging, target, staged)
        except OSError as error:
            raise _cannot_write(path, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _cannot_write(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"cannot write to {path} ({reason}); choose another folder with -o")


def _refuse(path: Path, target: Path, names: tuple[str, ...], force: bool) -> None:
    """Raise if `target` is no folder, or holds one of `names` that may not be replaced."""
    if target.exists() and not target.is_dir():
        raise OutputError(f"{path} is a file, not a folder; choose another folder with -o")
    for name in names:
        place = target / name
        if place.is_dir():
            raise OutputError(f"{path / name} is a folder; move it or choose another folder")
        if not force and os.path.lexists(place):
            raise OutputError(f"{path / name} exists already; add --force to replace it")


def _make_staging(path: Path, target: Path) -> Path:
    """Make an empty folder on the file system of `target`, so that moving is renaming."""
    parent = target.parent
    while not parent.exists():
        parent = parent.parent
    if target.exists() and not _is_sibling_writable(target):
        parent = target
    staging = parent / f".{target.name}.{secrets.token_hex(4)}.partial"
    try:
        # Not tempfile.mkdtemp: its 0700 would stay on OUT when the folder becomes OUT.
        staging.mkdir()
    except OSError as error:
        raise _cannot_write(path, error) from error
    return staging


def _is_sibling_writable(target: Path) -> bool:
    """Whether a folder beside `target` can be made and renamed into it (not so for a mount)."""
    same_device = target.stat().st_dev == target.parent.stat().st_dev
    return same_device and os.access(target.parent, os.W_OK)


def _files(folder: Path) -> tuple[str, ...]:
    """Relative names of all files below `folder`, `findings.json` last."""
    names = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()]
    return tuple(sorted(names, key=lambda name: (name == RESULT_NAMES[0], name)))


def _publish(staging: Path, target: Path, staged: tuple[str, ...]) -> None:
    """Move the staged files into `target`; on any failure `target` is as before."""
    moves = _Moves()
    try:
        if not target.exists():
            moves.move(staging, target)
            return
        earlier = RESULT_NAMES if (target / RESULT_NAMES[0]).exists() else ()
        # findings.json leaves first and comes last: it never stands beside half of the rest.
        for name in dict.fromkeys((*earlier, *staged)):
            if os.path.lexists(target / name):
                moves.move(target / name, staging / _REPLACED / name)
        for name in staged:
            moves.move(staging / name, target / name)
    except BaseException:
        moves.undo()
        raise


class _Moves:
    """Renames that can be taken back."""

    def __init__(self) -> None:
        self._done: list[tuple[Path, Path]] = []
        self._folders: list[Path] = []

    def move(self, source: Path, place: Path) -> None:
        """Rename `source` to `place`, making the folders above it."""
        for folder in reversed([p for p in place.parents if not p.exists()]):
            folder.mkdir()
            self._folders.append(folder)
        source.rename(place)
        self._done.append((source, place))

    def undo(self) -> None:
        """Rename everything back and remove the folders that were made."""
        for source, place in reversed(self._done):
            place.rename(source)
        for folder in reversed(self._folders):
            folder.rmdir()
