"""An archive that behaves as a test wants: refuses, hangs, aborts, commits late."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

from pydicom import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.presentation import build_role
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)
from tests.ports import free_port

TITLE = "ARCHIVE"


@dataclass
class Pacs:
    """What it was sent, and how it answers.

    Attributes:
        answer: gives the status for the n-th object; may also abort or hang first.
        on_commit: called with the question's data set and the association once it is answered.
        stored: SOP Instance UIDs in order of coming, however they were answered.
    """

    answer: Callable[[evt.Event, int], int] = lambda event, number: 0x0000
    on_commit: Callable[[evt.Event], int] = lambda event: 0x0000
    stored: list[str] = field(default_factory=list)
    questions: list[Dataset] = field(default_factory=list)
    titles: set[tuple[str, str]] = field(default_factory=set)
    port: int = field(default_factory=free_port)

    def _store(self, event: evt.Event) -> int:
        requestor = event.assoc.requestor
        self.titles.add((requestor.ae_title, event.assoc.acceptor.ae_title))
        self.stored.append(str(event.request.AffectedSOPInstanceUID))
        return self.answer(event, len(self.stored))

    def _action(self, event: evt.Event) -> tuple[int, None]:
        self.questions.append(event.action_information)
        return self.on_commit(event), None

    @contextmanager
    def running(
        self,
        tls: SSLContext | None = None,
        classes: list[str] | None = None,
        commitment: bool = True,
        callers: tuple[str, ...] = (),
        syntaxes: list[str] | None = None,
        more_handlers: Sequence[evt.EventHandlerType] = (),
    ) -> Iterator["Pacs"]:
        """Serve for the length of a block."""
        entity = AE(ae_title=TITLE)
        entity.require_called_aet = True
        entity.require_calling_aet = list(callers)
        entity.network_timeout = 30
        for each in AllStoragePresentationContexts:
            if classes is None or each.abstract_syntax in classes:
                entity.add_supported_context(str(each.abstract_syntax), syntaxes)
        if commitment:
            entity.add_supported_context(StorageCommitmentPushModel)
        server = entity.start_server(
            ("127.0.0.1", self.port),
            block=False,
            ssl_context=tls,
            evt_handlers=[
                (evt.EVT_C_STORE, self._store),
                (evt.EVT_N_ACTION, self._action),
                *more_handlers,
            ],
        )
        assert server is not None
        try:
            yield self
        finally:
            server.shutdown()


def verdict(question: Dataset, lost: dict[str, int]) -> tuple[int, Dataset]:
    """The event type and information that answer a question (PS3.4 J.3.3)."""
    information = Dataset()
    information.TransactionUID = question.TransactionUID
    kept, failed = [], []
    for each in question.ReferencedSOPSequence:
        if each.ReferencedSOPInstanceUID in lost:
            each.FailureReason = lost[each.ReferencedSOPInstanceUID]
            failed.append(each)
        else:
            kept.append(each)
    information.ReferencedSOPSequence = kept
    if failed:
        information.FailedSOPSequence = failed
    return (2 if failed else 1), information


def report_on(association: object, question: Dataset, lost: dict[str, int]) -> int | None:
    """N-EVENT-REPORT on an association; gives the status of its answer."""
    kind, information = verdict(question, lost)
    status, _ = association.send_n_event_report(  # type: ignore[attr-defined]
        information, kind, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    return status.get("Status")


def report_later(
    port: int,
    question: Dataset,
    lost: dict[str, int],
    tls: SSLContext | None = None,
    title: str = TITLE,
    roles: bool = True,
) -> int | None:
    """Open an association to the service's port and report there; None where it is not let in."""
    entity = AE(ae_title=title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 10
    entity.add_requested_context(StorageCommitmentPushModel)
    association = entity.associate(
        "127.0.0.1",
        port,
        ae_title="CALCISCOPE",
        ext_neg=[build_role(StorageCommitmentPushModel, scp_role=True)] if roles else [],
        tls_args=None if tls is None else (tls, "127.0.0.1"),
    )
    if not association.is_established:
        return None
    try:
        return report_on(association, question, lost)
    finally:
        association.release()


@contextmanager
def deaf_server() -> Iterator[int]:
    """A port where connections are accepted and nothing is ever read or said."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        held: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in held:
                each.close()
