"""Forgetting files that were left where they were and are not there any more.

A file that is still there must stay remembered for ever: it would be taken in again otherwise. And
a share that is away for an hour has not lost its files.
"""

from collections.abc import Sequence
from pathlib import Path

from calciscope.service.clock import Clock
from calciscope.service.journal.journal import Journal

AT_ONCE = 1_000
OLD_SECONDS = 86_400.0


class SeenFiles:
    """Looks after the memory of files, a part at a time.

    Args:
        folders: that are watched.
        journal: that remembers.
        clock: files seen within the last day are left alone.
    """

    def __init__(self, folders: Sequence[Path], journal: Journal, clock: Clock) -> None:
        self._folders = tuple(folders)
        self._journal = journal
        self._clock = clock
        self._after = ""

    def tick(self) -> bool:
        """Look at the next part; gives whether there is more in this round."""
        removal = self._journal.removal
        before = self._clock.now() - OLD_SECONDS
        paths = removal.seen_files(before, self._after, AT_ONCE)
        gone = [path for path in paths if self._is_gone(Path(path))]
        if gone:
            removal.forget_seen_files(gone)
        self._after = paths[-1] if len(paths) == AT_ONCE else ""
        return bool(self._after)

    def _is_gone(self, path: Path) -> bool:
        """Whether a file is not there although the folder that held it is, and is not empty.

        The mount point of a share that is away is an empty folder.
        """
        root = next((folder for folder in self._folders if path.is_relative_to(folder)), None)
        # What is not under a watched folder any more may be again; a name with a backslash may
        # stand for one that is no Unicode.
        if root is None or "\\" in path.name:
            return False
        try:
            path.lstat()
        except FileNotFoundError:
            return _holds_something(path.parent, root)
        except OSError:
            return False
        return False


def _holds_something(folder: Path, root: Path) -> bool:
    """Whether the nearest folder that is there, up to the watched one, is not empty."""
    try:
        while folder != root and not folder.exists():
            folder = folder.parent
        return folder.is_dir() and any(folder.iterdir())
    except OSError:
        # One that cannot be listed must not end the round, now and for ever.
        return False
