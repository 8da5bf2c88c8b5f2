"""STOW-RS to servers that behave, and to servers that do not."""

import base64
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.ports import free_port
from tests.service.delivery.pacs import deaf_server
from tests.service.delivery.web_server import Reply, Request, WebServer, stow_reply

from calciscope.errors import SettingsError
from calciscope.service.delivery import dicomweb, stow_body
from calciscope.service.delivery.dicomweb import DicomwebSender
from calciscope.service.delivery.parcel import Parcel
from calciscope.service.delivery.sender import DeliveryError, DestinationAwayError
from calciscope.service.delivery.stow_body import StowBody, batches
from calciscope.service.settings.destinations import DicomwebDestination

PATIENCE_S = 60


def sender(url: str, **changes: Any) -> DicomwebSender:
    given = {"name": "web", "kind": "dicomweb", "url": url, "timeout_seconds": PATIENCE_S}
    return DicomwebSender(DicomwebDestination.model_validate(given | changes))


@pytest.fixture
def notes() -> dict[str, str]:
    return {}


def send(
    server: WebServer, parcel: Parcel, notes: dict[str, str], **changes: Any
) -> DeliveryError | None:
    """One attempt; gives the error that ended it."""
    try:
        sender(f"{server.url}/dicom-web/", **changes).send(parcel, dict(notes), notes.__setitem__)
    except DeliveryError as error:
        return error
    return None


def uids(parcel: Parcel) -> list[str]:
    return [each.sop_uid for each in parcel.objects]


def stores_all(request: Request) -> Reply:
    return stow_reply(200, dict.fromkeys(request.instances(), 0), {})


def test_every_object_is_stored_and_noted(parcel: Parcel, notes: dict[str, str]) -> None:
    with WebServer(stores_all).running() as server:
        assert send(server, parcel, notes) is None
    (request,) = server.requests
    assert request.path == "/dicom-web/studies"
    assert request.headers["accept"] == "application/dicom+json"
    assert "authorization" not in request.headers
    assert request.instances() == uids(parcel)
    assert notes == dict.fromkeys(uids(parcel), "0000")
    # With nothing left to send nothing is asked: the server is gone by now.
    assert send(server, parcel, notes) is None


def test_answer_in_a_list_is_understood(parcel: Parcel, notes: dict[str, str]) -> None:
    def reply(request: Request) -> Reply:
        return stow_reply(200, dict.fromkeys(request.instances(), 0), {}, as_list=True)

    with WebServer(reply).running() as server:
        assert send(server, parcel, notes) is None


@pytest.mark.parametrize("http_status", [200, 202])
def test_failures_of_single_objects_are_sent_again_alone(
    parcel: Parcel, notes: dict[str, str], http_status: int
) -> None:
    bad = uids(parcel)[1]

    def reply(request: Request) -> Reply:
        stored = {uid: 0 for uid in request.instances() if uid != bad}
        return stow_reply(http_status, stored, {bad: 0xA700})

    server = WebServer(reply)
    with server.running():
        error = send(server, parcel, notes)
        assert error is not None
        assert (error.code, error.permanent) == ("out_of_resources", False)
        assert "1 of 5 objects" in error.sentence
        assert set(notes) == set(uids(parcel)) - {bad}
        server.reply = stores_all
        assert send(server, parcel, notes) is None
    assert server.requests[-1].instances() == [bad]


def test_conflict_notes_nothing(parcel: Parcel, notes: dict[str, str]) -> None:
    def reply(request: Request) -> Reply:
        return stow_reply(409, {}, dict.fromkeys(request.instances(), 0x0122))

    with WebServer(reply).running() as server:
        error = send(server, parcel, notes)
    assert error is not None
    assert (error.code, notes) == ("unsupported", {})
    assert "5 of 5" in error.sentence


def test_object_in_both_lists_is_not_stored(parcel: Parcel, notes: dict[str, str]) -> None:
    bad = uids(parcel)[0]

    def reply(request: Request) -> Reply:
        return stow_reply(200, dict.fromkeys(request.instances(), 0), {bad: 0})

    with WebServer(reply).running() as server:
        error = send(server, parcel, notes)
    assert error is not None
    assert error.code == "refused"
    assert bad not in notes


