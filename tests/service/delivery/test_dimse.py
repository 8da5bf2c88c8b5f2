"""C-STORE to archives that behave, and to archives that do not."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import EncapsulatedPDFStorage, RLELossless, SegmentationStorage
from pynetdicom import evt
from pynetdicom.pdu import P_DATA_TF
from tests.ports import free_port
from tests.service.delivery.pacs import TITLE, Pacs, deaf_server

from calciscope.service.delivery import dimse, line
from calciscope.service.delivery.dimse import DimseSender, storage_contexts
from calciscope.service.delivery.parcel import Parcel, read_parcel
from calciscope.service.delivery.sender import DeliveryError, DestinationAwayError
from calciscope.service.settings.destinations import DimseDestination

PATIENCE_S = 60


def destination(pacs_port: int, **changes: Any) -> DimseDestination:
    given = {
        "name": "archive", "kind": "dimse", "host": "127.0.0.1", "port": pacs_port,
        "ae_title": TITLE, "timeout_seconds": PATIENCE_S,
    }  # fmt: skip
    return DimseDestination.model_validate(given | changes)


@pytest.fixture
def notes() -> dict[str, str]:
    return {}


def send(pacs: Pacs, parcel: Parcel, notes: dict[str, str], **changes: Any) -> DeliveryError | None:
    """One attempt; gives the error that ended it."""
    try:
        DimseSender(destination(pacs.port, **changes)).send(parcel, dict(notes), notes.__setitem__)
    except DeliveryError as error:
        return error
    return None


def uids(parcel: Parcel) -> list[str]:
    return [each.sop_uid for each in parcel.objects]


def test_every_object_is_stored_and_noted(parcel: Parcel, notes: dict[str, str]) -> None:
    with Pacs().running() as pacs:
        assert send(pacs, parcel, notes) is None
    assert pacs.stored == uids(parcel)
    assert notes == dict.fromkeys(uids(parcel), "0000")
    assert pacs.titles == {("CALCISCOPE", TITLE)}


def test_only_wanted_kinds_are_sent(parcel: Parcel, notes: dict[str, str]) -> None:
    with Pacs().running() as pacs:
        assert send(pacs, parcel, notes, objects=["report", "measurements"]) is None
    assert len(pacs.stored) == 2


def test_what_was_noted_is_not_sent_again(parcel: Parcel, notes: dict[str, str]) -> None:
    first, second, *others = uids(parcel)
    notes.update({first: "0000", second: "B000"})
    with Pacs().running() as pacs:
        assert send(pacs, parcel, notes) is None
        assert pacs.stored == others
        # With nothing left to send there is no association either.
        pacs.stored.clear()
    assert send(pacs, parcel, notes) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (0xA700, "out_of_resources"),
        (0xA7FF, "out_of_resources"),
        (0xA900, "mismatch"),
        (0xC000, "not_understood"),
        (0xC123, "not_understood"),
        (0x0110, "refused"),
        (0x0122, "unsupported"),
        (0x0124, "login"),
        (0xFE00, "refused"),
        (0xFF00, "refused"),
        (0x1234, "refused"),
    ],
)
def test_nothing_but_success_counts_and_others_still_go(
    parcel: Parcel, notes: dict[str, str], status: int, code: str
) -> None:
    pacs = Pacs(answer=lambda event, number: status if number == 2 else 0x0000)
    with pacs.running():
        error = send(pacs, parcel, notes)
        assert error is not None
        assert (error.code, error.permanent) == (code, False)
        assert not isinstance(error, DestinationAwayError)
        assert "1 of 5 objects" in error.sentence
        assert f"{status:04X}H" in error.sentence
        refused = uids(parcel)[1]
        assert set(notes) == set(uids(parcel)) - {refused}
        # The next attempt sends that one alone.
        pacs.stored.clear()
        pacs.answer = lambda event, number: 0x0000
        assert send(pacs, parcel, notes) is None
        assert pacs.stored == [refused]


@pytest.mark.parametrize("status", [0xB000, 0xB006, 0xB007, 0x0107, 0x0111])
@pytest.mark.parametrize("rule", ["accept", "retry", "fail"])
def test_warnings_count_as_the_rule_says(
    parcel: Parcel, notes: dict[str, str], status: int, rule: str
) -> None:
    pacs = Pacs(answer=lambda event, number: status if number == 2 else 0x0000)
    with pacs.running():
        error = send(pacs, parcel, notes, warnings=rule)
    warned = uids(parcel)[1]
    if rule == "accept":
        assert error is None
        assert notes[warned] == f"{status:04X}"
        return
    assert error is not None
    assert (error.code, error.permanent) == ("warning", rule == "fail")
    assert warned not in notes


def test_failure_beside_a_final_warning_is_still_tried_again(
    parcel: Parcel, notes: dict[str, str]
) -> None:
    pacs = Pacs(answer=lambda event, number: {1: 0xB000, 2: 0xA700}.get(number, 0x0000))
    with pacs.running():
        error = send(pacs, parcel, notes, warnings="fail")
    assert error is not None
    assert (error.code, error.permanent) == ("out_of_resources", False)


def test_archive_that_aborts_keeps_what_it_confirmed(parcel: Parcel, notes: dict[str, str]) -> None:
    def abort_at_the_third(event: evt.Event, number: int) -> int:
        if number == 3:
            event.assoc.abort()
        return 0x0000

    pacs = Pacs(answer=abort_at_the_third)
    with pacs.running():
        error = send(pacs, parcel, notes)
        assert isinstance(error, DestinationAwayError)
        assert error.code == "no_answer"
        assert "after 2 of 5" in error.sentence
        assert list(notes) == uids(parcel)[:2]
        pacs.answer = lambda event, number: 0x0000
        assert send(pacs, parcel, notes) is None
    assert set(notes) == set(uids(parcel))


def test_archive_that_hangs_is_given_up_and_its_late_success_does_not_count(
    parcel: Parcel, notes: dict[str, str]
) -> None:
    release, went_on = threading.Event(), threading.Event()

    def hang(event: evt.Event, number: int) -> int:
        release.wait(PATIENCE_S)
        went_on.set()
        return 0x0000

    with Pacs(answer=hang).running() as pacs:
        error = send(pacs, parcel, notes, timeout_seconds=0.5)
        assert not went_on.is_set()
        release.set()
    assert isinstance(error, DestinationAwayError)
    assert error.code == "no_answer"
    assert notes == {}


def test_archive_that_accepts_and_never_speaks_is_away(
    parcel: Parcel, notes: dict[str, str]
) -> None:
    with deaf_server() as port:
        error = send(Pacs(port=port), parcel, notes, timeout_seconds=0.5)
    assert isinstance(error, DestinationAwayError)
    assert error.code == "no_association"


def test_archive_that_stops_reading_cannot_hold_the_queue(
    parcel: Parcel, notes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than fits into all buffers on the way, so that sending itself stands still."""
    report = next(each for each in parcel.objects if each.kind == "report")
    dataset = pydicom.dcmread(report.path)
    dataset.EncapsulatedDocument = bytes(64 << 20)
    dataset.save_as(report.path)
    large = read_parcel(1, parcel.study_uid, 1, parcel.folder)
    monkeypatch.setattr(dimse, "SLOWEST_BYTES_PER_SECOND", 1 << 40)
    monkeypatch.setattr(line, "GRACE_SECONDS", 0.5)
    release, went_on = threading.Event(), threading.Event()

    def stop_reading(event: evt.Event) -> None:
        if isinstance(event.pdu, P_DATA_TF):
            release.wait(PATIENCE_S)
            went_on.set()

    pacs = Pacs()
    handlers = [(evt.EVT_PDU_RECV, stop_reading)]
    with pacs.running(more_handlers=handlers):
        error = send(pacs, large, notes, objects=["report"], timeout_seconds=1)
        assert not went_on.is_set()
        release.set()
    assert error is not None
    assert error.code == "no_answer"
    assert notes == {}


