"""The gate that closes the intake before the disk is full."""

import errno
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calciscope.service.observers import Meter, SilentMeter
from calciscope.service.settings.house import Disk

LOGGER = logging.getLogger(__name__)

GIB = 1 << 30
LEAST_FILES = 10_000
"""Free inodes below which nothing is taken in; a study can have as many slices."""


@dataclass(frozen=True)
class Space:
    """What is free: bytes, and files that can still be made (None where there is no limit)."""

    free_bytes: int
    free_files: int | None


def space(folder: Path) -> Space:
    """What is free for this user where a folder lies."""
    found = os.statvfs(folder)
    # File systems without a table of inodes (Btrfs, many network shares) say 0 of 0.
    return Space(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)


class DiskGate:
    """Closed when less than `stop_gib` is free, open again when more than `resume_gib` is.

    Studies that are here already go on: only the ways in look at this gate.

    Args:
        settings: the two marks.
        folder: on the disk that counts.
        meter: told when it closes.
        look: replaces `space` in tests.
    """

    def __init__(
        self,
        settings: Disk,
        folder: Path,
        meter: Meter | None = None,
        look: Callable[[Path], Space] = space,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._meter = meter or SilentMeter()
        self._look = look
        self._reason = ""
        self.tick()

    @property
    def closed(self) -> str:
        """Why nothing is taken in, in one sentence; empty when all is well."""
        return self._reason

    def tick(self) -> bool:
        """Look at the disk."""
        reason, code = self._found()
        if reason and not self._reason:
            self._meter.failed("disk", code)
            LOGGER.warning("intake stopped", extra={"code": code})
        elif self._reason and not reason:
            LOGGER.info("intake goes on")
        self._reason = reason
        return False

    def _found(self) -> tuple[str, str]:
        """A reason to be closed and its code; both empty without one."""
        try:
            found = self._look(self._folder)
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, "unknown")
            return f"the disk of the data folder cannot be looked at ({name})", "unreadable"
        mark = self._settings.resume_gib if self._reason else self._settings.stop_gib
        if found.free_bytes < mark * GIB:
            return (
                f"{found.free_bytes / GIB:.1f} GiB are free where the data folder lies; nothing is"
                f" taken in until there are {self._settings.resume_gib:g}",
                "low",
            )
        if found.free_files is not None and found.free_files < LEAST_FILES:
            return (
                f"only {found.free_files} more files can be made where the data folder lies;"
                " nothing is taken in until there is room",
                "no_inodes",
            )
        return "", ""
