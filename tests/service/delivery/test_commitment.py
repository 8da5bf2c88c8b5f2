"""Storage commitment: answered at once, later, never, and with bad news."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from tests.ports import free_port
from tests.service.delivery.pacs import TITLE, Pacs, report_later, report_on, verdict

from calciscope.errors import ServiceError
from calciscope.service.delivery.commitment import ALL_KEPT, SOME_LOST, CommitmentDesk
from calciscope.service.delivery.dimse import DimseSender
from calciscope.service.delivery.parcel import Parcel
from calciscope.service.delivery.sender import DeliveryError, DestinationAwayError
from calciscope.service.settings.destinations import Commitment, DimseDestination

PATIENCE_S = 60


def destination(port: int, commitment: dict[str, Any]) -> DimseDestination:
    return DimseDestination.model_validate(
        {
            "name": "archive",
            "kind": "dimse",
            "host": "127.0.0.1",
            "port": port,
            "ae_title": TITLE,
            "timeout_seconds": PATIENCE_S,
            "commitment": {"address": "127.0.0.1"} | commitment,
        }
    )


@pytest.fixture
def notes() -> dict[str, str]:
    return {}


@pytest.fixture
def make_sender() -> Iterator[Callable[..., DimseSender]]:
    made: list[DimseSender] = []

    def make(pacs: Pacs, **commitment: Any) -> DimseSender:
        sender = DimseSender(destination(pacs.port, {"wait_seconds": 0.5} | commitment))
        sender.start()
        made.append(sender)
        return sender

    yield make
    for each in made:
        each.close()


def attempt(sender: DimseSender, parcel: Parcel, notes: dict[str, str]) -> str | None:
    """One attempt; gives the code of the error that ended it."""
    try:
        sender.send(parcel, dict(notes), notes.__setitem__)
    except DeliveryError as error:
        return error.code
    return None


def answers_at_once(lost: dict[str, int]) -> Callable[[evt.Event], int]:
    """Reports on the association of the question, once that is answered."""

    def answer(event: evt.Event) -> int:
        question = event.action_information
        threading.Timer(0.1, report_on, (event.assoc, question, lost)).start()
        return 0x0000

    return answer


def test_delivered_once_the_archive_keeps_all(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender]
) -> None:
    with Pacs(on_commit=answers_at_once({})).running() as pacs:
        sender = make_sender(pacs, wait_seconds=PATIENCE_S)
        assert attempt(sender, parcel, notes) is None
        assert set(notes.values()) == {"committed"}
        assert len(notes) == len(pacs.stored) == 5
        (question,) = pacs.questions
        asked = [str(each.ReferencedSOPInstanceUID) for each in question.ReferencedSOPSequence]
        assert asked == [each.sop_uid for each in parcel.objects]
        # Delivered again after a kill: nothing is sent, nothing asked.
        assert attempt(sender, parcel, notes) is None
        assert (len(pacs.stored), len(pacs.questions)) == (5, 1)


def test_object_that_the_archive_lost_is_sent_again(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender]
) -> None:
    lost = parcel.objects[3].sop_uid
    pacs = Pacs(on_commit=answers_at_once({lost: 0x0112}))
    with pacs.running():
        sender = make_sender(pacs, wait_seconds=PATIENCE_S)
        with pytest.raises(DeliveryError, match=r"1 of 5 objects .*reason 0112H") as caught:
            sender.send(parcel, {}, notes.__setitem__)
        assert (caught.value.code, caught.value.permanent) == ("commitment_failed", False)
        assert notes.pop(lost) == "lost 0112"
        assert set(notes.values()) == {"committed"}
        notes[lost] = "lost 0112"
        pacs.on_commit = answers_at_once({})
        pacs.stored.clear()
        assert attempt(sender, parcel, notes) is None
    assert pacs.stored == [lost]
    assert len(pacs.questions[1].ReferencedSOPSequence) == 1


def test_no_answer_is_not_delivered_and_is_asked_again_without_sending_again(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with Pacs().running() as pacs:
        sender = make_sender(pacs)
        assert attempt(sender, parcel, notes) == "commitment_pending"
        assert set(notes.values()) == {"0000"}
        monkeypatch.setattr(sender._desk, "wait_seconds", PATIENCE_S)
        pacs.on_commit = answers_at_once({})
        assert attempt(sender, parcel, notes) is None
    assert len(pacs.stored) == 5
    first, second = (str(each.TransactionUID) for each in pacs.questions)
    assert first != second


def test_archive_that_hangs_up_instead_of_answering(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender]
) -> None:
    def hang_up(event: evt.Event) -> int:
        threading.Timer(0.1, event.assoc.abort).start()
        return 0x0000

    with Pacs(on_commit=hang_up).running() as pacs:
        assert attempt(make_sender(pacs, wait_seconds=30), parcel, notes) == "commitment_pending"


@pytest.mark.parametrize("hang", [True, False])
def test_archive_that_stores_and_hangs_when_asked_is_away(
    parcel: Parcel, notes: dict[str, str], hang: bool
) -> None:
    release = threading.Event()

    def spoil(event: evt.Event) -> int:
        if hang:
            release.wait(PATIENCE_S)
        else:
            event.assoc.abort()
        return 0x0000

    with Pacs(on_commit=spoil).running() as pacs:
        settings = destination(pacs.port, {}).model_copy(update={"timeout_seconds": 1})
        with pytest.raises(DestinationAwayError) as caught:
            DimseSender(settings).send(parcel, {}, notes.__setitem__)
        release.set()
    assert caught.value.code == "no_answer"
    assert set(notes.values()) == {"0000"}


@pytest.mark.parametrize("roles", [True, False])
def test_answer_on_the_port_while_waiting(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender], roles: bool
) -> None:
    port = free_port()
    reports: list[int | None] = []

    def answer(event: evt.Event) -> int:
        question = event.action_information
        later = lambda: reports.append(report_later(port, question, {}, roles=roles))  # noqa: E731
        threading.Timer(0.1, later).start()
        return 0x0000

    with Pacs(on_commit=answer).running() as pacs:
        assert attempt(make_sender(pacs, port=port, wait_seconds=PATIENCE_S), parcel, notes) is None
    assert set(notes.values()) == {"committed"}


def test_late_answer_on_the_port_settles_the_next_attempt(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender]
) -> None:
    port = free_port()
    with Pacs().running() as pacs:
        sender = make_sender(pacs, port=port)
        assert attempt(sender, parcel, notes) == "commitment_pending"
    assert report_later(port, pacs.questions[0], {}) == 0x0000
    # The archive is not even asked: it may be down by now.
    assert attempt(sender, parcel, notes) is None
    assert set(notes.values()) == {"committed"}


@pytest.mark.parametrize("answered", ["before", "while it is sent"])
def test_late_answer_to_an_older_question_does_not_settle_a_retry(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender], answered: str
) -> None:
    port = free_port()
    with Pacs().running() as pacs:
        sender = make_sender(pacs, port=port)
        assert attempt(sender, parcel, notes) == "commitment_pending"
        assert attempt(sender, parcel, notes) == "commitment_pending"
        first, second = pacs.questions
        assert report_later(port, first, {}) == 0x0000
        assert attempt(sender, parcel, notes) is None
        # Somebody retries, as the archive has lost the objects: nothing counts as sent any more.
        notes.clear()
        pacs.stored.clear()

        def answer_late(event: evt.Event, number: int) -> int:
            if number == 1:
                report_later(port, second, {})
            return 0x0000

        if answered == "before":
            report_later(port, second, {})
        else:
            pacs.answer = answer_late
        assert attempt(sender, parcel, notes) == "commitment_pending"
    assert pacs.stored == [each.sop_uid for each in parcel.objects]
    assert set(notes.values()) == {"0000"}


def test_late_bad_news_sends_the_object_again(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    port, lost = free_port(), parcel.objects[0].sop_uid
    with Pacs().running() as pacs:
        sender = make_sender(pacs, port=port)
        attempt(sender, parcel, notes)
        assert report_later(port, pacs.questions[0], {lost: 0x0110}) == 0x0000
        pacs.stored.clear()
        monkeypatch.setattr(sender._desk, "wait_seconds", PATIENCE_S)
        pacs.on_commit = answers_at_once({})
        assert attempt(sender, parcel, notes) is None
    assert pacs.stored == [lost]


def test_answer_to_a_question_never_asked_changes_nothing(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender]
) -> None:
    port = free_port()
    with Pacs().running() as pacs:
        sender = make_sender(pacs, port=port)
        attempt(sender, parcel, notes)
        forged = pacs.questions[0]
        forged.TransactionUID = "2.25.1"
        assert report_later(port, forged, {}) == 0x0000
        assert attempt(sender, parcel, notes) == "commitment_pending"
    assert set(notes.values()) == {"0000"}


def test_answer_speaks_only_for_objects_that_were_asked_for(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender]
) -> None:
    port = free_port()
    with Pacs().running() as pacs:
        sender = make_sender(pacs, port=port)
        attempt(sender, parcel, notes)
        question = pacs.questions[0]
        question.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "1.2.3"
        report_later(port, question, {})
        assert attempt(sender, parcel, notes) == "commitment_pending"
    assert sorted(notes.values()) == ["0000", *["committed"] * 4]
    assert "1.2.3" not in notes


def test_port_lets_in_the_archive_alone(make_sender: Callable[..., DimseSender]) -> None:
    port = free_port()
    make_sender(Pacs(), port=port)
    question = Dataset()
    question.TransactionUID = "2.25.1"
    question.ReferencedSOPSequence = []
    assert report_later(port, question, {}, title="STRANGER") is None
    assert report_later(port, question, {}) == 0x0000


def test_port_answers_echo(make_sender: Callable[..., DimseSender]) -> None:
    port = free_port()
    make_sender(Pacs(), port=port)
    entity = AE(ae_title=TITLE)
    entity.add_requested_context(Verification)
    association = entity.associate("127.0.0.1", port, ae_title="CALCISCOPE")
    assert association.send_c_echo().Status == 0x0000
    association.release()


def test_port_believes_no_length(make_sender: Callable[..., DimseSender]) -> None:
    port = free_port()
    make_sender(Pacs(), port=port)
    with closing(socket.create_connection(("127.0.0.1", port), PATIENCE_S)) as connection:
        connection.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFFFF) + bytes(1000))
        with suppress(ConnectionError):
            assert connection.recv(1) == b""


def test_port_that_is_taken_is_told_at_the_start(make_sender: Callable[..., DimseSender]) -> None:
    port = free_port()
    make_sender(Pacs(), port=port)
    with pytest.raises(ServiceError, match=f"127.0.0.1:{port}.*choose another port"):
        make_sender(Pacs(), port=port)


def test_archive_without_commitment_is_told_with_the_cure(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender]
) -> None:
    with Pacs().running(commitment=False) as pacs:
        sender = make_sender(pacs)
        assert attempt(sender, parcel, notes) == "commitment_unsupported"
        # Now that only the question is left.
        assert attempt(sender, parcel, notes) == "commitment_unsupported"
    assert set(notes.values()) == {"0000"}


def test_archive_that_refuses_to_commit(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender]
) -> None:
    with Pacs(on_commit=lambda event: 0x0110).running() as pacs:
        assert attempt(make_sender(pacs), parcel, notes) == "commitment_refused"


def test_nothing_is_asked_before_all_is_stored(
    parcel: Parcel, notes: dict[str, str], make_sender: Callable[..., DimseSender]
) -> None:
    with Pacs(answer=lambda event, number: 0xA700 if number == 5 else 0).running() as pacs:
        assert attempt(make_sender(pacs), parcel, notes) == "out_of_resources"
    assert pacs.questions == []


class _Event:
    """An event as pynetdicom gives it; a malformed data set raises where it is decoded."""

    def __init__(self, event_type: int, information: Dataset | None) -> None:
        self.event_type = event_type
        self._information = information

    @property
    def event_information(self) -> Dataset:
        if self._information is None:
            raise EOFError("malformed")
        return self._information


@pytest.mark.parametrize("spoilt", ["malformed", "empty", "no reason", "odd event"])
def test_nonsense_on_the_port_is_answered_with_an_error(spoilt: str) -> None:
    question = Dataset()
    question.TransactionUID = "2.25.1"
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = "1.2"
    question.ReferencedSOPSequence = [reference]
    _, information = verdict(question, {"1.2": 0x0110})
    if spoilt == "no reason":
        del information.FailedSOPSequence[0].FailureReason
    given = {"malformed": None, "empty": Dataset()}.get(spoilt, information)
    kind = 7 if spoilt == "odd event" else ALL_KEPT if spoilt == "empty" else SOME_LOST
    desk = CommitmentDesk(destination(104, {}), Commitment())
    _, handle = desk.handler
    status, _ = handle(_Event(kind, given))
    assert status == (0x0113 if spoilt == "odd event" else 0x0115)
    assert desk.take(["1.2"]) == {}
