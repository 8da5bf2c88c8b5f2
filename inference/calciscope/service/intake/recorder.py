"""One thread that writes down what all associations receive, many instances in one transaction."""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future

from calciscope.service.intake.store import InstanceStore, Kept, Staged

BATCH = 64

_End = None
_Item = tuple[Staged, str, "Future[Kept]"]


class Recorder:
    """Keeps staged instances and lets each sender wait for its own.

    Threads of associations come and go; connections to the journal belong to threads, so that one
    lasting thread writes for all.

    Args:
        store: that keeps.
    """

    def __init__(self, store: InstanceStore) -> None:
        self._store = store
        self._queue: queue.Queue[_Item | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Write down what is waiting, then end."""
        self._queue.put(_End)
        self._thread.join()

    def keep(self, staged: Staged, source: str) -> Kept:
        """Wait until an instance is safe on disk and in the journal.

        Raises:
            OSError: the disk is full or fails.
            sqlite3.Error: the journal cannot be written.
        """
        done: Future[Kept] = Future()
        self._queue.put((staged, source, done))
        return done.result()

    def _run(self) -> None:
        while True:
            batch, more = self._next()
            for source in dict.fromkeys(item[1] for item in batch):
                self._keep([item for item in batch if item[1] == source], source)
            if not more:
                return

    def _next(self) -> tuple[list[_Item], bool]:
        """What is waiting, and whether anything may follow."""
        item = self._queue.get()
        batch: list[_Item] = []
        while item is not None:
            batch.append(item)
            if len(batch) == BATCH or self._queue.empty():
                return batch, True
            item = self._queue.get()
        return batch, False

    def _keep(self, batch: Sequence[_Item], source: str) -> None:
        try:
            kept = self._store.keep([staged for staged, _, _ in batch], source)
        except Exception as error:
            for _, _, done in batch:
                done.set_exception(error)
            return
        for (_, _, done), outcome in zip(batch, kept, strict=True):
            done.set_result(outcome)
