"""The service in words, for a terminal."""

from datetime import UTC, datetime

from calciscope.errors import ServiceError
from calciscope.service.journal.states import JobState
from calciscope.service.operator import Operator


def ago(seconds: float) -> str:
    """An age in the largest unit that fits, such as `3 min ago`."""
    for unit, length in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"


def chosen_states(name: str | None) -> tuple[JobState, ...]:
    """The state of that name, or all.

    Raises:
        ServiceError: there is no such state.
    """
    if name is None:
        return ()
    try:
        return (JobState(name),)
    except ValueError:
        known = ", ".join(JobState)
        raise ServiceError(f"there is no state {name!r}; choose of {known}") from None


def job_lines(operator: Operator, job_id: int) -> list[str]:
    """Everything about a job, line by line; no patient is named."""
    job, transitions, deliveries = operator.job(job_id)
    expected = "" if job.expected is None else f" of {job.expected}"
    lines = [
        f"Job {job.id}: revision {job.revision} of study {job.study_uid}",
        f"State: {job.state}" + (f" ({job.reason})" if job.reason else ""),
        f"Rule: {job.rule or 'none yet'}; priority {job.priority}",
        f"Instances: {job.instances}{expected}; attempts that failed: {job.attempts};"
        f" cut off by a stop: {job.interruptions}",
    ]
    if job.has_result:
        lines.append(f"Results: {operator.data.result(job.id)}")
    lines += [
        f"{_time(each.at)}  {each.before or 'arrived'} -> {each.after}"
        + (f" ({each.code})" if each.code else "")
        for each in transitions
    ]
    lines += [
        f"To {each.destination}: {each.state}, {each.attempts} failed attempts"
        + (f"; {each.reason}" if each.reason else "")
        for each in deliveries
    ]
    return lines


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
