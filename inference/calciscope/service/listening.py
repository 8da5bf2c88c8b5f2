"""The listening side of DICOM: who may connect, for how long, and how much is read and kept.

pynetdicom waits without end for the rest of a PDU, believes its length, keeps whatever is sent
until it is answered, and shakes hands for TLS in the thread that accepts. Here each has its bound.
"""

import ipaddress
import socket
import ssl
import threading
import time
from contextlib import suppress
from socketserver import BaseServer
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import (
    AssociationSocket,
    RequestHandler,
    ThreadedAssociationServer,
)

MOST_PDU_BYTES = 16 << 20
"""Peers are told a far smaller maximum (PS3.8 D.1); more than this is an attack."""

MOST_COMMAND_BYTES = 1 << 16
"""A command set is a few short elements (PS3.7 E); it comes in any number of PDUs."""

MOST_WAITING = 4
"""Messages that wait to be answered: one, unless more were negotiated (PS3.7 D.3.3.3)."""

SPARE_CONNECTIONS = 8
"""Connections beside the associations that are allowed, so that the rest are told why not."""

_READ_BYTES = 1 << 16
_POLL_SECONDS = 0.2
_ABORT_SECONDS = 2.0


class BoundedSocket(AssociationSocket):
    """Reads a PDU within bounds of size and time, and no more of them than can be dealt with."""

    idle_seconds = 60.0
    data_bytes: int | None = None

    def recv(self, nr_bytes: int) -> bytearray:
        """Read so many bytes, or fewer where the peer has gone.

        Raises:
            OSError: too many are asked for, or they do not come in time, or what came before is
                more than any sound peer sends.
        """
        self._refuse_heaps()
        if nr_bytes > MOST_PDU_BYTES:
            raise OSError("a PDU is larger than any that may come")
        deadline = time.monotonic() + self.idle_seconds
        received = bytearray()
        while len(received) < nr_bytes:
            left = deadline - time.monotonic()
            if self.socket is None or left <= 0:
                raise TimeoutError("a PDU did not come in time")
            self.socket.settimeout(left)
            chunk = self.socket.recv(min(_READ_BYTES, nr_bytes - len(received)))
            if not chunk:
                break
            received += chunk
        if self.socket is not None:
            self.socket.settimeout(self.idle_seconds)
        return received

    def _refuse_heaps(self) -> None:
        dimse = self.assoc.dimse
        if dimse.msg_queue.qsize() > MOST_WAITING:
            raise OSError("messages come without waiting for answers")
        message = dimse.message
        if message is None:
            return
        if message.encoded_command_set.tell() > MOST_COMMAND_BYTES:
            raise OSError("a command is larger than any that may come")
        data = message.data_set
        if self.data_bytes is not None and data is not None and data.tell() > self.data_bytes:
            raise OSError("a data set is larger than any that may come")

    def _shutdown_socket(self) -> None:
        """Close the connection, also where its other end has gone already."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()


class SharedContexts(list[PresentationContext]):
    """Presentation contexts that associations share, as copying them takes a third of a second."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "SharedContexts":
        """Nothing changes them."""
        return self


class BoundedHandler(RequestHandler):
    """Gives each association a bounded socket."""

    server: "GuardedServer"

    def _create_association(self) -> Association:
        association = super()._create_association()
        # The socket that is replaced has announced the connection already; ours does so again.
        association.dul.event_queue.get_nowait()
        bounded = BoundedSocket(association, client_socket=self.request)
        bounded.idle_seconds = self.server.idle_seconds
        bounded.data_bytes = self.server.data_bytes
        association.dul.socket = bounded
        return association


class GuardedServer(ThreadedAssociationServer):
    """Takes connections from allowed addresses, so many at a time.

    Args:
        entity: with its contexts and timeouts.
        address: and port to listen on.
        handlers: of events.
        addresses: that may connect; None allows any.
        connections: most at a time.
        idle_seconds: of silence after which a connection is given up.
        tls: of its connections; None for plain ones.
        data_bytes: of a data set, after which a connection is given up; None where a handler sees
            to it.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        entity: AE,
        address: tuple[str, int],
        handlers: list[Any],
        *,
        addresses: frozenset[str] | None,
        connections: int,
        idle_seconds: float,
        tls: ssl.SSLContext | None,
        data_bytes: int | None = None,
    ) -> None:
        self.idle_seconds = idle_seconds
        self.data_bytes = data_bytes
        self._addresses = addresses
        self._connections = connections
        self._tls = tls
        self._shaking_hands = 0
        self._counting = threading.Lock()
        super().__init__(
            entity,
            address,
            entity.ae_title,
            SharedContexts(entity.supported_contexts),
            evt_handlers=handlers,
            request_handler=BoundedHandler,
        )
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), name="listening", daemon=True
        )

    def begin(self) -> None:
        """Listen, in a thread of its own."""
        self._thread.start()

    @property
    def healthy(self) -> bool:
        """Whether it listens."""
        return self._thread.is_alive()

    def end(self, drain_seconds: float = 0.0) -> None:
        """Listen no more; associations that are open after a while are aborted."""
        # Not the library's own shutdown, which also closes what is still being received.
        BaseServer.shutdown(self)
        self._thread.join()
        end = time.monotonic() + drain_seconds
        while self.active_associations and time.monotonic() < end:
            time.sleep(0.05)
        left = self.active_associations
        for association in left:
            association.abort(block=False)
        for association in left:
            association.join(_ABORT_SECONDS)
        self.server_close()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether a connection is listened to at all."""
        if self._addresses is not None and (
            plain_address(client_address[0]) not in self._addresses
        ):
            return False
        with self._counting:
            if len(self.active_associations) + self._shaking_hands >= self._connections:
                return False
            self._shaking_hands += 1
        return True

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own: shake hands and begin the association."""
        try:
            request.settimeout(self.idle_seconds)
            if self._tls is not None:
                request = self._tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
        finally:
            with self._counting:
                self._shaking_hands -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A handshake that failed; the connection is closed, and nobody else is concerned."""

    def _bind_defaults(self) -> None:
        """Without the handlers that log what peers send, as that is not for logs."""
        for event in evt._INTERVENTION_EVENTS:
            self.bind(event, evt.get_default_handler(event))


def plain_address(address: str) -> str:
    """An address in its shortest form; an IPv4 address that came by IPv6 as what it is."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)
