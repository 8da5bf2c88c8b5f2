"""Retention and cleaning: the journal lets go first, then files go that it does not know.

One rule for everything in the data folder: what the journal does not need, and what has been lying
there unchanged for an hour, goes. So it does not matter where a kill left something behind.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from calciscope.service.clock import Clock
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import JobState
from calciscope.service.operations.leftovers import Watch, files_in, remove, take_aside
from calciscope.service.operations.stores import Stores
from calciscope.service.settings.house import Retention

LOGGER = logging.getLogger(__name__)

AT_ONCE = 200
"""Files moved aside in one transaction; others wait for it, so it must be short."""

DAY_SECONDS = 86_400.0
JUMP_SECONDS = 3_600.0
"""Wall clock and monotonic clock drift apart by less; more means that somebody set the clock."""
START_SECONDS = 3 * 3_600.0
"""A machine may boot with a wrong date; until then the network has told it the right one."""
FAR_SECONDS = 7 * DAY_SECONDS
"""A service that seems to have stood still for longer may have a clock that is ahead."""


class Cleaner:
    """Removes what retention says, and what was left behind.

    Args:
        settings: how long things are kept.
        journal: lets go of things.
        data: where they lie.
        clock: wall time for retention, monotonic time for leftovers.
        audited: the last transition that the audit log has; later ones are never dropped.
    """

    def __init__(
        self,
        settings: Retention,
        journal: Journal,
        data: DataFolder,
        clock: Clock,
        audited: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._data = data
        self._stores = Stores(data, journal)
        self._clock = clock
        self._audited = audited
        self._instances, self._results = Watch(clock), Watch(clock)
        self._unfinished = Watch(clock)
        self._offset = self._clock.now() - self._clock.monotonic()
        self._rests_until = self._clock.monotonic() + self._first_rest()

    def tick(self) -> bool:
        """One round."""
        if self._clock_is_sound():
            self._let_go()
        stores = self._stores
        unfinished = files_in(self._data.incoming) + files_in(self._data.work)
        self._remove("instance", self._instances, stores.unknown_instances(), stores.unknown_of)
        self._remove("result", self._results, stores.unneeded_results(), stores.unneeded_of)
        self._remove("unfinished", self._unfinished, self._abandoned(unfinished), self._abandoned)
        return False

    def _clock_is_sound(self) -> bool:
        """Whether dates can be believed: not for a day after the clock was set by an hour or more.

        A clock that is years ahead for a moment would else empty the house. Nor for some hours
        after the start, so that a clock that was wrong then is set before anything goes.
        """
        now = self._clock.monotonic()
        offset = self._clock.now() - now
        if abs(offset - self._offset) > JUMP_SECONDS:
            LOGGER.warning("clock was set; retention rests for a day", extra={"code": "clock"})
            self._rests_until = now + DAY_SECONDS
        self._offset = offset
        return now >= self._rests_until

    def _first_rest(self) -> float:
        """Seconds for which dates are not believed after the start."""
        newest = self._journal.jobs.last_change()
        if newest is None or self._clock.now() - newest < FAR_SECONDS:
            return START_SECONDS
        LOGGER.warning(
            "nothing has happened for %.0f days, by the clock; retention rests for a day",
            (self._clock.now() - newest) / DAY_SECONDS, extra={"code": "clock"},
        )  # fmt: skip
        return DAY_SECONDS

    def _let_go(self) -> None:
        now, removal = self._clock.now(), self._journal.removal
        inputs = removal.inputs_of_closed(now - self._settings.inputs_days * DAY_SECONDS)
        results = removal.results_of_closed(now - self._settings.results_days * DAY_SECONDS)
        records = now - self._settings.records_days * DAY_SECONDS
        studies = removal.studies_closed(records)
        removal.transitions_of_forgotten(records, self._audited())
        for code, count in (("inputs", inputs), ("results", len(results)), ("records", studies)):
            if count:
                LOGGER.info("retention let go of %d", count, extra={"code": code})

    def _abandoned(self, paths: Sequence[Path]) -> set[Path]:
        """What is being received or made, except for jobs at work, whose folders begin with them.

        A file that is still being written to changes, and so does not come of age.
        """
        running = {
            str(job.id) for job in self._journal.jobs.listed((JobState.RUNNING,), limit=10_000)
        }
        return {
            path
            for path in paths
            if path.parent != self._data.work
            or path.name.partition("-")[0].lstrip("0") not in running
        }

    def _remove(
        self,
        code: str,
        watch: Watch,
        unneeded: Iterable[Path],
        still_unneeded: Callable[[Sequence[Path]], set[Path]],
    ) -> None:
        due = watch.due(unneeded)
        aside: list[Path] = []
        for first in range(0, len(due), AT_ONCE):
            some = dict(due[first : first + AT_ONCE])
            # The journal is looked at again, and cannot change while files are moved aside: nothing
            # that was registered, finished or retried just now can be among them.
            with self._journal.database.writing():
                for path in still_unneeded(list(some)):
                    place = self._data.work / f"removed-{secrets.token_hex(8)}"
                    if take_aside(path, some[path], place):
                        aside.append(place)
        for place in aside:
            try:
                remove(place)
            except OSError:
                # It stays in the work folder, and is tried again from there.
                LOGGER.exception("a leftover cannot be removed", extra={"code": code})
        if aside:
            LOGGER.info("removed %d leftovers", len(aside), extra={"code": code})
