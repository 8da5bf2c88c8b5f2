"""One service for one data folder."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from calciscope.errors import ServiceError


class ServiceLock:
    """Held while the service runs; the system takes it away when the process ends, however it ends.

    Args:
        path: of the lock file; it is left behind, as removing it would let two services in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            ServiceError: another service holds it, or the file system has no locks.
        """
        try:
            # Not inherited by worker processes (PEP 446): one that outlives us holds nothing.
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ServiceError(
                f"{self._path} cannot be opened ({error.strerror}); check who owns the data folder"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise ServiceError(
                f"another service{f' (process {holder})' if holder else ''} runs on"
                f" {self._path.parent}; stop it, or give this one a data folder of its own"
            ) from error
        except OSError as error:
            os.close(descriptor)
            raise ServiceError(
                f"{self._path} cannot be locked ({error.strerror}); put the data folder on a local"
                " disk"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of the lock, if it is held."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "ServiceLock":
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
