"""All parts of the service, wired together: made, started and stopped in the right order."""

import logging
from collections.abc import Callable
from functools import partial

from calciscope import __version__
from calciscope.service.clock import Clock
from calciscope.service.data_folder import DataFolder
from calciscope.service.delivery.webhook import Notifier
from calciscope.service.intake.completeness import Assembler
from calciscope.service.intake.rules import chosen_series
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.transitions import Listener
from calciscope.service.loop import Loop, end_loop
from calciscope.service.operations.audit import AuditLog
from calciscope.service.operations.audit_trail import AuditTrail, is_another
from calciscope.service.operations.cleaner import Cleaner
from calciscope.service.operations.disk import DiskGate
from calciscope.service.operations.health import Health
from calciscope.service.operations.metrics import Metrics
from calciscope.service.operations.pseudonyms import Pseudonyms, read_salt
from calciscope.service.operations.seen_files import SeenFiles
from calciscope.service.operations.stores import Stores
from calciscope.service.operator import Operator
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.ways import WaysIn, WaysOut
from calciscope.service.web.app import create_app
from calciscope.service.web.server import PageServer
from calciscope.service.work.dispatcher import Dispatcher
from calciscope.service.work.executors import executor_for
from calciscope.service.work.models_used import ModelCatalog

LOGGER = logging.getLogger(__name__)

GRACE_SECONDS = 60.0
"""How long a stop waits for studies that are nearly done, before they are given back."""


class Parts:
    """The service without its process.

    Args:
        settings: of the service.
        data: its data folder, made and locked.
        clock: of everything.
        runner: factory of what the workers run.

    Raises:
        ServiceError: the journal, the audit log, a secret or an address cannot be used, or what
            a former journal knew cannot be set aside.
    """

    def __init__(
        self, settings: ServiceSettings, data: DataFolder, clock: Clock, runner: str
    ) -> None:
        self._undo: list[Callable[[], object]] = []
        listeners = [Listener(hook.url, frozenset(hook.events)) for hook in settings.notifications]
        self.journal = journal = Journal(data.journal, clock, listeners)
        self._undo.append(journal.close)
        self._audit = audit = AuditLog(data.audit, clock)
        self._undo.append(audit.close)
        pseudonyms = Pseudonyms(read_salt(settings.logging.salt_file or data.salt))
        # Before the trail follows it: a kill in between must not make it the journal of the stores.
        if is_another(journal, audit) and (former := Stores(data, journal).set_aside(clock.now())):
            audit.record("stores_set_aside", folder=former.name)
        self._trail = trail = AuditTrail(journal, audit, pseudonyms, clock)
        self._loops: list[Loop] = []
        meter = Metrics(journal, clock, data.root, lambda: self._gate, lambda: self._loops)
        self._gate = gate = DiskGate(settings.disk, data.root, meter)
        models = ModelCatalog()
        executor = executor_for(settings, data, runner, clock, models)
        self._dispatcher = dispatcher = Dispatcher(
            journal, executor, settings, data, clock, meter, chosen_series, models
        )
        self._ways_in = WaysIn(settings, data, journal, clock, gate, meter)
        self._ways_out = WaysOut(settings, data, journal, clock, meter)
        working = Loop("work", dispatcher.tick, 0.5)
        dispatcher.listen(working.wake)
        cleaner = Cleaner(settings.retention, journal, data, clock, lambda: trail.position)
        assembler = Assembler(journal, settings, clock, meter)
        watched = [folder.path for folder in settings.intake.folders]
        self._house = [
            Loop("disk", gate.tick, 5.0),
            Loop("audit", trail.tick, 1.0),
            Loop("assembling", assembler.tick, 0.25),
            working,
            Loop("cleaning", cleaner.tick, 300.0),
            Loop("seen files", SeenFiles(watched, journal, clock).tick, 600.0),
        ]
        self._house += [
            Loop(f"webhook {number}", Notifier(hook, journal, clock, meter).tick, 2.0)
            for number, hook in enumerate(settings.notifications)
        ]
        self._loops += [*self._house, *self._ways_in.loops, *self._ways_out.loops]
        self._urls = [hook.url for hook in settings.notifications]
        self._destinations = names = [each.name for each in settings.destinations]
        self.health = Health(
            journal, self._loops, gate, names, self._ways_in.others, (executor.trouble,)
        )
        self._page: PageServer | None = None
        if settings.status_page is not None:
            operator = Operator(journal, data, settings, clock, audit)
            app = create_app(
                journal,
                settings,
                data,
                operator,
                meter.text,
                self.health.ready,
                clock,
                self.health.live,
            )
            self._page = PageServer(settings.status_page, app)

    def start(self) -> None:
        """Take up what a stop has left, then begin: work first, the ways in last.

        Raises:
            ServiceError: something cannot start; call `stop` all the same.
        """
        cut_off = self._dispatcher.recover()
        pending = self.journal.deliveries.recover()
        self.journal.deliveries.set_aside_unknown(self._destinations)
        self.journal.deliveries.drop_unknown_notices(self._urls)
        self._audit.record(
            "service_started", version=__version__, cut_off=len(cut_off), unsent=pending
        )
        self._undo.append(self._said_to_stop)
        self._dispatcher.start()
        self._undo.append(lambda: self._dispatcher.stop(GRACE_SECONDS))
        for loop in self._house:
            loop.start()
            # What fails to start further down ends here, before anybody has told the loops to stop.
            self._undo.append(partial(end_loop, loop, GRACE_SECONDS))
        self._ways_out.start()
        self._undo.append(self._ways_out.stop)
        if self._page is not None:
            port = self._page.start()
            self._undo.append(self._page.stop)
            LOGGER.info("status page on port %d", port)
        self._undo.append(self._stop_house)
        self._ways_in.start()
        self._undo.append(self._ways_in.stop)

    def stop(self) -> None:
        """Stop what was started, in the opposite order; one that fails does not keep the rest."""
        while self._undo:
            step = self._undo.pop()
            try:
                step()
            except Exception:
                LOGGER.exception("a part did not stop in order")

    def _stop_house(self) -> None:
        for loop in self._house:
            loop.stop()

    def _said_to_stop(self) -> None:
        """The last lines of the audit log."""
        while self._trail.tick():
            pass
        self._audit.record("service_stopped")
