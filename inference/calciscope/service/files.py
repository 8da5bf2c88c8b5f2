"""Writing files so that they survive a power cut, one small step at a time."""

import errno
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What a disk answers that has no room left, or none for this user."""

SYNCING_THREADS = 8
"""Many files are brought to disk together much faster than one after another."""


def sync(path: Path) -> None:
    """Bring a file or folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(paths: Iterable[Path]) -> None:
    """Bring files or folders to disk."""
    several = list(paths)
    if len(several) < 2:
        for path in several:
            sync(path)
        return
    with ThreadPoolExecutor(min(SYNCING_THREADS, len(several))) as pool:
        for _ in pool.map(sync, several):
            pass


def put_in_place(moves: Sequence[tuple[Path, Path]]) -> None:
    """Rename files that are on disk already, and bring their new folders to disk."""
    folders = {target.parent for _, target in moves}
    new = [folder for folder in folders if not folder.is_dir()]
    for folder in new:
        folder.mkdir(mode=0o700, exist_ok=True)
    for source, target in moves:
        source.replace(target)
    sync_all({*folders, *(folder.parent for folder in new)})


def remove(path: Path) -> None:
    """Remove a file of our own; that it is gone already is well."""
    with suppress(FileNotFoundError):
        path.unlink()
