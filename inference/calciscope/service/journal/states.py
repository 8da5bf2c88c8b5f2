"""The states of jobs and deliveries, and which may follow which.

    intake -> waiting -> ready -> running -> done -> delivered
       |         |         ^        |
       +---------+---------|--------+-----> refused | failed

A job in `ready` goes back to `waiting` when another instance of its study arrives, a job in
`running` goes back to `ready` when it is to be tried again, and `retry` brings refused and failed
jobs back to `waiting`, done and delivered ones back to `ready`.
"""

from enum import StrEnum


class JobState(StrEnum):
    """Where a revision of a study is."""

    INTAKE = "intake"
    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    DELIVERED = "delivered"


NEXT: dict[JobState, frozenset[JobState]] = {
    JobState.INTAKE: frozenset({JobState.WAITING, JobState.REFUSED}),
    JobState.WAITING: frozenset({JobState.READY, JobState.REFUSED, JobState.WAITING}),
    JobState.READY: frozenset({JobState.RUNNING, JobState.WAITING, JobState.REFUSED}),
    JobState.RUNNING: frozenset({JobState.DONE, JobState.REFUSED, JobState.FAILED, JobState.READY}),
    JobState.DONE: frozenset({JobState.DELIVERED, JobState.READY}),
    JobState.REFUSED: frozenset({JobState.WAITING}),
    JobState.FAILED: frozenset({JobState.WAITING}),
    JobState.DELIVERED: frozenset({JobState.READY}),
}

OPEN = (JobState.INTAKE, JobState.WAITING, JobState.READY)
"""A new instance joins a job in these states; after them it begins a new revision."""

FINAL = (JobState.REFUSED, JobState.FAILED, JobState.DELIVERED)
"""Nothing more happens by itself."""

GOING_ON = tuple(state for state in JobState if state not in FINAL)
"""Something is still to happen."""

RETRIED = (*FINAL, JobState.DONE)
"""States in which a job can be begun anew by hand."""


class DeliveryState(StrEnum):
    """Where the results of a job are, for one destination."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
