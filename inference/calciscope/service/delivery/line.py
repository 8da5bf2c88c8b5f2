"""An association with an archive that can never hang, whatever the other side does."""

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from socket import IPPROTO_TCP, SHUT_RDWR, TCP_NODELAY, socket

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.presentation import PresentationContext

from calciscope.service.delivery.sender import DeliveryError, DestinationAwayError
from calciscope.service.settings.destinations import DimseDestination

GRACE_SECONDS = 5.0
"""By which a connection outlives the timeouts within the protocol before it is cut."""


@dataclass
class _Wire:
    """What goes over the connection of an association, seen from outside of pynetdicom.

    Attributes:
        connection: so that it can be shut.
        rejection: why the peer rejected the association. pynetdicom forgets it where the peer hangs
            up at once, and calls the association aborted.
    """

    connection: socket | None = None
    rejection: str | None = None

    def cut(self) -> None:
        """Shut the connection down: whoever waits on it in another thread comes back."""
        try:
            if self.connection is not None:
                self.connection.shutdown(SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """Give the connection back; pynetdicom does not where the peer hung up first."""
        if self.connection is not None:
            self.connection.close()


@dataclass(frozen=True)
class Line:
    """An open association.

    pynetdicom waits without limit while a peer that accepted the connection reads nothing, or
    sends a message byte by byte; `within` cuts the connection then.

    Attributes:
        association: of pynetdicom.
    """

    association: Association
    wire: _Wire

    @contextmanager
    def within(self, seconds: float) -> Iterator[Association]:
        """The association, for a step that answers within some time or is cut off."""
        self.association.dimse_timeout = seconds
        with _cut_after(self.wire, seconds + GRACE_SECONDS):
            yield self.association


@contextmanager
def open_line(
    destination: DimseDestination,
    contexts: Sequence[PresentationContext],
    tls: ssl.SSLContext | None,
    handlers: Sequence[evt.EventHandlerType] = (),
    silent_seconds: float = 0.0,
) -> Iterator[Line]:
    """An association with an archive for the length of a block; released, or aborted on errors.

    Args:
        destination: settings.
        contexts: at most 128 (PS3.8 7.1.1.13).
        tls: None for a plain connection.
        handlers: of events.
        silent_seconds: for which the association may be silent beyond the usual timeout.

    Raises:
        DestinationAwayError: there is no association to be had.
        DeliveryError: the archive accepts none of the contexts.
    """
    entity = AE(ae_title=destination.calling)
    timeout = destination.timeout_seconds
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = timeout
    entity.network_timeout = timeout + silent_seconds + GRACE_SECONDS
    wire = _Wire()

    def remember_socket(event: evt.Event) -> None:
        transport = event.assoc.dul.socket
        connection = None if transport is None else transport.socket
        if connection is not None:
            # Command and data set go in two pieces; waiting for an acknowledgment of the first
            # would cost 40 ms for each object.
            connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        wire.connection = connection

    def remember_rejection(event: evt.Event) -> None:
        if isinstance(event.pdu, A_ASSOCIATE_RJ):
            wire.rejection = event.pdu.reason_str

    try:
        with _cut_after(wire, timeout + GRACE_SECONDS):
            association = entity.associate(
                destination.host,
                destination.port,
                contexts=list(contexts),
                ae_title=destination.ae_title,
                tls_args=None if tls is None else (tls, destination.host),
                evt_handlers=[
                    (evt.EVT_CONN_OPEN, remember_socket),
                    (evt.EVT_PDU_RECV, remember_rejection),
                    *handlers,
                ],
            )
    except OSError as error:
        raise DestinationAwayError(
            f"the host {destination.host} is not known; check its name", "unreachable"
        ) from error
    if not association.is_established:
        wire.close()
        raise _why_not(destination, association, wire)
    line = Line(association, wire)
    try:
        yield line
        with line.within(timeout):
            association.release()
    finally:
        if association.is_established:
            with line.within(timeout):
                association.abort()
        association.join(timeout)
        wire.close()


@contextmanager
def _cut_after(wire: _Wire, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, wire.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _why_not(destination: DimseDestination, association: Association, wire: _Wire) -> DeliveryError:
    """Why there is no association."""
    peer = f"{destination.ae_title} at {destination.host}:{destination.port}"
    encrypted = destination.tls is not None
    if wire.connection is None:
        cure = "check that it runs" + (" and the certificates" if encrypted else "")
        return DestinationAwayError(f"{peer} cannot be reached; {cure}", "unreachable")
    if wire.rejection is not None:
        return DestinationAwayError(
            f"{peer} rejected the association ({wire.rejection}); check both AE titles", "rejected"
        )
    if association.rejected_contexts and not association.accepted_contexts:
        return DeliveryError(
            f"{peer} takes none of the kinds of object that are sent; enable their SOP classes"
            " there, or name others in objects",
            "unsupported",
        )
    cure = "check that it trusts our certificate" if encrypted else "look at its log"
    return DestinationAwayError(f"{peer} did not answer or hung up; {cure}", "no_association")
