"""The executor that the settings name."""

from importlib.util import find_spec

from calciscope.errors import MissingExtraError
from calciscope.service.clock import Clock
from calciscope.service.data_folder import DataFolder
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.work.executor import Executor
from calciscope.service.work.preparation import Models, all_options
from calciscope.service.work.processes import ProcessExecutor
from calciscope.service.work.runners import STUDY_RUNNER


def executor_for(
    settings: ServiceSettings, data: DataFolder, runner: str, clock: Clock, models: Models
) -> Executor:
    """Worker processes, or a Dask cluster; nothing is started.

    Args:
        settings: of the service.
        data: its data folder; worker processes leave there what libraries print in them.
        runner: factory of what the workers run; tests name a stand-in.
        clock: for times and waits.
        models: which models are used; asked only for the program's own runner.

    Raises:
        MissingExtraError: a cluster is wanted and `distributed` is not installed.
        ModelError: a model that a rule wants is missing or does not pass its checks.
    """
    work = settings.work
    options = all_options(settings, models) if runner == STUDY_RUNNER else []
    if work.executor == "processes":
        return ProcessExecutor(work, options, data.logs, runner, clock)
    if find_spec("distributed") is None:
        raise MissingExtraError("distributed", "cluster")
    from calciscope.service.work.dask_cluster import DaskExecutor

    return DaskExecutor(work, options, runner, clock)
