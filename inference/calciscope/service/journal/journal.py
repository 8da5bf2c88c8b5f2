"""The journal: everything the service must remember, behind one door."""

from collections.abc import Sequence
from pathlib import Path

from calciscope.service.clock import Clock, SystemClock
from calciscope.service.journal.arrivals import Arrivals
from calciscope.service.journal.database import Database
from calciscope.service.journal.deliveries import Deliveries
from calciscope.service.journal.jobs import Jobs
from calciscope.service.journal.removal import Removal
from calciscope.service.journal.transitions import Listener, Transitions


class Journal:
    """What has arrived, what is at work, what is on its way out.

    Attributes:
        arrivals: studies, series, instances.
        jobs: revisions of studies and their states.
        deliveries: queues of the destinations, and notices.
        removal: forgetting.

    Args:
        path: of the database; made where it is not there.
        clock: of all times written down.
        listeners: webhooks that want notices.
        read_only: only look; nothing is changed or made.
        must_exist: nothing is made, but what is there is written to.

    Raises:
        JournalError: it is damaged, no journal, of a later version, or not there as it must be.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock | None = None,
        listeners: Sequence[Listener] = (),
        read_only: bool = False,
        must_exist: bool = False,
    ) -> None:
        clock = clock or SystemClock()
        self.database = Database(path, read_only, must_exist)
        transitions = Transitions(clock, listeners)
        self.arrivals = Arrivals(self.database, transitions, clock)
        self.jobs = Jobs(self.database, transitions, clock)
        self.deliveries = Deliveries(self.database, transitions, clock)
        self.removal = Removal(self.database, clock)

    def identity(self) -> str:
        """A name of this journal that no other has, so that a new one is not taken for it."""
        row = self.database.connection().execute("SELECT value FROM identity").fetchone()
        return str(row["value"])

    def close(self) -> None:
        """Close the database."""
        self.database.close()
