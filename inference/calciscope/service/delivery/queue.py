"""The queue of one destination: sends what is due, waits and tries again when that fails."""

import logging
import sqlite3
import threading
from random import Random

from calciscope.errors import StaleStateError
from calciscope.service.backoff import Rest, delay
from calciscope.service.clock import Clock
from calciscope.service.data_folder import DataFolder
from calciscope.service.delivery.parcel import Parcel, read_parcel
from calciscope.service.delivery.sender import DeliveryError, DestinationAwayError, Sender
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Delivery
from calciscope.service.observers import Meter
from calciscope.service.settings.destinations import Destination

LOGGER = logging.getLogger(__name__)


class _StoppedError(Exception):
    """The service stops; what is confirmed is noted, the rest is for the next start."""


class DeliveryQueue:
    """Sends the results of jobs to one destination, the longest waiting first, one at a time.

    An attempt that fails makes its delivery wait, longer each time, while others go ahead. When
    the destination itself is away, the queue as a whole waits instead and nothing is counted,
    unless it took others since it last was away for this one: then it is this one that fails.

    Args:
        destination: settings.
        sender: that sends to it.
        journal: of the service.
        data: where results lie.
        clock: of the waits.
        meter: is told times and failures.
        random: source of the jitter.
    """

    def __init__(
        self,
        destination: Destination,
        sender: Sender,
        journal: Journal,
        data: DataFolder,
        clock: Clock,
        meter: Meter,
        random: Random | None = None,
    ) -> None:
        self.name = destination.name
        self._destination = destination
        self._sender = sender
        self._journal = journal
        self._data = data
        self._clock = clock
        self._meter = meter
        self._random = random or Random()
        self._stopping = threading.Event()
        self._rest = Rest(destination.backoff, clock, self._random)
        self._served = 0
        self._served_when_away: dict[int, int] = {}
        # What an error of the journal left as being sent is given back at the next turn.
        self._cut_off: Delivery | None = None

    def start(self) -> None:
        """Begin to listen for late answers; raises ServiceError where that is impossible."""
        self._sender.start()

    def stop(self) -> None:
        """End the attempt that runs after the object that is being sent; begin no other."""
        self._stopping.set()

    def close(self) -> None:
        """Stop listening."""
        self._sender.close()

    @property
    def away(self) -> bool:
        """Whether the destination was away when it was last tried."""
        return self._rest.is_waited_for

    def tick(self) -> bool:
        """Send the next due delivery; gives whether there may be another."""
        if self._stopping.is_set() or self._rest.left_seconds > 0:
            return False
        self._give_back_cut_off()
        delivery = self._journal.deliveries.claim(self.name)
        if delivery is None:
            return False
        self._cut_off = delivery
        try:
            self._attempt(delivery)
        except StaleStateError:
            # Somebody has forgotten the job or begun it anew, which makes a delivery of its own.
            LOGGER.info("job %d changed while it was sent to %s", delivery.job_id, self.name)
            self._cut_off = None
            return True
        self._cut_off = None
        return not self.away

    def _give_back_cut_off(self) -> None:
        if self._cut_off is None:
            return
        try:
            self._journal.deliveries.give_back(self._cut_off.id)
        except StaleStateError:
            # Its end had been written down after all, or its job was begun anew.
            LOGGER.info("job %d changed while it was sent", self._cut_off.job_id)
        self._cut_off = None

    def _attempt(self, delivery: Delivery) -> None:
        """One attempt; only an error of the journal leaves its end to the next turn."""
        started = self._clock.monotonic()
        try:
            self._send(delivery)
        except _StoppedError:
            self._journal.deliveries.give_back(delivery.id)
        except (StaleStateError, sqlite3.Error):
            raise
        except DestinationAwayError as error:
            if self._serves_others(delivery):
                self._rest.end()
                self._fail(delivery, error)
            else:
                self._wait_for_destination(delivery, error)
        except DeliveryError as error:
            self._rest.end()
            self._fail(delivery, error)
        except Exception as error:
            # The text of a foreign error may hold anything of a header: only its kind is told.
            kind = type(error).__name__
            LOGGER.error("job %d could not be sent to %s: %s", delivery.job_id, self.name, kind)
            sentence = f"an unexpected error ({kind}); tell the makers of Calciscope"
            self._fail(delivery, DeliveryError(sentence, "unexpected"))
        else:
            self._rest.end()
            self._journal.deliveries.succeed(delivery.id)
            self._served += 1
            self._served_when_away.pop(delivery.id, None)
            self._meter.sent(self.name, self._clock.monotonic() - started)
            LOGGER.info("job %d delivered to %s", delivery.job_id, self.name)

    def _send(self, delivery: Delivery) -> None:
        def note_sent(sop_uid: str, status: str) -> None:
            self._journal.deliveries.note_sent(delivery.id, sop_uid, status)
            if self._stopping.is_set():
                raise _StoppedError

        already = self._journal.deliveries.sent(delivery.id)
        self._sender.send(self._parcel(delivery), already, note_sent)

    def _parcel(self, delivery: Delivery) -> Parcel:
        job = self._journal.jobs.get(delivery.job_id)
        cure = f"make it again by: calciscope jobs retry {job.id}"
        try:
            return read_parcel(job.id, job.study_uid, job.revision, self._data.result(job.id))
        except FileNotFoundError as error:
            raise DeliveryError(f"the result is gone; {cure}", "no_result", True) from error
        except ValueError as error:
            raise DeliveryError(f"the result is damaged ({error}); {cure}", "damaged") from error
        except OSError as error:
            sentence = f"the result cannot be read ({error.strerror}); check the data folder"
            raise DeliveryError(sentence, "unreadable") from error

    def _serves_others(self, delivery: Delivery) -> bool:
        """Whether the destination took others since it last was away for this delivery."""
        before = self._served_when_away.get(delivery.id, self._served)
        self._served_when_away[delivery.id] = self._served
        return before < self._served

    def _wait_for_destination(self, delivery: Delivery, error: DestinationAwayError) -> None:
        wait = self._rest.begin()
        self._tell(delivery, error)
        self._journal.deliveries.postpone(
            delivery.id,
            reason=error.sentence,
            code=error.code,
            again_at=self._clock.now() + wait,
        )

    def _fail(self, delivery: Delivery, error: DeliveryError) -> None:
        self._tell(delivery, error)
        attempt = delivery.attempts + 1
        last = error.permanent or attempt >= self._destination.attempts
        wait = delay(self._destination.backoff, attempt, self._random)
        self._journal.deliveries.fail_attempt(
            delivery.id,
            reason=error.sentence,
            code=error.code,
            again_at=None if last else self._clock.now() + wait,
        )

    def _tell(self, delivery: Delivery, error: DeliveryError) -> None:
        self._meter.failed("delivery", error.code)
        LOGGER.warning("job %d not delivered to %s: %s", delivery.job_id, self.name, error.code)