def test_object_of_which_nothing_is_said_is_not_stored(
    parcel: Parcel, notes: dict[str, str]
) -> None:
    def reply(request: Request) -> Reply:
        others = request.instances()[1:]
        return stow_reply(200, dict.fromkeys(others, 0) | {"1.2.3": 0}, {})

    with WebServer(reply).running() as server:
        error = send(server, parcel, notes)
    assert error is not None
    assert error.code == "unclear"
    assert set(notes) == set(uids(parcel)[1:])


@pytest.mark.parametrize("rule", ["accept", "retry", "fail"])
def test_warnings_count_as_the_rule_says(parcel: Parcel, notes: dict[str, str], rule: str) -> None:
    warned = uids(parcel)[2]

    def reply(request: Request) -> Reply:
        return stow_reply(202, dict.fromkeys(request.instances(), 0) | {warned: 0xB007}, {})

    with WebServer(reply).running() as server:
        error = send(server, parcel, notes, warnings=rule)
    if rule == "accept":
        assert error is None
        assert notes[warned] == "B007"
        return
    assert error is not None
    assert (error.code, error.permanent) == ("warning", rule == "fail")
    assert warned not in notes


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"stored!",
        b"<html>",
        b"[]",
        b"[1]",
        b"null",
        b'"0000"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"00081199": []}',
        b'{"00081199": {"Value": {}}}',
        b'{"00081199": {"Value": [7]}}',
        b'{"00081199": {"Value": [{"00081155": {"Value": [7]}}]}}',
        b'{"00081199": {"Value": [{"00081155": {"Value": ["1.2"]}, "00081196": {"Value": [{}]}}]}}',
        b'{"00081198": {"Value": [{"00081155": {"Value": ["1.2"]}, "00081197": {"Value": [1e999]}}]}}',  # noqa: E501
        b'{"00081198": {"Value": [{"00081155": {"Value": ["1.2"]}, "00081197": {"Value": [-1]}}]}}',
        b" " * (5 << 20) + b"{}",
    ],
    ids=lambda body: str(body[:60]),
)
@pytest.mark.parametrize("http_status", [200, 409])
def test_nonsense_is_no_confirmation(
    parcel: Parcel, notes: dict[str, str], body: bytes, http_status: int
) -> None:
    with WebServer(lambda request: (http_status, body)).running() as server:
        error = send(server, parcel, notes)
    assert error is not None
    assert (error.code, error.permanent, notes) == ("unclear", False, {})


@pytest.mark.parametrize(
    ("http_status", "code", "away"),
    [
        (204, "refused", False),
        (301, "wrong_address", True),
        (400, "refused", False),
        (401, "login", True),
        (403, "login", True),
        (404, "wrong_address", True),
        (413, "too_large", False),
        (415, "refused", False),
        (429, "busy", True),
        (500, "server_error", True),
        (503, "busy", True),
        (504, "busy", True),
    ],
)
def test_other_statuses_are_told_apart(
    parcel: Parcel, notes: dict[str, str], http_status: int, code: str, away: bool
) -> None:
    body = b"" if http_status == 204 else stow_reply(200, dict.fromkeys(uids(parcel), 0), {})[1]
    with WebServer(lambda request: (http_status, body)).running() as server:
        error = send(server, parcel, notes)
    assert error is not None
    assert (error.code, isinstance(error, DestinationAwayError)) == (code, away)
    assert (error.permanent, notes) == (False, {})
    assert str(http_status) in error.sentence


def test_server_that_breaks_off(parcel: Parcel, notes: dict[str, str]) -> None:
    with WebServer(lambda request: (0, b"")).running() as server:
        error = send(server, parcel, notes)
    assert isinstance(error, DestinationAwayError)
    assert (error.code, notes) == ("no_answer", {})


def test_server_that_hangs_is_given_up_and_its_late_success_does_not_count(
    parcel: Parcel, notes: dict[str, str]
) -> None:
    release = threading.Event()

    def hang(request: Request) -> Reply:
        release.wait(PATIENCE_S)
        return stores_all(request)

    with WebServer(hang).running() as server:
        error = send(server, parcel, notes, timeout_seconds=0.3)
        release.set()
    assert isinstance(error, DestinationAwayError)
    assert (error.code, notes) == ("no_answer", {})


def test_server_that_never_reads(parcel: Parcel, notes: dict[str, str]) -> None:
    with deaf_server() as port:
        server = WebServer(url=f"http://127.0.0.1:{port}")
        error = send(server, parcel, notes, timeout_seconds=0.3)
    assert isinstance(error, DestinationAwayError)
    assert error.code == "no_answer"


