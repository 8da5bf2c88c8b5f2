"""What a peer may pile up here: nothing beyond its bounds, whatever it sends."""

import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from pydicom.uid import CTImageStorage
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_ECHO
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from calciscope.service.listening import MOST_COMMAND_BYTES, MOST_WAITING, GuardedServer

PATIENCE_S = 20
DATA_BYTES = 1 << 20
COMMAND, DATA = 1, 0
"""Message control header of a fragment that is not the last (PS3.8 E.2)."""

Listen = Callable[..., int]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Starts servers and gives their ports."""
    servers: list[GuardedServer] = []

    def start(answer: Callable[[evt.Event], int] = lambda event: 0) -> int:
        entity = AE(ae_title="HERE")
        entity.add_supported_context(Verification)
        entity.add_supported_context(CTImageStorage)
        server = GuardedServer(
            entity, ("127.0.0.1", 0), handlers=[(evt.EVT_C_ECHO, answer)], addresses=None,
            connections=4, idle_seconds=60, tls=None, data_bytes=DATA_BYTES,
        )  # fmt: skip
        server.begin()
        servers.append(server)
        return int(server.server_address[1])

    yield start
    for server in servers:
        assert server.healthy
        server.end()
        assert not server.healthy


@contextmanager
def associated(port: int) -> Iterator[Association]:
    entity = AE(ae_title="THERE")
    entity.add_requested_context(CTImageStorage)
    entity.add_requested_context(Verification)
    association = entity.associate("127.0.0.1", port)
    assert association.is_established
    # pynetdicom does not close it where the other side hangs up first.
    with closing(association.dul.socket.socket):  # type: ignore[union-attr, type-var]
        yield association
        if association.is_established:
            association.release()
        association.join(PATIENCE_S)


def push(association: Association, kind: int, size: int) -> None:
    """Send fragments of a message, of so many bytes together."""
    value = bytes(16 << 10)
    item = struct.pack(">LBB", len(value) + 2, 1, kind) + value
    pdu = struct.pack(">BBL", 4, 0, len(item)) + item
    for _ in range(size // len(value)):
        association.dul.socket.socket.sendall(pdu)  # type: ignore[union-attr]


def is_ended(association: Association) -> bool:
    """Whether the other side hangs up before long."""
    end = time.monotonic() + PATIENCE_S
    while association.is_established and time.monotonic() < end:
        time.sleep(0.02)
    return not association.is_established


@pytest.mark.parametrize(("kind", "most"), [(COMMAND, MOST_COMMAND_BYTES), (DATA, DATA_BYTES)])
def test_message_without_end_ends_its_association(listen: Listen, kind: int, most: int) -> None:
    port = listen()
    with associated(port) as association:
        push(association, kind, most)
        assert association.is_established
        push(association, kind, 64 << 10)
        assert is_ended(association)
    with associated(port) as association:
        assert association.send_c_echo().Status == 0


def test_messages_that_wait_for_no_answer_end_their_association(listen: Listen) -> None:
    release = threading.Event()

    def hang(_event: evt.Event) -> int:
        release.wait(PATIENCE_S * 2)
        return 0

    question = C_ECHO()
    question.MessageID, question.AffectedSOPClassUID = 1, Verification
    with associated(listen(hang)) as association:
        context = next(
            each for each in association.accepted_contexts if each.abstract_syntax == Verification
        )
        for _ in range(MOST_WAITING):
            association.dimse.send_msg(question, context.context_id)  # type: ignore[arg-type]
        time.sleep(0.5)
        assert association.is_established
        for _ in range(MOST_WAITING):
            association.dimse.send_msg(question, context.context_id)  # type: ignore[arg-type]
        assert is_ended(association)
        release.set()
