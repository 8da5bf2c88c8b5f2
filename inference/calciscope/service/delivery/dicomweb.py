"""Sending results by STOW-RS (PS3.18 10.5): what the answer lists as stored is sent, nothing else.

Written on httpx: the client of `dicomweb-client` keeps all objects in memory, retries by rules of
its own, and gives the answer of the server only in part.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from calciscope.errors import SettingsError
from calciscope.service.delivery.parcel import Parcel, ResultObject
from calciscope.service.delivery.sender import (
    DeliveryError,
    DestinationAwayError,
    NoteSent,
    is_taken,
)
from calciscope.service.delivery.statuses import Tally
from calciscope.service.delivery.stow_answer import LONGEST_ANSWER_BYTES, read_answer
from calciscope.service.delivery.stow_body import StowBody, batches
from calciscope.service.settings.destinations import DicomwebDestination
from calciscope.service.settings.secrets import read_secret
from calciscope.service.tls import web_context

ALL_STORED, SOME_STORED, NONE_STORED = 200, 202, 409
"""PS3.18 table 10.5.3-1."""
_LOGIN = (401, 403, 407)
_NOT_THERE = (404, 405)
_BUSY = (408, 429, 502, 503, 504)
_WORDS = {
    400: "it calls the request malformed",
    413: "the objects are too large for it",
    415: "it does not take DICOM files",
}


class DicomwebSender:
    """Sends results to an archive by STOW-RS.

    Secrets are read anew for each parcel, so that a token can be changed while the service runs.

    Args:
        destination: settings.

    Raises:
        SettingsError: a secret or the authorities are missing, damaged or open to others.
    """

    def __init__(self, destination: DicomwebDestination) -> None:
        self._destination = destination
        self._context = web_context(destination.authorities)
        self._authentication()

    def start(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def send(self, parcel: Parcel, already_sent: Mapping[str, str], note_sent: NoteSent) -> None:
        """Send what the archive has not confirmed; an object that it refuses keeps none back."""
        objects = parcel.wanted(self._destination.objects)
        left = [each for each in objects if not is_taken(already_sent.get(each.sop_uid))]
        if not left:
            return
        tally = Tally(self._destination.warnings, len(left), note_sent)
        with self._client() as client:
            for batch in batches(left):
                statuses = self._store(client, batch)
                for each in batch:
                    if each.sop_uid in statuses:
                        tally.take(each.sop_uid, statuses[each.sop_uid])
                    else:
                        tally.leave_unsaid()
        tally.finish()

    def _store(self, client: httpx.Client, batch: tuple[ResultObject, ...]) -> dict[str, int]:
        """One request; gives the statuses that its answer tells."""
        body = StowBody(batch)
        # The study is not named in the address: results of de-identified studies have another.
        url = f"{self._destination.url.rstrip('/')}/studies"
        # Not compressed: a small answer must not become a large one in memory.
        accept = {"Accept": "application/dicom+json", "Accept-Encoding": "identity"}
        headers = body.headers | accept
        with client.stream("POST", url, content=iter(body), headers=headers) as response:
            status = response.status_code
            if status not in (ALL_STORED, SOME_STORED, NONE_STORED):
                raise self._refusal(status)
            content = self._read(response)
        try:
            return read_answer(content)
        except ValueError as error:
            raise DeliveryError(
                f"the archive answered HTTP {status} without saying which objects it stored",
                "unclear",
            ) from error

    def _read(self, response: httpx.Response) -> bytes:
        end = time.monotonic() + self._destination.timeout_seconds
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > LONGEST_ANSWER_BYTES:
                raise DeliveryError("the archive's answer is too long", "unclear")
            if time.monotonic() > end:
                raise DestinationAwayError("the archive's answer comes too slowly", "no_answer")
        return bytes(content)

    @contextmanager
    def _client(self) -> Iterator[httpx.Client]:
        """A client whose errors are ours."""
        try:
            authentication = self._authentication()
        except SettingsError as error:
            raise DestinationAwayError(str(error), "login") from error
        where = self._destination.url
        try:
            with httpx.Client(
                verify=self._context,
                timeout=self._destination.timeout_seconds,
                trust_env=False,
                headers=authentication,
            ) as client:
                yield client
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            cure = "its certificate" if "CERTIFICATE" in str(error) else "that it runs"
            raise DestinationAwayError(
                f"{where} cannot be reached; check {cure}", "unreachable"
            ) from error
        except httpx.TimeoutException as error:
            raise DestinationAwayError(
                f"{where} did not answer within {self._destination.timeout_seconds:g} s",
                "no_answer",
            ) from error
        except httpx.HTTPError as error:
            raise DestinationAwayError(
                f"{where} broke off or spoke no HTTP", "no_answer"
            ) from error

    def _authentication(self) -> dict[str, str]:
        """The header of HTTP basic or bearer authentication."""
        wanted = self._destination
        if wanted.user is not None and wanted.password_file is not None:
            basic = httpx.BasicAuth(wanted.user, read_secret(wanted.password_file))
            request = next(basic.auth_flow(httpx.Request("POST", wanted.url)))
            return {"Authorization": request.headers["Authorization"]}
        if wanted.token_file is not None:
            return {"Authorization": f"Bearer {_header_safe(wanted.token_file)}"}
        return {}

    def _refusal(self, status: int) -> DeliveryError:
        """The error of an answer that says nothing of objects."""
        where = self._destination.url
        if status in _LOGIN:
            return DestinationAwayError(
                f"{where} does not let us in (HTTP {status}); check user, password or token",
                "login",
            )
        if status in _NOT_THERE or 300 <= status < 400:
            return DestinationAwayError(
                f"{where} offers no STOW-RS (HTTP {status}); check the address", "wrong_address"
            )
        if status in _BUSY:
            return DestinationAwayError(f"{where} is busy or down (HTTP {status})", "busy")
        if status >= 500:
            return DestinationAwayError(f"{where} failed within (HTTP {status})", "server_error")
        words = _WORDS.get(status, "it refused")
        code = "too_large" if status == 413 else "refused"
        return DeliveryError(f"{where} took nothing (HTTP {status}): {words}", code)


def _header_safe(path: Path) -> str:
    token = read_secret(path)
    if not token.isascii():
        raise SettingsError(f"{path} holds no bearer token, which has ASCII characters alone")
    return token
