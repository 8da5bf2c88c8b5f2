"""Looking through a watched folder: which files are there, and which have come to rest.

The scan is the truth. File events only make it come sooner, as network shares send none.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from calciscope.service.clock import Clock

UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", ".partial", ".swp")
"""How names of files end that are still being written."""

MOST_PENDING = 50_000
"""Files watched for coming to rest at a time; others wait for a later scan, memory stays flat."""

DEEPEST = 16
"""Folders within folders."""

LATEST_NS = (1 << 63) - 1

Stamp = tuple[int, int]
"""Size in bytes and time of change in ns; network shares do not keep inode numbers."""


@dataclass(frozen=True)
class Candidate:
    """A file that has come to rest."""

    path: Path
    stamp: Stamp


@dataclass
class _Pending:
    stamp: Stamp
    since: float


class RestingFiles:
    """Finds files whose size and time have not changed for a while.

    Links are passed over: what they lead to inside the folder is found itself, and nothing outside
    is ever touched.

    Args:
        folder: to look through, with its subfolders.
        stable_seconds: for which a file must not have changed, by the clock that never jumps.
        known: whether a file, by path and stamp, has been dealt with.
        clock: of the service.
    """

    def __init__(
        self,
        folder: Path,
        stable_seconds: float,
        known: Callable[[str, Stamp], bool],
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._stable_seconds = stable_seconds
        self._known = known
        self._clock = clock
        self._pending: dict[str, _Pending] = {}

    def look(self) -> list[Candidate]:
        """Files that have come to rest since the last look, the longest waiting first.

        Raises:
            OSError: the folder itself cannot be read, as when a share is away.
        """
        now = self._clock.monotonic()
        before, self._pending = self._pending, {}
        found = []
        try:
            for path, stamp in _files_below(self._folder):
                if len(self._pending) >= MOST_PENDING:
                    break
                seen = before.get(path)
                if seen is None and self._known(path, stamp):
                    continue
                if seen is None or seen.stamp != stamp:
                    seen = _Pending(stamp, now)
                self._pending[path] = seen
                if now - seen.since >= self._stable_seconds:
                    found.append((seen.since, path, stamp))
        except OSError:
            # A share that is away for a moment does not make files begin anew.
            self._pending = before | self._pending
            raise
        found.sort()
        return [Candidate(Path(path), stamp) for _, path, stamp in found]

    def forget(self, candidate: Candidate) -> None:
        """A file has been dealt with."""
        self._pending.pop(str(candidate.path), None)


def stamp_of(status: os.stat_result) -> Stamp:
    """What tells that a file has changed."""
    # The journal counts to 2^63, which as ns is the year 2262; some dates are of later ones.
    return status.st_size, max(-LATEST_NS, min(status.st_mtime_ns, LATEST_NS))


def is_unfinished(name: str) -> bool:
    """Whether a name says that the file is hidden or still being written."""
    return name.startswith((".", "~")) or name.lower().endswith(UNFINISHED)


def _files_below(folder: Path) -> Iterator[tuple[str, Stamp]]:
    """Path and stamp of each file; a subfolder or entry that cannot be read is passed over."""
    pending = [(str(folder), 0)]
    while pending:
        place, depth = pending.pop()
        try:
            entries = os.scandir(place)
        except OSError:
            if depth == 0:
                raise
            continue
        with entries:
            for entry in _each(entries, depth):
                try:
                    if is_unfinished(entry.name) or entry.is_symlink():
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if depth < DEEPEST:
                            pending.append((entry.path, depth + 1))
                        continue
                    if not entry.is_file(follow_symlinks=False):
                        continue
                    stamp = stamp_of(entry.stat(follow_symlinks=False))
                except OSError:
                    # It has gone since, or its share, which tells kinds of files only when asked
                    # for each, does not tell that of this one.
                    continue
                yield entry.path, stamp


def _each(entries: Iterator[os.DirEntry[str]], depth: int) -> Iterator[os.DirEntry[str]]:
    """The entries of a folder, as far as they can be read; of the first one, all or an error."""
    try:
        yield from entries
    except OSError:
        if depth == 0:
            raise
