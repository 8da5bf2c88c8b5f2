"""Settings of how studies are analyzed."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from calciscope.service.settings.part import Part, Seconds


class Backoff(Part):
    """Waits between attempts: first, doubled each time up to longest, with jitter of a share."""

    first_seconds: Seconds = 10.0
    longest_seconds: Annotated[float, Field(gt=0, le=43_200)] = 1800.0
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.25


class DaskCluster(Part):
    """A Dask distributed cluster over a file system that all machines share.

    Attributes:
        scheduler: its address, such as tcp://host:8786.
        parallel: most studies given to it at once.
    """

    scheduler: str
    parallel: Annotated[int, Field(ge=1)] = 4


class Work(Part):
    """How studies are analyzed.

    Attributes:
        executor: processes on this machine, or a Dask cluster.
        workers: processes, each with its own models in memory.
        threads: CPU threads of each; None shares the cores out.
        engine, precision: as for `calciscope run`.
        memory_gib: of one worker; a study that needs more fails, not the service.
        timeout_seconds: of one study.
        attempts: failures after which a study is set aside.
        interruptions: times a study may be cut off by a stop of the service before it is.
        backoff: between attempts.
        dask: needed by the executor of that name.
    """

    executor: Literal["processes", "dask"] = "processes"
    workers: Annotated[int, Field(ge=1)] = 1
    threads: Annotated[int, Field(ge=1)] | None = None
    engine: str = "auto"
    precision: str = "auto"
    memory_gib: Annotated[float, Field(gt=0)] = 8.0
    timeout_seconds: Seconds = 1800.0
    attempts: Annotated[int, Field(ge=1)] = 3
    interruptions: Annotated[int, Field(ge=1)] = 20
    backoff: Backoff = Backoff()
    dask: DaskCluster | None = None

    @model_validator(mode="after")
    def _cluster_is_named(self) -> "Work":
        if (self.executor == "dask") != (self.dask is not None):
            raise ValueError("executor dask and the part dask go together; give both or neither")
        return self