@pytest.mark.usefixtures("refused_sockets")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_archive_that_is_down_is_away(parcel: Parcel, notes: dict[str, str]) -> None:
    error = send(Pacs(port=free_port()), parcel, notes)
    assert isinstance(error, DestinationAwayError)
    assert error.code == "unreachable"
    assert "127.0.0.1" in error.sentence


def test_host_that_is_not_known_is_away(parcel: Parcel, notes: dict[str, str]) -> None:
    error = send(Pacs(), parcel, notes, host="no-such-host.invalid")
    assert isinstance(error, DestinationAwayError)
    assert error.code == "unreachable"


@pytest.mark.parametrize("wrong", ["called", "calling"])
def test_rejected_association_is_told_with_its_reason(
    parcel: Parcel, notes: dict[str, str], wrong: str
) -> None:
    changes = {"ae_title": "OTHER"} if wrong == "called" else {"calling": "STRANGER"}
    with Pacs().running(callers=("CALCISCOPE",)) as pacs:
        error = send(pacs, parcel, notes, **changes)
    assert isinstance(error, DestinationAwayError)
    assert error.code == "rejected"
    assert f"{wrong} AE title not recognised" in error.sentence.replace("Call", "call")


def test_kind_that_the_archive_does_not_take_is_told_and_others_go(
    parcel: Parcel, notes: dict[str, str]
) -> None:
    with Pacs().running(classes=[SegmentationStorage]) as pacs:
        error = send(pacs, parcel, notes)
    assert error is not None
    assert (error.code, error.permanent) == ("unsupported", False)
    assert "3 of 5" in error.sentence
    assert len(notes) == 2


