"""The output folder: results appear in it all at once, or not at all.

Results are written into a staging folder beside OUT and moved into place at the end. Whatever
fails before that leaves OUT as it was; a failure during the move is undone.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from calciscope.errors import OutputError

PICTURES = 9
"""At most so many secondary captures: a summary, three projections, the largest lesions, and of a
SPECT the fused projection, two planar-like views and fused slices."""

RESULT_NAMES = (
    "findings.json",
    "calcification.nii.gz",
    "calcification_lesions.nii.gz",
    "tissues.nii.gz",
    "hot_spots.nii.gz",
    "report.html",
    "report.pdf",
    "dicom/segmentation.dcm",
    "dicom/lesions.dcm",
    "dicom/measurements.dcm",
    "dicom/report.dcm",
    *(f"dicom/picture_{number:02d}.dcm" for number in range(1, PICTURES + 1)),
)
"""Every file a run may leave in OUT. The first one is moved last: where it is, all are."""


@dataclass(frozen=True)
class Results:
    """What one kind of work leaves in OUT.

    Attributes:
        names: files; the first one is moved last: where it is, all are.
        folders: folders that belong to the results as a whole, with whatever is in them.
        never_beside: files of another kind of work, whose folder is refused even with `force`.
    """

    names: tuple[str, ...]
    folders: tuple[str, ...] = ()
    never_beside: tuple[str, ...] = ()


RUN_RESULTS = Results(RESULT_NAMES, never_beside=("comparison.json",))

_REPLACED = ".replaced"
_DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@contextmanager
def output_folder(
    path: Path, force: bool = False, results: Results = RUN_RESULTS
) -> Iterator[Path]:
    """Collect results in a staging folder and move them into `path` when the block ends well.

    Files of others in `path` are left alone. With `force`, the results of an earlier run are
    replaced as a whole: those that the new run does not make are removed, so that no file of one
    study stays beside those of another.

    Args:
        path: the folder OUT; made, with its parents, only when the block ends well.
        force: replace the results of an earlier run.
        results: what the work leaves.

    Yields:
        An empty folder to write into, under the names of `results`.

    Raises:
        OutputError: `path` is no folder, holds results and `force` is not given, holds those of
            another kind of work, or cannot be written to.
    """
    target = _resolved(path)
    _refuse_others(path, target, results)
    _refuse(path, target, results.names, force)
    _refuse_folders(path, target, results.folders, force)
    staging = _make_staging(path, target)
    try:
        try:
            yield staging
        except OSError as error:
            if error.errno in _DISK_TROUBLE:
                raise _cannot_write(path, error) from error
            raise
        staged = _files(staging, results)
        _refuse_others(path, target, results)
        _refuse(path, target, staged, force)
        try:
            _publish(staging, target, staged, results)
        except OSError as error:
            raise _cannot_write(path, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _resolved(path: Path) -> Path:
    """The folder itself, without links; raises OutputError where it cannot be looked at."""
    try:
        target = path.resolve()
        target.exists()
    except OSError as error:
        raise _cannot_write(path, error) from error
    except RuntimeError as error:
        # Python raises it for a loop of links.
        raise OutputError(
            f"{path} is a link that leads to itself; choose another folder with -o"
        ) from error
    return target


def _cannot_write(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"cannot write to {path} ({reason}); choose another folder with -o")


def _refuse_others(path: Path, target: Path, results: Results) -> None:
    """Raise if `target` holds the results of another kind of work."""
    for name in results.never_beside:
        if os.path.lexists(target / name):
            raise OutputError(
                f"{path} holds {name}, the results of other work; choose another folder with -o"
            )


def _refuse_folders(path: Path, target: Path, names: tuple[str, ...], force: bool) -> None:
    """Raise if one of `names` in `target` is no folder, or one that may not be replaced."""
    for name in names:
        place = target / name
        if os.path.lexists(place) and not place.is_dir():
            raise OutputError(f"{path / name} is a file; move it or choose another folder")
        if not force and place.is_dir():
            raise OutputError(f"{path / name} exists already; add --force to replace it")


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


def _files(folder: Path, results: Results) -> tuple[str, ...]:
    """Relative names of all files below `folder`, the one that says all are there last."""
    names = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()]
    return tuple(sorted(names, key=lambda name: (name == results.names[0], name)))


def _publish(staging: Path, target: Path, staged: tuple[str, ...], results: Results) -> None:
    """Move the staged files into `target`; on any failure `target` is as before."""
    moves = _Moves()
    try:
        if not target.exists():
            moves.move(staging, target)
            return
        whole = (*results.names, *results.folders)
        earlier = whole if (target / results.names[0]).exists() else ()
        # The first name leaves first and comes last: it never stands beside half of the rest.
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
        self._undo: list[Callable[[], object]] = []

    def move(self, source: Path, place: Path) -> None:
        """Rename `source` to `place`, making the folders above it."""
        for folder in reversed([p for p in place.parents if not p.exists()]):
            folder.mkdir()
            self._undo.append(folder.rmdir)
        source.rename(place)
        self._undo.append(partial(place.rename, source))

    def undo(self) -> None:
        """Rename everything back and remove the folders that were made, last things first."""
        for step in reversed(self._undo):
            step()
