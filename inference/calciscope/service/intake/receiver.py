"""The built-in C-STORE SCP: success is answered when disk and journal have the instance.

Statuses (PS3.4 B.2.3, PS3.7 C): 0000 stored; A700 out of resources, try again; A900 the data set
is not what the request said; C000 it cannot be understood.
"""

import logging
from typing import cast
from weakref import WeakSet

from pydicom.uid import UID
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import create_file_meta, encode_file_meta
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from calciscope.errors import ServiceError
from calciscope.service.intake.header import RefusedInstanceError, is_uid
from calciscope.service.intake.recorder import Recorder
from calciscope.service.intake.store import InstanceStore
from calciscope.service.listening import SPARE_CONNECTIONS, GuardedServer, plain_address
from calciscope.service.observers import Gate, Meter
from calciscope.service.settings.ways_in import Receiver
from calciscope.service.tls import server_context

LOGGER = logging.getLogger(__name__)

STORED, NO_RESOURCES, NOT_AS_SAID, NOT_UNDERSTOOD = 0x0000, 0xA700, 0xA900, 0xC000

DRAIN_SECONDS = 10.0

MAXIMUM_PDU_BYTES = 1 << 17

ACSE_SECONDS = 30.0


class StoreReceiver:
    """Listens for associations and stores what they send.

    Args:
        settings: of the receiver.
        store: that keeps instances.
        gate: while it is closed, senders are answered A700.
        meter: told of refusals.
    """

    def __init__(self, settings: Receiver, store: InstanceStore, gate: Gate, meter: Meter) -> None:
        self._settings = settings
        self._store = store
        self._gate = gate
        self._meter = meter
        self._recorder = Recorder(store)
        self._too_large: WeakSet[Association] = WeakSet()
        self._server: GuardedServer | None = None
        self._draining = False

    def start(self) -> int:
        """Begin to listen; gives the port.

        Raises:
            SettingsError: the files for TLS cannot be used.
            ServiceError: address or port cannot be had.
        """
        settings = self._settings
        tls = None if settings.tls is None else server_context(settings.tls)
        entity = AE(ae_title=settings.ae_title)
        entity.maximum_associations = settings.associations
        entity.maximum_pdu_size = MAXIMUM_PDU_BYTES
        entity.network_timeout = settings.idle_seconds
        entity.dimse_timeout = settings.idle_seconds
        entity.acse_timeout = min(ACSE_SECONDS, settings.idle_seconds)
        entity.require_called_aet = True
        for context in AllStoragePresentationContexts:
            entity.add_supported_context(str(context.abstract_syntax), ALL_TRANSFER_SYNTAXES)
        entity.add_supported_context(Verification)
        addresses = [peer.address for peer in settings.peers]
        try:
            server = GuardedServer(
                entity,
                (settings.address, settings.port),
                handlers=[
                    (evt.EVT_REQUESTED, self._check_peer),
                    (evt.EVT_DATA_RECV, self._check_size),
                    (evt.EVT_C_STORE, self._store_instance),
                ],
                addresses=None if None in addresses else frozenset(map(str, addresses)),
                connections=settings.associations + SPARE_CONNECTIONS,
                idle_seconds=settings.idle_seconds,
                tls=tls,
            )
        except OSError as error:
            raise ServiceError(
                f"cannot listen on {settings.address} port {settings.port} ({error.strerror});"
                " choose another port in intake.receiver, or end what listens there"
            ) from error
        self._recorder.start()
        server.begin()
        self._server = server
        return int(server.server_address[1])

    @property
    def healthy(self) -> bool:
        """Whether it listens."""
        return self._server is not None and self._server.healthy

    def stop(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """Listen no more, let the instances that are on their way arrive, then end.

        Associations that go on sending are answered A700 meanwhile, and aborted at the end.
        """
        if self._server is None:
            return
        self._draining = True
        self._server.end(drain_seconds)
        self._recorder.stop()
        self._server = None

    def _check_peer(self, event: evt.Event) -> None:
        """Reject an association from a peer that is not named (PS3.8 9.3.4)."""
        requestor = event.assoc.requestor
        title = str(getattr(requestor.primitive, "calling_ae_title", "")).strip()
        address = plain_address(str(getattr(requestor.address_info, "address", "")))
        if any(
            peer.ae_title.strip() == title and peer.address in (None, address)
            for peer in self._settings.peers
        ):
            return
        self._meter.failed("receiver", "peer")
        # Rejected for good by the service user, as the calling AE title is not recognized.
        event.assoc.acse.send_reject(0x01, 0x01, 0x03)
        event.assoc.kill()

    def _check_size(self, event: evt.Event) -> None:
        """Throw away what comes of an instance that is too large, but for its end."""
        message = event.assoc.dimse.message
        data = None if message is None else message.data_set
        if data is not None and data.tell() > self._limit_bytes:
            self._too_large.add(event.assoc)
            data.seek(0)
            data.truncate()

    def _store_instance(self, event: evt.Event) -> int:
        """Answer a C-STORE request with its status."""
        if event.assoc in self._too_large:
            self._too_large.discard(event.assoc)
            return self._refuse("too_large", NO_RESOURCES)
        if self._gate.closed or self._draining:
            return self._refuse("gate", NO_RESOURCES)
        try:
            return self._stored(event)
        except RefusedInstanceError as error:
            lacking = error.code == "too_large"
            return self._refuse(error.code, NO_RESOURCES if lacking else NOT_UNDERSTOOD)
        except Exception as error:
            # Whatever it is, the sender keeps the instance and tries again. What the error says
            # may quote a header, and is not logged.
            LOGGER.error("receiver: an instance was not stored, %s", type(error).__name__)
            return self._refuse("error", NO_RESOURCES)

    def _stored(self, event: evt.Event) -> int:
        request = cast(C_STORE, event.request)
        data = request.DataSet
        instance, sop_class = str(request.AffectedSOPInstanceUID), str(request.AffectedSOPClassUID)
        if data is None or not is_uid(instance) or not is_uid(sop_class):
            raise RefusedInstanceError("bad_header")
        with data.getbuffer() as content:
            if len(content) > self._limit_bytes:
                raise RefusedInstanceError("too_large")
            staged = self._store.stage(
                [_file_head(sop_class, instance, event.context.transfer_syntax), content]
            )
        if (staged.header.sop_uid, staged.header.sop_class_uid) != (instance, sop_class):
            self._store.discard([staged])
            return self._refuse("mismatch", NOT_AS_SAID)
        kept = self._recorder.keep(staged, "receiver")
        # By the standard the same UID is the same instance; the bytes that came first are kept.
        return NOT_UNDERSTOOD if kept.verdict == "other_study" else STORED

    def _refuse(self, code: str, status: int) -> int:
        self._meter.failed("receiver", code)
        return status

    @property
    def _limit_bytes(self) -> int:
        return self._settings.instance_mib << 20


def _file_head(sop_class: str, instance: str, syntax: str) -> bytes:
    """Preamble and file meta information of a received data set (PS3.10 7.1)."""
    meta = create_file_meta(
        sop_class_uid=UID(sop_class), sop_instance_uid=UID(instance), transfer_syntax=UID(syntax)
    )
    return bytes(128) + b"DICM" + encode_file_meta(meta)
