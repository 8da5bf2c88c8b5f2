"""What runs inside the workers of a Dask cluster: a resident runner, and the one task."""

import json
import threading
from typing import Any

from distributed import WorkerPlugin, get_worker

from calciscope.service.work.request import RunOptions, WorkRequest
from calciscope.service.work.runners import Runner, make_runner

PLUGIN = "calciscope"


class ResidentRunner(WorkerPlugin):
    """Keeps the runner of one worker; it is made with the first task, not in the event loop.

    Args:
        dotted: factory of the runner, see `runners.make_runner`.
        options: JSON list of options to warm up.
    """

    name = PLUGIN

    def __init__(self, dotted: str, options: str) -> None:
        self._dotted = dotted
        self._options = options

    def setup(self, worker: Any) -> None:
        """Called in each worker, those that come later too."""
        self._lock = threading.Lock()
        self._runner: Runner | None = None

    def runner(self) -> Runner:
        """The runner, with its models loaded; raises CalciscopeError where they are not usable."""
        with self._lock:
            if self._runner is None:
                made = make_runner(self._dotted)
                made.warm_up([RunOptions(**each) for each in json.loads(self._options)])
                self._runner = made
            return self._runner

    def run(self, line: str) -> str:
        """Carry one request out; where a worker has several threads, one after the other."""
        runner = self.runner()
        with self._lock:
            return runner.run(WorkRequest.from_json(line)).to_json()


def resident() -> ResidentRunner:
    """The plugin of the worker that this task runs in."""
    plugins: Any = get_worker().plugins
    plugin: ResidentRunner = plugins[PLUGIN]
    return plugin


def warm_up() -> None:
    """Task: load the models."""
    resident().runner()


def analyze(line: str) -> str:
    """Task: one request as JSON in, its outcome as JSON out."""
    return resident().run(line)
