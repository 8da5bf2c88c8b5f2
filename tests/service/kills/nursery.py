"""Starts services quickly: everything is imported once, and each service is a fork of that.

    python nursery.py SETTINGS RUNNER LOG

Reads `start` lines from standard input and answers each with the process id of a new service;
every service that ends is told with its status, as `ended PID STATUS`.
"""

import os
import signal
import sys
import threading
from pathlib import Path


def main() -> None:
    """Serve until the input ends."""
    from calciscope.service.daemon import run_service
    from calciscope.service.settings.loading import read_settings

    settings, runner = read_settings(Path(sys.argv[1])), sys.argv[2]
    if threading.active_count() > 1:
        raise SystemExit("importing the service started a thread; a fork of it is not sound")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    print("ready", flush=True)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            devnull = os.open(os.devnull, os.O_RDONLY)
            os.dup2(devnull, 0)
            log = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os._exit(run_service(settings, runner=runner))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(f"ended {child} {status}", flush=True)


if __name__ == "__main__":
    main()
