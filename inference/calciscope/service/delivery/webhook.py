"""Notifications by webhook: what became of a job, and nothing of the patient."""

import hashlib
import hmac
import json
import logging
from datetime import UTC, datetime
from random import Random

import httpx

from calciscope.errors import SettingsError, StaleStateError
from calciscope.service.backoff import delay
from calciscope.service.clock import Clock
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Job, Notice
from calciscope.service.journal.transitions import Listener
from calciscope.service.observers import Meter, SilentMeter
from calciscope.service.settings.house import Webhook
from calciscope.service.settings.secrets import read_secret
from calciscope.service.settings.work import Backoff

LOGGER = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
ATTEMPTS = 20
"""After which a notice is dropped: it only tells what the status page shows too."""
BACKOFF = Backoff(first_seconds=10.0, longest_seconds=1800.0)

SIGNATURE = "X-Calciscope-Signature"
"""`sha256=` and the HMAC-SHA256 of the body with the secret, in hexadecimal digits."""


def listener(settings: Webhook) -> Listener:
    """What the journal must know to leave notices for a webhook."""
    return Listener(settings.url, frozenset(settings.events))


class Notifier:
    """Posts the notices of one webhook, in order; one that hangs delays no other.

    Args:
        settings: of the webhook.
        journal: that holds the notices.
        clock: of the waits.
        meter: is told failures.
        random: source of the jitter.

    Raises:
        SettingsError: the secret is missing or open to others.
    """

    def __init__(
        self,
        settings: Webhook,
        journal: Journal,
        clock: Clock,
        meter: Meter | None = None,
        random: Random | None = None,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = clock
        self._meter = meter or SilentMeter()
        self._random = random or Random()
        self._sign(b"")

    def tick(self) -> bool:
        """Post what is due; gives whether there may be more."""
        due = self._journal.deliveries.due_notices(url=self._settings.url)
        if not due:
            return False
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            for notice in due:
                # After a failure the others wait for the next turn, lest each one takes its time.
                if not self._post(client, notice):
                    return False
        return True

    def _post(self, client: httpx.Client, notice: Notice) -> bool:
        """Post one; gives whether that went well."""
        try:
            job = self._journal.jobs.get(notice.job_id)
        except StaleStateError:
            self._journal.deliveries.close_notice(notice.id)
            return True
        body = self._body(notice, job)
        try:
            headers = {"Content-Type": "application/json"} | self._sign(body)
            with client.stream("POST", notice.url, content=body, headers=headers) as response:
                code = "" if response.is_success else "refused"
        except (httpx.HTTPError, httpx.InvalidURL):
            code = "unreachable"
        except SettingsError:
            code = "secret"
        if code:
            self._put_off(notice, code)
            return False
        self._journal.deliveries.close_notice(notice.id)
        return True

    def _put_off(self, notice: Notice, code: str) -> None:
        attempt = notice.attempts + 1
        last = attempt >= ATTEMPTS
        self._meter.failed("webhook", "dropped" if last else code)
        LOGGER.warning("notice of job %d not posted: %s", notice.job_id, code)
        wait = delay(BACKOFF, attempt, self._random)
        again_at = None if last else self._clock.now() + wait
        self._journal.deliveries.close_notice(notice.id, again_at)

    def _body(self, notice: Notice, job: Job) -> bytes:
        """JSON; reasons are left out, for they may quote what a header says."""
        told: dict[str, object] = {
            "notice": notice.id,
            "posted": datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="seconds"),
            "event": notice.event,
            "job": job.id,
            "revision": job.revision,
            "rule": job.rule,
            "instances": job.instances,
            # A retry may have moved the job on: its code belongs to its state now.
            "code": job.code if job.state == notice.event else "",
        }
        if self._settings.include_study:
            told["study_instance_uid"] = job.study_uid
        return json.dumps(told).encode()

    def _sign(self, body: bytes) -> dict[str, str]:
        """The header with the signature; none without a secret."""
        if self._settings.secret_file is None:
            return {}
        key = read_secret(self._settings.secret_file).encode()
        return {SIGNATURE: "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()}