def test_server_that_answers_without_end_is_away(
    parcel: Parcel, notes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count(step=2 * PATIENCE_S)
    monkeypatch.setattr(dicomweb, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    with WebServer(stores_all).running() as server:
        error = send(server, parcel, notes)
    assert isinstance(error, DestinationAwayError)
    assert (error.code, notes) == ("no_answer", {})


def test_server_that_is_down_is_away(parcel: Parcel, notes: dict[str, str]) -> None:
    error = send(WebServer(url=f"http://127.0.0.1:{free_port()}"), parcel, notes)
    assert isinstance(error, DestinationAwayError)
    assert error.code == "unreachable"


def test_only_wanted_kinds_are_sent(parcel: Parcel, notes: dict[str, str]) -> None:
    with WebServer(stores_all).running() as server:
        assert send(server, parcel, notes, objects=["report"]) is None
    assert len(notes) == 1


def test_each_request_is_noted_before_the_next(
    parcel: Parcel, notes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stow_body, "BATCH_BYTES", 2 * parcel.objects[0].size + 100)

    def reply(request: Request) -> Reply:
        return stores_all(request) if len(server.requests) < 3 else (500, b"")

    server = WebServer(reply)
    with server.running():
        error = send(server, parcel, notes)
        assert error is not None
        stored = [uid for request in server.requests[:2] for uid in request.instances()]
        assert list(notes) == stored == uids(parcel)[: len(stored)]
        server.reply = stores_all
        assert send(server, parcel, notes) is None
    assert set(notes) == set(uids(parcel))


def test_large_objects_go_alone(parcel: Parcel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stow_body, "BATCH_BYTES", 1)
    assert [len(batch) for batch in batches(parcel.objects)] == [1] * 5
    assert list(batches([])) == []


def test_length_of_the_body_is_told_as_it_is(parcel: Parcel) -> None:
    body = StowBody(parcel.objects)
    assert int(body.headers["Content-Length"]) == len(b"".join(body))


@pytest.fixture
def secret(tmp_path: Path) -> Callable[[str, int], Path]:
    def write(text: str, mode: int = 0o600) -> Path:
        path = tmp_path / "secret"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return write


def test_password_and_token_come_from_their_files(
    parcel: Parcel, secret: Callable[..., Path]
) -> None:
    with WebServer(stores_all).running() as server:
        assert send(server, parcel, {}, user="me", password_file=secret("hush\n")) is None
        assert send(server, parcel, {}, token_file=secret("tok.en\n")) is None
    basic, bearer = (request.headers["authorization"] for request in server.requests)
    assert basic == "Basic " + base64.b64encode(b"me:hush").decode()
    assert bearer == "Bearer tok.en"


def test_token_that_changes_is_taken_up(parcel: Parcel, secret: Callable[..., Path]) -> None:
    with WebServer(stores_all).running() as server:
        made = sender(server.url, token_file=secret("old"))
        secret("new")
        made.send(parcel, {}, {}.__setitem__)
    assert server.requests[0].headers["authorization"] == "Bearer new"


def test_secret_that_others_can_read_is_refused(
    parcel: Parcel, secret: Callable[..., Path]
) -> None:
    with pytest.raises(SettingsError, match="chmod 600"):
        sender("http://127.0.0.1:1", token_file=secret("hush", 0o640))
    made = sender("http://127.0.0.1:1", token_file=secret("hush", 0o600))
    secret("hush", 0o640)
    with pytest.raises(DestinationAwayError, match="chmod 600") as caught:
        made.send(parcel, {}, {}.__setitem__)
    assert caught.value.code == "login"


def test_token_that_cannot_be_one_is_refused(secret: Callable[..., Path]) -> None:
    with pytest.raises(SettingsError, match="ASCII"):
        sender("http://127.0.0.1:1", token_file=secret("tök"))


def test_damaged_authorities_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"ca\.pem holds no certificates"):
        sender("https://127.0.0.1:1", authorities=tmp_path / "ca.pem")


def test_error_while_noting_comes_through(parcel: Parcel) -> None:
    def note(sop_uid: str, status: str) -> None:
        raise KeyError("journal")

    with WebServer(stores_all).running() as server, pytest.raises(KeyError, match="journal"):
        sender(server.url).send(parcel, {}, note)
