"""The ways in and out, each with its threads."""

import logging
import time
from collections.abc import Callable

from calciscope.service.clock import Clock
from calciscope.service.data_folder import DataFolder
from calciscope.service.delivery.queue import DeliveryQueue
from calciscope.service.delivery.senders import sender_for
from calciscope.service.intake.events import FolderEvents
from calciscope.service.intake.folders import FolderIntake
from calciscope.service.intake.receiver import StoreReceiver
from calciscope.service.intake.rules import keywords_of
from calciscope.service.intake.store import InstanceStore
from calciscope.service.journal.journal import Journal
from calciscope.service.loop import Loop, end_loop
from calciscope.service.observers import Gate, Meter
from calciscope.service.settings.service import ServiceSettings

LOGGER = logging.getLogger(__name__)

SENDING_SECONDS = 0.5

HANGING_SECONDS = 30.0
"""For a look through a watched folder when the service stops; a share that is away hangs."""

STOP_SECONDS = 90.0
"""For what is being sent when the service stops; longer than the timeouts of most archives."""


class WaysIn:
    """Watched folders and the receiver.

    Attributes:
        loops: of the folders.
        others: the receiver, as health sees it.

    Args:
        settings: of the service.
        data: where instances are kept.
        journal: where they are written down.
        clock: for when a file has come to rest.
        gate: nothing is taken in while it is closed.
        meter: told of everything.
    """

    def __init__(
        self, settings: ServiceSettings, data: DataFolder, journal: Journal, clock: Clock,
        gate: Gate, meter: Meter,
    ) -> None:  # fmt: skip
        self._store = store = InstanceStore(data, journal, keywords_of(settings.rules), meter, gate)
        self.loops: list[Loop] = []
        self._events: list[FolderEvents] = []
        for number, folder in enumerate(settings.intake.folders):
            intake = FolderIntake(folder, number, store, journal, clock, gate, meter)
            loop = Loop(f"folder {number}", intake.tick, folder.scan_seconds)
            self.loops.append(loop)
            if folder.events:
                self._events.append(FolderEvents(folder.path, loop.wake))
        receiver = settings.intake.receiver
        self._receiver = None if receiver is None else StoreReceiver(receiver, store, gate, meter)
        self._listening = False
        self.others: tuple[tuple[str, Callable[[], bool]], ...] = ()
        if self._receiver is not None:
            self.others = (("the receiver", self._receiver_is_well),)

    def start(self) -> None:
        """Begin to take in.

        Raises:
            ServiceError: the receiver's port cannot be had.
        """
        self._store.clear_incoming()
        if self._receiver is not None:
            LOGGER.info("receiver on port %d", self._receiver.start())
            self._listening = True
        for loop in self.loops:
            loop.start()
        for events in self._events:
            events.start()

    def stop(self) -> None:
        """Take in no more; what is under way is finished."""
        if self._receiver is not None and self._listening:
            self._receiver.stop()
            self._listening = False
        for events in self._events:
            events.stop()
        for loop in self.loops:
            loop.stop()
        for loop in self.loops:
            end_loop(loop, HANGING_SECONDS)

    def _receiver_is_well(self) -> bool:
        return self._receiver is not None and self._receiver.healthy


class WaysOut:
    """The queues of the destinations; none waits for another.

    Attributes:
        loops: of the queues.

    Args:
        settings: of the service.
        data: where results lie.
        journal: where deliveries are written down.
        clock: of waits.
        meter: told of everything.
    """

    def __init__(
        self, settings: ServiceSettings, data: DataFolder, journal: Journal, clock: Clock,
        meter: Meter,
    ) -> None:  # fmt: skip
        self._queues = [
            DeliveryQueue(each, sender_for(each), journal, data, clock, meter)
            for each in settings.destinations
        ]
        self.loops = [
            Loop(f"to {queue.name}", queue.tick, SENDING_SECONDS) for queue in self._queues
        ]
        self._started: list[tuple[DeliveryQueue, Loop]] = []

    def start(self) -> None:
        """Begin to send.

        Raises:
            ServiceError: the port for storage commitment cannot be had.
        """
        for queue, loop in zip(self._queues, self.loops, strict=True):
            try:
                queue.start()
            except BaseException:
                self.stop()
                raise
            loop.start()
            self._started.append((queue, loop))

    def stop(self) -> None:
        """Send no more after the objects that are on their way."""
        for queue, loop in self._started:
            queue.stop()
            loop.stop()
        end = time.monotonic() + STOP_SECONDS
        for queue, loop in self._started:
            # A share that hangs holds its thread for good; the next start sends anew.
            end_loop(loop, max(0.1, end - time.monotonic()))
            queue.close()
        self._started.clear()
