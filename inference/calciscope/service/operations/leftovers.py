"""Finding files that nobody needs, by watching them rather than by their dates.

A clock that is set, or a file that keeps an old date when it is moved, must not make the cleaner
remove what is just being received: only what this process has seen unchanged for an hour goes.
"""

import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from calciscope.service.clock import Clock

Signature = tuple[int, int, int, int]
"""Inode, time of change, time of content, size: whatever writes to a file, or puts another in its
place, alters it."""


class Watch:
    """Remembers since when files that nobody needs have been lying there unchanged.

    Args:
        clock: monotonic time counts.
        seconds: for how long.
    """

    def __init__(self, clock: Clock, seconds: float = 3_600.0) -> None:
        self._clock = clock
        self._seconds = seconds
        self._since: dict[Path, tuple[Signature, float]] = {}

    def due(self, unneeded: Iterable[Path]) -> list[tuple[Path, Signature]]:
        """Those that may go now, each with what it looked like all the time.

        Args:
            unneeded: all that nobody needs at the moment; what is not among them any more is
                forgotten, and begins anew if it comes back.
        """
        now = self._clock.monotonic()
        since: dict[Path, tuple[Signature, float]] = {}
        found = []
        for path in unneeded:
            signature = signature_of(path)
            if signature is None:
                continue
            known, start = self._since.get(path, (signature, now))
            since[path] = (signature, start if known == signature else now)
            if now - since[path][1] >= self._seconds:
                found.append((path, signature))
        self._since = since
        return found


def signature_of(path: Path) -> Signature | None:
    """What a file looks like; None where it is not there."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size


def take_aside(path: Path, seen: Signature, aside: Path) -> bool:
    """Move a file or folder aside, if it still is what was seen; gives whether it was.

    Another that has taken its place in this very moment is put back.

    Args:
        path: of it.
        seen: what it looked like.
        aside: where it goes, on the same file system; must not exist.
    """
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    found = signature_of(aside)
    # Moving alters the time of change, and nothing else.
    if found is not None and (found[0], *found[2:]) == (seen[0], *seen[2:]):
        return True
    _put_back(aside, path)
    return False


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that it holds."""
    if stat.S_ISDIR(path.lstat().st_mode):
        shutil.rmtree(path)
    else:
        path.unlink()


def _put_back(aside: Path, path: Path) -> None:
    if aside.is_dir():
        aside.rename(path)
        return
    # A link, unlike a rename, does not replace yet another that is in its place by now.
    with suppress(FileExistsError):
        os.link(aside, path)
    aside.unlink()


def files_in(folder: Path) -> list[Path]:
    """What lies in a folder, sorted; nothing where it is not there."""
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
