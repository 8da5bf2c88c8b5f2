"""The executor that the settings name."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from calciscope.errors import MissingExtraError
from calciscope.service.clock import Clock
from calciscope.service.settings.work import Work
from calciscope.service.work.executor import Executor
from calciscope.service.work.processes import ProcessExecutor
from calciscope.service.work.request import RunOptions
from calciscope.service.work.runners import STUDY_RUNNER


def executor_for(
    work: Work,
    options: Sequence[RunOptions],
    logs: Path,
    clock: Clock,
    runner: str = STUDY_RUNNER,
) -> Executor:
    """Worker processes, or a Dask cluster; nothing is started.

    Args:
        work: settings.
        options: whose models are loaded before the first study, `Preparation.all_options`.
        logs: folder for what libraries print in worker processes.
        clock: for times and waits.
        runner: factory of what the workers run; tests name a stand-in.

    Raises:
        MissingExtraError: a cluster is wanted and `distributed` is not installed.
    """
    if work.executor == "processes":
        return ProcessExecutor(work, options, logs, runner, clock)
    if find_spec("distributed") is None:
        raise MissingExtraError("distributed", "cluster")
    from calciscope.service.work.dask_cluster import DaskExecutor

    return DaskExecutor(work, options, runner, clock)
