"""The service on the command line: watch, jobs, selftest. Nothing heavy is imported up here."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from calciscope.errors import MissingExtraError

if TYPE_CHECKING:
    from calciscope.service.operator import Operator

console = Console()

jobs = typer.Typer(
    name="jobs", help="Look at the studies of the service, and decide on them.",
    no_args_is_help=True,
)  # fmt: skip

ConfigOption = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="Settings, such as configs/watch.yaml.")
]
LARGEST = (1 << 63) - 1
"""What the journal can count up to."""

JobArgument = Annotated[
    int, typer.Argument(min=1, max=LARGEST, metavar="JOB", help="Number, as in jobs list.")
]


def watch(
    config: ConfigOption,
    study: Annotated[
        Path | None,
        typer.Argument(metavar="[STUDY]", help="With --check: what would become of it."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the settings are sound.")
    ] = False,
) -> None:
    """Run the service: studies arrive, are analyzed, and results go back."""
    _need_the_extra()
    from calciscope.service.settings.loading import read_settings

    if study is not None and not check:
        raise typer.BadParameter("a study is looked at with --check; the service finds its own")
    settings = read_settings(config)
    if check:
        from calciscope.service.intake.check import explain
        from calciscope.service.trial import hindrances

        found = hindrances(settings)
        lines = [f"{config}: sound", *(f"but missing here: {each}" for each in found)]
        lines += explain(settings, study) if study is not None else ()
        for line in lines:
            console.print(line, soft_wrap=True, markup=False, highlight=False)
        if found:
            sys.exit(1)
        return
    from calciscope.service.daemon import run_service

    sys.exit(run_service(settings))


@jobs.command("list")
def list_jobs(
    config: ConfigOption,
    state: Annotated[
        str | None, typer.Option(help="Only those that are, for example, failed.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=LARGEST, help="At most so many, newest first.")
    ] = 50,
) -> None:
    """List studies and where they are."""
    from calciscope.service.wording import ago, chosen_states

    operator = _operator(config)
    table = Table("job", "state", "rule", "instances", "attempts", "changed", "reason")
    for job in operator.listed(chosen_states(state), limit):
        table.add_row(
            f"{job.id}" + (f" (revision {job.revision})" if job.revision > 1 else ""),
            str(job.state), job.rule or "", str(job.instances), str(job.attempts),
            ago(operator.now() - job.changed), escape(job.reason),
        )  # fmt: skip
    console.print(table)


@jobs.command("show")
def show_job(job: JobArgument, config: ConfigOption) -> None:
    """Tell everything about one job: its study, its way so far, its deliveries."""
    from calciscope.service.wording import job_lines

    for line in job_lines(_operator(config), job):
        console.print(line, soft_wrap=True, markup=False, highlight=False)


@jobs.command("retry")
def retry_job(job: JobArgument, config: ConfigOption) -> None:
    """Try a refused or failed job again; send the results of a done one again."""
    _operator(config, write=True).retry(job, "command line")
    console.print(f"Job {job} is tried again by the service.")


@jobs.command("forget")
def forget_job(
    job: JobArgument,
    config: ConfigOption,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a study with its results; it counts as new when it comes again."""
    if not yes:
        typer.confirm(f"Forget the study of job {job}, with its results here?", abort=True)
    _operator(config, write=True).forget(job, "command line")
    console.print(f"The study of job {job} is forgotten.")


def selftest(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT", help="Keep what it makes here.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Work as in these settings.")
    ] = None,
) -> None:
    """Send a phantom through the whole path of the service, on this machine."""
    _need_the_extra()
    from calciscope.service.selftest import run_selftest
    from calciscope.service.settings.loading import read_settings

    settings = None if config is None else read_settings(config)
    for line in run_selftest(settings, output):
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def _operator(config: Path, write: bool = False) -> "Operator":
    _need_the_extra()
    from calciscope.service.operator import operator_of
    from calciscope.service.settings.loading import read_settings

    return operator_of(read_settings(config), write)


def _need_the_extra() -> None:
    """Tell how to install what the service needs, where it is not there."""
    from importlib.util import find_spec

    for package in ("pydantic", "pynetdicom", "watchfiles", "fastapi", "uvicorn", "httpx"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "service")