def test_archive_that_takes_none_of_the_kinds(parcel: Parcel, notes: dict[str, str]) -> None:
    with Pacs().running(classes=[SegmentationStorage]) as pacs:
        error = send(pacs, parcel, notes, objects=["report"])
    assert error is not None
    assert error.code == "unsupported"
    assert "SOP classes" in error.sentence


def test_archive_that_reads_implicit_vr_alone_gets_it(
    parcel: Parcel, notes: dict[str, str]
) -> None:
    with Pacs().running(syntaxes=["1.2.840.10008.1.2"]) as pacs:
        assert send(pacs, parcel, notes) is None
    assert len(notes) == 5


def test_compressed_objects_are_offered_as_they_are(parcel: Parcel) -> None:
    one = parcel.objects[0]
    (context,) = storage_contexts([one, replace(one, sop_uid="1.2")])
    assert len(context.transfer_syntax) == 2
    (context,) = storage_contexts([replace(one, transfer_syntax_uid=RLELossless)])
    assert context.transfer_syntax == [RLELossless]


def test_error_while_noting_comes_through_and_ends_the_association(parcel: Parcel) -> None:
    def note(sop_uid: str, status: str) -> None:
        raise KeyError("journal")

    with Pacs().running() as pacs:
        with pytest.raises(KeyError, match="journal"):
            DimseSender(destination(pacs.port)).send(parcel, {}, note)
        assert len(pacs.stored) == 1
    assert not [t for t in threading.enumerate() if "Association" in t.name]


def test_sentences_hold_nothing_of_the_patient(
    parcel: Parcel, notes: dict[str, str], tmp_path: Path
) -> None:
    pacs = Pacs(answer=lambda event, number: 0xC000)
    with pacs.running():
        error = send(pacs, parcel, notes)
    assert error is not None
    for word in ("Secret", "4711", parcel.study_uid, str(tmp_path), EncapsulatedPDFStorage):
        assert word not in error.sentence
