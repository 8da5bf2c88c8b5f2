"""The service as a process: started, kept until a signal, stopped in order."""

import logging
import os
import signal
import sys
import threading

from calciscope import __version__
from calciscope.service.clock import SystemClock
from calciscope.service.data_folder import DataFolder
from calciscope.service.loop import Loop
from calciscope.service.operations.lock import ServiceLock
from calciscope.service.operations.logs import set_up_logs
from calciscope.service.operations.notify import Notifier, Watchdog
from calciscope.service.parts import Parts
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.work.runners import STUDY_RUNNER

LOGGER = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
WATCHDOG_SECONDS = 20.0


def run_service(settings: ServiceSettings, runner: str = STUDY_RUNNER) -> int:
    """Run until SIGTERM or SIGINT.

    Args:
        settings: of the service.
        runner: factory of what the workers run; the program's own unless a test gives another.

    Returns:
        Exit status: 0 after a stop in order.

    Raises:
        ServiceError: it cannot start; nothing is left running.
    """
    stop = threading.Event()
    former = {number: signal.signal(number, lambda *_: stop.set()) for number in SIGNALS}
    set_up_logs(settings.logging.level, sys.stderr)
    data = DataFolder(settings.data)
    data.make()
    # The one setting that systemd gives by the environment: where it listens.
    notifier = Notifier(os.environ.get("NOTIFY_SOCKET"))
    try:
        with ServiceLock(data.lock):
            parts = Parts(settings, data, SystemClock(), runner)
            try:
                parts.start()
                watchdog = Watchdog(notifier, parts.health.live, parts.health.ready)
                beat = Loop("watchdog", watchdog.tick, WATCHDOG_SECONDS)
                beat.start()
                notifier.ready()
                LOGGER.info("service %s is running", __version__)
                stop.wait()
                notifier.stopping()
                beat.stop()
                LOGGER.info("service stops")
            finally:
                parts.stop()
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    return 0
