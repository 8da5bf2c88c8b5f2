"""A worker process: reads requests from its standard input, one JSON line each, and answers.

    python -m calciscope.service.work.worker RUNNER ANSWERS PARENT

Its first line of input is a list of options to warm up. ANSWERS is the number of the pipe that
answers go to, as standard output belongs to whatever libraries print. PARENT is the process id of
the service, with which the worker ends, however the service ends.
"""

import ctypes
import faulthandler
import json
import os
import queue
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from calciscope.errors import CalciscopeError
from calciscope.service.work.outcome import outcome_of
from calciscope.service.work.request import RunOptions, WorkRequest
from calciscope.service.work.runners import make_runner

PR_SET_PDEATHSIG = 1
OOM_SCORE = "800"
"""The system, when it runs out of memory, is to end a worker rather than the service."""

READY = "ready"


def serve(dotted: str, requests: BinaryIO, answers: BinaryIO) -> None:
    """Warm up, say so, then carry out one request after another until the input ends."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # Read on while a study is analyzed: the end of input is the end of the service.
    threading.Thread(target=_read, args=(requests, lines), daemon=True).start()
    try:
        runner = make_runner(dotted)
        runner.warm_up([RunOptions(**each) for each in json.loads(lines.get())])
    except CalciscopeError as error:
        _answer(answers, json.dumps({"broken": str(error)}))
        return
    except Exception as error:
        _answer(answers, json.dumps({"broken": outcome_of(error).reason}))
        return
    _answer(answers, json.dumps(READY))
    while True:
        request = WorkRequest.from_json(lines.get().decode())
        try:
            outcome = runner.run(request)
        except Exception as error:
            outcome = outcome_of(error)
        _answer(answers, outcome.to_json())


def _read(requests: BinaryIO, lines: "queue.SimpleQueue[bytes]") -> None:
    for line in requests:
        lines.put(line)
    # No cleaning up: whoever would have wanted the results is gone.
    os._exit(0)


def _answer(answers: BinaryIO, line: str) -> None:
    answers.write(line.encode() + b"\n")
    answers.flush()


def _tie_to(parent: int) -> None:
    """End with the parent, even where this process hangs and cannot see its input end."""
    if sys.platform == "linux":
        # The signal comes when the thread that started us ends; it lives as long as we do.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    if os.getppid() != parent:
        os._exit(0)


def main() -> None:
    """Entry point of the process."""
    dotted, answers, parent = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    _tie_to(parent)
    faulthandler.enable()
    # Ctrl-C on a terminal goes to all its processes; the service decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(answers, "wb") as pipe:
        serve(dotted, sys.stdin.buffer, pipe)


if __name__ == "__main__":
    main()
