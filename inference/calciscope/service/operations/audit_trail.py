"""The audit log follows the journal: every change of state becomes a line, once."""

import logging

from calciscope.errors import StaleStateError
from calciscope.service.clock import Clock, SystemClock
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Transition
from calciscope.service.operations.audit import AuditLog, Fact
from calciscope.service.operations.pseudonyms import Pseudonyms

LOGGER = logging.getLogger(__name__)

AT_ONCE = 500
HEAD_SECONDS = 86_400.0


class AuditTrail:
    """Copies changes of state from the journal to the audit log.

    Both together are what makes it complete: the journal writes a change and its transition in one
    transaction, and each line of the log says up to which transition it goes. After a kill the
    trail goes on from there. A journal that was begun anew, or put back from a copy, is noticed by
    its identity or its numbers and told in a line of its own.

    Args:
        journal: that is followed.
        log: that is written.
        pseudonyms: of studies; None leaves studies out.
        clock: of the daily head.
    """

    def __init__(
        self,
        journal: Journal,
        log: AuditLog,
        pseudonyms: Pseudonyms | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._journal = journal
        self._log = log
        self._pseudonyms = pseudonyms
        self._clock = clock or SystemClock()
        self._head_told: float | None = None
        self._identity = journal.identity()
        self._position = self._begin()

    @property
    def position(self) -> int:
        """The last transition that the log has."""
        return self._position

    def tick(self) -> bool:
        """Write down what is new; gives whether there is more."""
        found = self._journal.jobs.transitions_after(self._position, AT_ONCE)
        if found:
            self._log.record_all(
                [("state", self._place(each.id), self._facts(each)) for each in found]
            )
            self._position = found[-1].id
        self._tell_head()
        return len(found) == AT_ONCE

    def _begin(self) -> int:
        identity, number = _covered(self._log)
        newest = self._journal.jobs.last_transition()
        if identity != self._identity:
            event = "journal_replaced" if identity else "began"
            self._log.record(event, self._place(0), journal=self._identity)
            return 0
        if number > newest:
            self._log.record("journal_put_back", self._place(newest), journal=self._identity)
            return newest
        return number

    def _place(self, number: int) -> str:
        return f"{self._identity}:{number}"

    def _facts(self, transition: Transition) -> dict[str, Fact]:
        facts: dict[str, Fact] = {
            "job": transition.job_id,
            "changed": round(transition.at, 3),
            "before": transition.before,
            "after": transition.after,
            "code": transition.code,
        }
        if self._pseudonyms is not None:
            try:
                job = self._journal.jobs.get(transition.job_id)
            except StaleStateError:  # forgotten meanwhile
                return facts
            facts["study"] = self._pseudonyms.of(job.study_uid)
        return facts

    def _tell_head(self) -> None:
        """Once a day in the log of the service, which is kept elsewhere: to compare with."""
        now = self._clock.monotonic()
        if self._head_told is None or now - self._head_told >= HEAD_SECONDS:
            self._head_told = now
            head = self._log.head
            LOGGER.info("audit log has %d lines", head.number, extra={"head": head.hash})


def is_another(journal: Journal, log: AuditLog) -> bool:
    """Whether this journal may lack what another before it knew.

    So may one that is not the one which the log has followed, that does not go as far as the log
    does, and one that knows nothing while no log says where it began. To be asked before an
    `AuditTrail` is made, which follows it from then on.
    """
    identity, number = _covered(log)
    newest = journal.jobs.last_transition()
    if not identity:
        return newest == 0
    return identity != journal.identity() or number > newest


def _covered(log: AuditLog) -> tuple[str, int]:
    """Identity of the journal that the log follows, and its last transition there."""
    identity, _, number = log.head.position.partition(":")
    return identity, int(number or 0)
