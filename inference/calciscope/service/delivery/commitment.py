"""Storage commitment, push model (PS3.4 J): the archive says that it keeps what it was sent.

Its answer (N-EVENT-REPORT) comes on the association of the question, or later on one that it opens
itself. Open questions are kept in memory alone: after a restart they are simply asked again.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Sequence

from pydicom import Dataset
from pydicom.uid import generate_uid
from pynetdicom import evt
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from calciscope.service.delivery.commitment_port import CommitmentPort
from calciscope.service.delivery.line import Line
from calciscope.service.delivery.parcel import ResultObject
from calciscope.service.delivery.sender import (
    COMMITTED,
    LOST,
    DeliveryError,
    DestinationAwayError,
    NoteSent,
)
from calciscope.service.settings.destinations import Commitment, DimseDestination

REQUEST_COMMITMENT = 1
"""Action Type ID (PS3.4 table J.3.2-1)."""
ALL_KEPT, SOME_LOST = 1, 2
"""Event Type IDs (PS3.4 table J.3.3-1)."""
NO_SUCH_EVENT, INVALID_ARGUMENT = 0x0113, 0x0115
"""Statuses of the answer to an event (PS3.7 C.5)."""
MOST_OPEN = 1_000
"""Questions remembered; the oldest is dropped, which only means that it is asked again."""


def commitment_context() -> PresentationContext:
    """The presentation context of storage commitment."""
    return build_context(StorageCommitmentPushModel)


class CommitmentDesk:
    """Asks an archive to keep objects, and collects its answers, however they come.

    Args:
        destination: settings of the archive.
        wanted: settings of the commitment.
    """

    def __init__(self, destination: DimseDestination, wanted: Commitment) -> None:
        self._destination = destination
        self.wait_seconds = wanted.wait_seconds
        self._port = CommitmentPort(destination, wanted, self.handler) if wanted.port else None
        self._news = threading.Condition()
        self._open: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._verdicts: dict[str, str] = {}

    @property
    def handler(self) -> evt.EventHandlerType:
        """For the associations on which answers come."""
        return (evt.EVT_N_EVENT_REPORT, self._on_event)

    def start(self) -> None:
        """Listen for answers that come later."""
        if self._port is not None:
            self._port.start()

    def close(self) -> None:
        """Stop listening."""
        if self._port is not None:
            self._port.close()

    def take(self, sop_uids: Collection[str]) -> dict[str, str]:
        """Verdicts that have come for objects since they were last taken."""
        with self._news:
            return {uid: self._verdicts.pop(uid) for uid in sop_uids if uid in self._verdicts}

    def forget(self, sop_uids: Collection[str]) -> None:
        """Let go of what was asked and answered for objects that are sent anew.

        The answer to an older question, however late, says nothing of what comes now.
        """
        with self._news:
            for sop_uid in sop_uids:
                self._verdicts.pop(sop_uid, None)
            for transaction, asked in self._open.items():
                self._open[transaction] = asked.difference(sop_uids)

    def ask(self, line: Line, objects: Sequence[ResultObject], note_sent: NoteSent) -> None:
        """Ask the archive to keep objects, and wait for its answer.

        Raises:
            DeliveryError: it does not keep all, or has not said so yet.
        """
        sop_uids = [each.sop_uid for each in objects]
        self._request(line, objects)
        verdicts = self._wait(line, sop_uids)
        for sop_uid, verdict in verdicts.items():
            note_sent(sop_uid, verdict)
        lost = sorted({verdict for verdict in verdicts.values() if verdict != COMMITTED})
        if lost:
            count = sum(verdict != COMMITTED for verdict in verdicts.values())
            reasons = ", ".join(f"{verdict.removeprefix(LOST).strip()}H" for verdict in lost)
            raise DeliveryError(
                f"the archive does not keep {count} of {len(objects)} objects that it had taken"
                f" (reason {reasons}); they are sent again",
                "commitment_failed",
            )
        if len(verdicts) < len(objects):
            raise DeliveryError(
                "the archive has not said yet that it keeps the objects; if it never does, give"
                " commitment a port that it can reach, or take commitment out",
                "commitment_pending",
            )

    def _request(self, line: Line, objects: Sequence[ResultObject]) -> None:
        """N-ACTION (PS3.4 J.3.2)."""
        transaction = generate_uid(prefix=None)
        with self._news:
            self._open[transaction] = frozenset(each.sop_uid for each in objects)
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        try:
            with line.within(self._destination.timeout_seconds) as association:
                status, _ = association.send_n_action(
                    _question(transaction, objects),
                    REQUEST_COMMITMENT,
                    StorageCommitmentPushModel,
                    StorageCommitmentPushModelInstance,
                )
        except ValueError as error:
            raise DeliveryError(
                "the archive offers no storage commitment; enable it there or take it out of the"
                " settings",
                "commitment_unsupported",
            ) from error
        except RuntimeError as error:
            raise DestinationAwayError(
                "the archive broke off when asked to commit", "no_answer"
            ) from error
        if "Status" not in status:
            raise DestinationAwayError(
                "the archive did not answer when asked to commit", "no_answer"
            )
        if status.Status != 0x0000:
            raise DeliveryError(
                f"the archive refused storage commitment (status {status.Status:04X}H)",
                "commitment_refused",
            )

    def _wait(self, line: Line, sop_uids: Sequence[str]) -> dict[str, str]:
        """Verdicts as far as they come in time."""
        end = time.monotonic() + self.wait_seconds
        with self._news:
            while not all(uid in self._verdicts for uid in sop_uids):
                left = end - time.monotonic()
                hung_up = self._port is None and not line.association.is_established
                if left <= 0 or hung_up:
                    break
                # In small steps, for nobody wakes us when the archive hangs up.
                self._news.wait(min(left, 0.2))
        return self.take(sop_uids)

    def _on_event(self, event: evt.Event) -> tuple[int, None]:
        """N-EVENT-REPORT (PS3.4 J.3.3)."""
        if event.event_type not in (ALL_KEPT, SOME_LOST):
            return NO_SUCH_EVENT, None
        try:
            transaction, verdicts = _answer(event.event_information)
        except Exception:
            # pydicom raises anything on a malformed data set.
            return INVALID_ARGUMENT, None
        with self._news:
            asked = self._open.pop(transaction, frozenset())
            self._verdicts.update((uid, v) for uid, v in verdicts.items() if uid in asked)
            while len(self._verdicts) > MOST_OPEN * 20:
                self._verdicts.pop(next(iter(self._verdicts)))
            self._news.notify_all()
        # Also to a question that a restart made us forget: it is asked again in any case.
        return 0x0000, None


def _question(transaction: str, objects: Sequence[ResultObject]) -> Dataset:
    question = Dataset()
    question.TransactionUID = transaction
    question.ReferencedSOPSequence = [_reference(each) for each in objects]
    return question


def _reference(each: ResultObject) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID = each.sop_class_uid
    reference.ReferencedSOPInstanceUID = each.sop_uid
    return reference


def _answer(information: Dataset) -> tuple[str, dict[str, str]]:
    """Transaction UID, and verdicts by SOP Instance UID; what is in both lists is lost."""
    verdicts = {
        str(each.ReferencedSOPInstanceUID): COMMITTED
        for each in information.get("ReferencedSOPSequence") or ()
    }
    for each in information.get("FailedSOPSequence") or ():
        verdicts[str(each.ReferencedSOPInstanceUID)] = f"{LOST} {int(each.FailureReason):04X}"
    return str(information.TransactionUID), verdicts
