"""Sending results by C-STORE (PS3.4 B): what the archive confirms is sent, nothing else."""

from collections.abc import Mapping, Sequence

from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.presentation import PresentationContext, build_context

from calciscope.service.delivery.commitment import CommitmentDesk, commitment_context
from calciscope.service.delivery.line import Line, open_line
from calciscope.service.delivery.parcel import Parcel, ResultObject
from calciscope.service.delivery.sender import (
    COMMITTED,
    DestinationAwayError,
    NoteSent,
    is_taken,
)
from calciscope.service.delivery.statuses import NO_CONTEXT, Tally
from calciscope.service.settings.destinations import DimseDestination
from calciscope.service.tls import client_context

SLOWEST_BYTES_PER_SECOND = 262_144
"""A large object has as much longer than the timeout as this speed takes."""


class DimseSender:
    """Sends results to an archive by C-STORE, and asks it to keep them where settings say so.

    Args:
        destination: settings.

    Raises:
        SettingsError: TLS files are missing, damaged or open to others.
    """

    def __init__(self, destination: DimseDestination) -> None:
        self._destination = destination
        tls = destination.tls
        self._tls = None if tls is None else client_context(tls, destination.check_host)
        wanted = destination.commitment
        self._desk = None if wanted is None else CommitmentDesk(destination, wanted)

    def start(self) -> None:
        """Listen for late answers to storage commitment, where a port is set."""
        if self._desk is not None:
            self._desk.start()

    def close(self) -> None:
        """Stop listening."""
        if self._desk is not None:
            self._desk.close()

    def send(self, parcel: Parcel, already_sent: Mapping[str, str], note_sent: NoteSent) -> None:
        """Send what the archive has not confirmed; an object that it refuses keeps none back."""
        objects = parcel.wanted(self._destination.objects)
        known = dict(already_sent)
        if self._desk is not None:
            sop_uids = [each.sop_uid for each in objects]
            sent = [uid for uid in sop_uids if is_taken(known.get(uid))]
            for sop_uid, verdict in self._desk.take(sent).items():
                note_sent(sop_uid, verdict)
                known[sop_uid] = verdict
            self._desk.forget([uid for uid in sop_uids if not is_taken(known.get(uid))])
            objects = tuple(each for each in objects if known.get(each.sop_uid) != COMMITTED)
        left = [each for each in objects if not is_taken(known.get(each.sop_uid))]
        if not (objects if self._desk else left):
            return
        # Also where there is only a question left: an archive may refuse its context alone.
        contexts = storage_contexts(left or objects)
        handlers = []
        silent_seconds = 0.0
        if self._desk is not None:
            contexts.append(commitment_context())
            handlers.append(self._desk.handler)
            silent_seconds = self._desk.wait_seconds
        with open_line(self._destination, contexts, self._tls, handlers, silent_seconds) as line:
            tally = Tally(self._destination.warnings, len(left), note_sent)
            for number, each in enumerate(left):
                tally.take(each.sop_uid, self._store(line, each, number, len(left)))
            tally.finish()
            if self._desk is not None:
                self._desk.ask(line, objects, note_sent)

    def _store(self, line: Line, each: ResultObject, number: int, total: int) -> int:
        """C-STORE of one object; gives the status."""
        seconds = self._destination.timeout_seconds + each.size / SLOWEST_BYTES_PER_SECOND
        broken = DestinationAwayError(
            f"the archive broke off or did not answer within {seconds:.0f} s, after {number} of"
            f" {total} objects",
            "no_answer",
        )
        try:
            with line.within(seconds) as association:
                answer: Dataset = association.send_c_store(each.path)
        except ValueError:
            # pynetdicom found no accepted presentation context for it.
            return NO_CONTEXT
        except RuntimeError as error:
            raise broken from error
        if "Status" not in answer:
            raise broken
        return int(answer.Status)


def storage_contexts(objects: Sequence[ResultObject]) -> list[PresentationContext]:
    """A presentation context for each kind of object, as its files are and as all archives read.

    Implicit VR Little Endian is understood by everyone (PS3.5 10.1); compressed files go as they
    are or not at all.
    """
    contexts = []
    for sop_class, syntax in sorted({(x.sop_class_uid, x.transfer_syntax_uid) for x in objects}):
        plain = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
        syntaxes = [syntax] if UID(syntax).is_compressed else list(dict.fromkeys([syntax, *plain]))
        contexts.append(build_context(sop_class, syntaxes))
    return contexts
