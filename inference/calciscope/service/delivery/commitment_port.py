"""A port on which an archive answers later whether it keeps objects (PS3.4 J.3.3)."""

from pynetdicom import AE, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    Verification,
)

from calciscope.errors import ServiceError
from calciscope.service.listening import SPARE_CONNECTIONS, GuardedServer
from calciscope.service.settings.destinations import Commitment, DimseDestination
from calciscope.service.tls import server_context

MOST_ASSOCIATIONS = 4
MOST_ANSWER_BYTES = 4 << 20
"""An answer has about 150 bytes for each object that was asked for."""


class CommitmentPort:
    """Listens for N-EVENT-REPORT of one archive, and for C-ECHO.

    Args:
        destination: the archive; no other AE title is let in, nor one that calls another than ours.
        wanted: address and port.
        handler: of the events.
    """

    def __init__(
        self, destination: DimseDestination, wanted: Commitment, handler: evt.EventHandlerType
    ) -> None:
        self._address = (wanted.address, wanted.port)
        self._name = destination.name
        self._handler = handler
        tls = destination.tls
        self._tls = None if tls is None else server_context(tls)
        self._server: GuardedServer | None = None
        entity = AE(ae_title=destination.calling)
        entity.require_calling_aet = [destination.ae_title]
        entity.require_called_aet = True
        entity.maximum_associations = MOST_ASSOCIATIONS
        self._idle_seconds = timeout = destination.timeout_seconds
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = timeout
        # The archive stays the service's SCP although it opens the association (PS3.7 D.3.3.4).
        entity.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        entity.add_supported_context(Verification)
        self._entity = entity

    def start(self) -> None:
        """Begin; raises ServiceError where the port is taken."""
        try:
            self._server = GuardedServer(
                self._entity,
                self._address,
                handlers=[self._handler],
                # A host may have several; the archive's answers need not come from the one we call.
                addresses=None,
                connections=MOST_ASSOCIATIONS + SPARE_CONNECTIONS,
                idle_seconds=self._idle_seconds,
                tls=self._tls,
                data_bytes=MOST_ANSWER_BYTES,
            )
        except OSError as error:
            raise ServiceError(
                f"destination {self._name}: cannot listen on {self._address[0]}:{self._address[1]}"
                f" for storage commitment ({error.strerror}); choose another port"
            ) from error
        self._server.begin()

    def close(self) -> None:
        """End; associations that are open are aborted."""
        if self._server is not None:
            self._server.end()
            self._server = None
