"""Webhooks: told what they want to know, signed, and nothing of the patient."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.ports import free_port
from tests.service.conftest import HandClock
from tests.service.delivery.web_server import WebServer

from calciscope.errors import SettingsError
from calciscope.service.delivery.webhook import ATTEMPTS, SIGNATURE, Notifier
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import NewInstance
from calciscope.service.journal.states import JobState
from calciscope.service.journal.transitions import Listener
from calciscope.service.observers import SilentMeter
from calciscope.service.settings.house import Webhook

STUDY = "1.2.840.99.1"


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer().running() as running:
        yield running


@pytest.fixture
def told(tmp_path: Path, clock: HandClock) -> Iterator[Callable[..., Journal]]:
    """A journal with a webhook, in which studies have been refused."""
    opened: list[Journal] = []

    def make(webhook: Webhook, studies: int = 1) -> Journal:
        listener = Listener(webhook.url, frozenset(webhook.events))
        journal = Journal(tmp_path / "told.sqlite", clock, [listener])
        opened.append(journal)
        for number in range(studies):
            new = NewInstance(
                f"{STUDY}.{number}.1.1", f"{STUDY}.{number}.1", f"{STUDY}.{number}", "a.dcm", 1,
                "d", "folder 0", patient_name="Somebody^Secret", patient_id="4711",
                description="Secret knee",
            )  # fmt: skip
            job = journal.arrivals.register([new])[0].job_id
            refused = JobState.REFUSED
            journal.jobs.move(
                job, [JobState.INTAKE], refused, reason="Secret knee is no CT", code="no_rule"
            )
        return journal

    yield make
    for each in opened:
        each.close()


def webhook(server: WebServer, **changes: Any) -> Webhook:
    return Webhook.model_validate({"url": f"{server.url}/hook", "events": ["refused"]} | changes)


def notifier(settings: Webhook, journal: Journal, clock: HandClock, **more: Any) -> Notifier:
    return Notifier(settings, journal, clock, random=Random(0), **more)


def test_notice_tells_the_job_and_nothing_of_the_patient(
    server: WebServer, told: Callable[..., Journal], clock: HandClock
) -> None:
    settings = webhook(server)
    journal = told(settings)
    assert notifier(settings, journal, clock).tick()
    (request,) = server.requests
    assert json.loads(request.body) == {
        "notice": 1, "posted": "2027-01-15T08:00:00+00:00", "event": "refused", "job": 1,
        "revision": 1, "rule": None, "instances": 1, "code": "no_rule",
    }  # fmt: skip
    everything = request.body.decode() + str(request.headers) + request.path
    for word in ("Secret", "4711", "knee", STUDY):
        assert word not in everything
    assert SIGNATURE.lower() not in request.headers
    assert not notifier(settings, journal, clock).tick()
    assert len(server.requests) == 1


def test_study_is_named_only_on_demand(
    server: WebServer, told: Callable[..., Journal], clock: HandClock
) -> None:
    settings = webhook(server, include_study=True)
    notifier(settings, told(settings), clock).tick()
    body = server.requests[0].body.decode()
    assert json.loads(body)["study_instance_uid"] == f"{STUDY}.0"
    assert "Secret" not in body


def test_signature_is_the_hmac_of_the_body(
    server: WebServer, told: Callable[..., Journal], clock: HandClock, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush\n", encoding="utf-8")
    secret.chmod(0o600)
    settings = webhook(server, secret_file=secret)
    notifier(settings, told(settings), clock).tick()
    (request,) = server.requests
    expected = hmac.new(b"hush", request.body, hashlib.sha256).hexdigest()
    assert request.headers[SIGNATURE.lower()] == f"sha256={expected}"


def test_secret_that_others_can_read_is_refused_and_nothing_goes_unsigned(
    server: WebServer, told: Callable[..., Journal], clock: HandClock, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush", encoding="utf-8")
    secret.chmod(0o640)
    settings = webhook(server, secret_file=secret)
    journal = told(settings)
    with pytest.raises(SettingsError, match="chmod 600"):
        notifier(settings, journal, clock)
    secret.chmod(0o600)
    made = notifier(settings, journal, clock)
    secret.chmod(0o640)
    assert not made.tick()
    assert server.requests == []
    assert journal.deliveries.due_notices() == []


class CodeMeter(SilentMeter):
    def __init__(self) -> None:
        self.codes: list[str] = []

    def failed(self, where: str, code: str) -> None:
        self.codes.append(code)


@pytest.mark.parametrize("trouble", ["down", "500", "404", "301"])
def test_notice_is_tried_again_and_dropped_in_the_end(
    server: WebServer, told: Callable[..., Journal], clock: HandClock, trouble: str
) -> None:
    settings = webhook(server)
    if trouble == "down":
        settings = settings.model_copy(update={"url": f"http://127.0.0.1:{free_port()}/hook"})
    else:
        server.reply = lambda request: (int(trouble), b"")
    journal, meter = told(settings), CodeMeter()
    made = notifier(settings, journal, clock, meter=meter)
    for _ in range(ATTEMPTS):
        assert not made.tick()
        # Not before its time.
        assert not made.tick()
        clock.advance(3600)
    code = "unreachable" if trouble == "down" else "refused"
    assert meter.codes == [*[code] * (ATTEMPTS - 1), "dropped"]
    assert not made.tick()
    clock.advance(86_400)
    assert journal.deliveries.due_notices() == []


def test_webhook_that_comes_back_gets_all_in_order(
    server: WebServer, told: Callable[..., Journal], clock: HandClock
) -> None:
    settings = webhook(server)
    journal = told(settings, studies=30)
    made = notifier(settings, journal, clock)
    server.reply = lambda request: (503, b"")
    made.tick()
    assert len(server.requests) == 1
    server.reply = lambda request: (200, b"")
    server.requests.clear()
    clock.advance(60)
    while made.tick():
        pass
    assert [json.loads(request.body)["notice"] for request in server.requests] == [*range(1, 31)]


def test_other_webhooks_notices_are_left_alone(
    server: WebServer, told: Callable[..., Journal], clock: HandClock
) -> None:
    journal = told(webhook(server))
    other = webhook(server, url=f"{server.url}/other")
    assert not notifier(other, journal, clock).tick()
    assert server.requests == []
    assert journal.deliveries.drop_unknown_notices([other.url]) == 1
    assert journal.deliveries.due_notices() == []


def test_forgotten_study_is_told_to_nobody(
    server: WebServer, told: Callable[..., Journal], clock: HandClock
) -> None:
    settings = webhook(server)
    journal = told(settings)
    journal.removal.forget(1)
    assert not notifier(settings, journal, clock).tick()
    assert server.requests == []


def test_code_of_a_job_that_moved_on_is_not_told(
    server: WebServer, told: Callable[..., Journal], clock: HandClock
) -> None:
    settings = webhook(server)
    journal = told(settings)
    journal.jobs.retry(1)
    notifier(settings, journal, clock).tick()
    record = json.loads(server.requests[0].body)
    assert (record["event"], record["code"]) == ("refused", "")
