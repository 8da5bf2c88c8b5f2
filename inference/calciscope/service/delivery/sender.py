"""What a sender does for a queue, and the ways in which it can fail."""

from collections.abc import Callable, Mapping
from typing import Protocol

from calciscope.errors import ServiceError
from calciscope.service.delivery.parcel import Parcel

NoteSent = Callable[[str, str], None]
"""Remembers the status of an object by its SOP Instance UID, durably, before it returns."""

STORED = "0000"
COMMITTED = "committed"
"""The archive has taken the duty to keep the object (PS3.4 J)."""
LOST = "lost"
"""The archive said that it does not keep an object that it had confirmed; it is sent again."""


class DeliveryError(ServiceError):
    """The results of a job could not be sent; the queue tries again unless it is permanent.

    Attributes:
        sentence: for people; nothing of a patient in it.
        code: short name for counting, of a fixed set.
        permanent: whether trying again is pointless.
    """

    def __init__(self, sentence: str, code: str, permanent: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.permanent = permanent


class DestinationAwayError(DeliveryError):
    """Nothing can be sent to the destination now, whatever it is: the whole queue waits.

    Such an attempt does not count against the delivery: an archive that is down for a weekend
    must not set anything aside. Whether one that hangs or breaks off does so at this delivery alone
    is for the queue to tell.
    """


class Sender(Protocol):
    """Sends the results of jobs to one destination, one at a time."""

    def start(self) -> None:
        """Begin to listen for answers that come later; raises ServiceError where it cannot."""

    def send(self, parcel: Parcel, already_sent: Mapping[str, str], note_sent: NoteSent) -> None:
        """Send all that is wanted of a parcel; returns only once the destination has confirmed it.

        Args:
            parcel: the results.
            already_sent: statuses by SOP Instance UID that earlier attempts noted.
            note_sent: called for each object as soon as its status is known. What it raises ends
                the attempt and must come through.

        Raises:
            DeliveryError: something was not confirmed.
        """

    def close(self) -> None:
        """Stop listening."""


def is_taken(status: str | None) -> bool:
    """Whether a noted status says that the destination has the object."""
    return status is not None and not status.startswith(LOST)
