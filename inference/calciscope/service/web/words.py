"""What the page says about states and codes, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass

from calciscope.service.journal.records import Delivery, Job
from calciscope.service.journal.states import DeliveryState, JobState
from calciscope.service.web.times import relative


@dataclass(frozen=True)
class Look:
    """How a state is shown: text, and a tone that gives color and sign.

    Attributes:
        text: one or two words.
        tone: idle, work, good, mute, warn or bad.
    """

    text: str
    tone: str


STATES: dict[JobState, Look] = {
    JobState.INTAKE: Look("Receiving", "idle"),
    JobState.WAITING: Look("Collecting", "idle"),
    JobState.READY: Look("Queued", "idle"),
    JobState.RUNNING: Look("Analyzing", "work"),
    JobState.DONE: Look("Delivering", "work"),
    JobState.DELIVERED: Look("Delivered", "good"),
    JobState.REFUSED: Look("Refused", "mute"),
    JobState.FAILED: Look("Failed", "bad"),
}

EXPLAINED: dict[JobState, str] = {
    JobState.INTAKE: "The first images have arrived; no rule has taken the study yet.",
    JobState.WAITING: "More images may come; the analysis begins when the study is complete.",
    JobState.READY: "Complete; waits for a free worker.",
    JobState.RUNNING: "The analysis is at work.",
    JobState.DONE: "Analyzed; the results are on their way.",
    JobState.DELIVERED: "Analyzed, and all destinations have the results.",
    JobState.REFUSED: "Not analyzed.",
    JobState.FAILED: "The analysis did not succeed.",
}

DELIVERIES: dict[DeliveryState, Look] = {
    DeliveryState.PENDING: Look("to be sent", "idle"),
    DeliveryState.SENDING: Look("sending", "work"),
    DeliveryState.DELIVERED: Look("delivered", "good"),
    DeliveryState.FAILED: Look("not delivered", "bad"),
}

CODES: dict[str, str] = {
    "more_came": "more images came",
    "waits": "images are missing still",
    "no_rule": "no rule takes it",
    "no_series": "no series is one that its rule takes",
    "ignored": "a rule leaves it out",
    "incomplete": "images are missing",
    "too_many": "too many images",
    "retry": "begun anew by hand",
    "stopped": "the service stopped and gave it back",
    "interrupted": "the service was cut off",
    "crash": "the worker crashed",
    "memory": "not enough memory",
    "timeout": "took too long",
    "disk_full": "the disk is full",
    "same_as_before": "the same result as another revision, not sent again",
    "error": "an error in the program",
}
"""Codes of transitions; others are shown as they are, with spaces."""


def code_words(code: str) -> str:
    """A code in words; empty stays empty."""
    return CODES.get(code, code.replace("_", " "))


def job_look(job: Job, deliveries: Sequence[Delivery]) -> Look:
    """How the state of a job is shown; deliveries that fail are part of it."""
    if job.state == JobState.READY and job.attempts:
        return Look("Trying again", "warn")
    if job.state == JobState.DONE:
        if any(each.state == DeliveryState.FAILED for each in deliveries):
            return Look("Not delivered", "bad")
        if any(is_delayed(each) for each in deliveries):
            return Look("Delivery delayed", "warn")
    if job.state == JobState.DELIVERED and not deliveries:
        return Look("Done", "good")
    return STATES[job.state]


def is_delayed(delivery: Delivery) -> bool:
    """Whether a delivery waits because it did not succeed, or because its destination is away."""
    waits = delivery.state in (DeliveryState.PENDING, DeliveryState.SENDING)
    return waits and bool(delivery.attempts or delivery.reason)


def delivery_look(delivery: Delivery) -> Look:
    """How the state of a delivery is shown."""
    if is_delayed(delivery):
        return Look("delayed", "warn")
    return DELIVERIES[delivery.state]


def job_sentence(job: Job, deliveries: Sequence[Delivery], now: float) -> str:
    """Why a job is where it is."""
    troubled = [each for each in deliveries if each.state == DeliveryState.FAILED]
    troubled += [each for each in deliveries if is_delayed(each)]
    if job.state == JobState.DONE and troubled:
        return f"{troubled[0].destination}: {delivery_sentence(troubled[0], now)}"
    if job.state == JobState.DELIVERED and not deliveries:
        return "Analyzed; no destination is set, the results are kept here."
    text = job.reason or EXPLAINED[job.state]
    if job.state == JobState.READY and job.attempts:
        failed = job.reason or "The last attempt failed."
        text = f"{_closed(failed)} {_again(job.attempts, job.not_before, now)}"
    return sentence(text)


def delivery_sentence(delivery: Delivery, now: float) -> str:
    """Why a delivery is where it is; empty where nothing need be said."""
    if delivery.state == DeliveryState.FAILED:
        reason = delivery.reason or "the destination did not take the results"
        return f"{_closed(reason)} Given up after {_times(delivery.attempts)}."
    if is_delayed(delivery):
        reason = delivery.reason or "the last attempt failed"
        return f"{_closed(reason)} {_again(delivery.attempts, delivery.not_before, now)}"
    return ""


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    return _closed(text[:1].upper() + text[1:]) if text else ""


def _closed(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _again(attempts: int, not_before: float, now: float) -> str:
    when = relative(not_before - now) if not_before > now else "soon"
    return f"Attempt {attempts + 1} {when}." if attempts else f"Tried again {when}."


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"
