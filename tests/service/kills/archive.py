"""An archive that counts what it is given; a little slow, so that a kill finds it at work."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from pynetdicom import AE, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    SegmentationStorage,
)


@dataclass
class CountingArchive:
    """C-STORE SCP.

    Attributes:
        stored: how often each SOP Instance UID was stored.
        study_of: Study Instance UID of each.
        kind_of: Modality of each.
        slowness_seconds: longest pause before an answer.
    """

    slowness_seconds: float = 0.03
    stored: Counter[str] = field(default_factory=Counter)
    study_of: dict[str, str] = field(default_factory=dict)
    kind_of: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> int:
        """Listen on a free port of the loopback; gives it."""
        ae = AE("ARCHIVE")
        for sop_class in (SegmentationStorage, ComprehensiveSRStorage, EncapsulatedPDFStorage):
            ae.add_supported_context(sop_class)
        self._server = ae.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)]
        )
        return int(self._server.socket.getsockname()[1])  # type: ignore[union-attr]

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()

    def objects_of(self, study_uid: str) -> list[str]:
        """Distinct SOP Instance UIDs of a study."""
        with self._lock:
            return [uid for uid, study in self.study_of.items() if study == study_uid]

    def _store(self, event: evt.Event) -> int:
        time.sleep(random.uniform(0.0, self.slowness_seconds))
        stored = event.dataset
        with self._lock:
            uid = str(stored.SOPInstanceUID)
            self.stored[uid] += 1
            self.study_of[uid] = str(stored.StudyInstanceUID)
            self.kind_of[uid] = str(stored.Modality)
        return 0x0000
