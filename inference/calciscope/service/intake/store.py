"""The store of received instances: first safely on disk, then in the journal, then the sender goes.

    temporary in incoming -> to disk -> renamed -> folder to disk -> journal -> source removed

A stop between any two steps loses nothing, as the source is still there, and doubles nothing, as
the name of a file follows from its content and the journal knows every SOP Instance UID once. A
file that the journal does not know is an orphan: it is an hour old at most before the sender tries
again, and may be removed after that.
"""

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from calciscope.readers.elements import quiet
from calciscope.service import files
from calciscope.service.data_folder import DataFolder
from calciscope.service.intake.header import (
    ATTRIBUTES,
    Header,
    RefusedInstanceError,
    read_header,
)
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import NewInstance, Registered
from calciscope.service.observers import Gate, Meter
from calciscope.writers.dicom.equipment import MANUFACTURER

CHUNK_BYTES = 1 << 20

DEFAULT_LIMIT_BYTES = 4 << 30

OWN_RESULT = "own_result"
"""Let go: the archive that sends it on has it. A file may be the only one, and stays."""
SAFE = frozenset({"new", "duplicate"})
"""Verdicts after which the source is not needed any more."""

IMAGES = ("CT", "NM", "PT")
"""Modalities of what is analyzed; results of ours have others."""


@dataclass(frozen=True)
class Staged:
    """A file in the folder of incoming ones, whole and understood, not on disk for certain.

    Attributes:
        path: where it is.
        size: of the file in bytes; digest: SHA-256 of the data set as it is encoded, without the
            file meta information, which each way of transfer writes anew.
    """

    path: Path
    size: int
    digest: str
    header: Header

    @property
    def name(self) -> str:
        """Its name in the store; the same instance has the same name."""
        uid = hashlib.sha256(self.header.sop_uid.encode()).hexdigest()
        return f"{uid[:2]}/{uid[:40]}-{self.digest[:16]}.dcm"


@dataclass(frozen=True)
class Kept:
    """What became of a staged file.

    Attributes:
        verdict: new, duplicate, own_result, other_content or other_study.
        job_id: that it belongs to; 0 where nothing was written down.
    """

    verdict: str
    job_id: int


class InstanceStore:
    """Keeps instances under names of its own.

    Args:
        data: where.
        journal: where they are written down.
        header_rules: DICOM keywords that rules mention, noted besides the usual ones.
        meter: told of each instance.
        gate: closed when the disk is full; the ways in ask it.
        limit_bytes: of one instance.
    """

    def __init__(
        self,
        data: DataFolder,
        journal: Journal,
        header_rules: frozenset[str],
        meter: Meter,
        gate: Gate,
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
    ) -> None:
        self.gate = gate
        self.incoming = data.incoming
        self._data = data
        self._journal = journal
        self._keywords = ATTRIBUTES | header_rules
        self._meter = meter
        self._limit_bytes = limit_bytes
        self._settling = threading.Lock()
        self._reading = threading.Lock()

    def clear_incoming(self) -> int:
        """At the start: remove what was being received when the service stopped; gives how many.

        No sender was told that any of it is stored.
        """
        found = [path for path in self.incoming.rglob("*") if not path.is_dir()]
        for path in found:
            files.remove(path)
        for folder in sorted(self.incoming.rglob("*"), reverse=True):
            folder.rmdir()
        return len(found)

    def stage(self, chunks: Iterable[bytes | memoryview]) -> Staged:
        """Write a file into the folder of incoming ones and read its header.

        Raises:
            RefusedInstanceError: it is no instance, or too large; nothing is left of it.
            OSError: the disk is full or fails; nothing is left of it.
        """
        descriptor, name = tempfile.mkstemp(dir=self.incoming, suffix=".part")
        path = Path(name)
        try:
            return self._staged(descriptor, path, chunks)
        except Exception:
            files.remove(path)
            raise

    def keep(self, staged: Sequence[Staged], source: str) -> list[Kept]:
        """Keep staged files for good; when this returns, disk and journal have them.

        Results of ours, which an archive may send on to us like everything else of a study, are
        not kept: as instances of the study they would make a revision, and that more results.

        Args:
            staged: in any order; of the same instance twice, the first counts.
            source: by which way they came.

        Raises:
            OSError: the disk is full or fails; nothing is written down, staged files are removed.
        """
        own = [_is_own_result(each.header) for each in staged]
        self.discard([each for each, ours in zip(staged, own, strict=True) if ours])
        others = [each for each, ours in zip(staged, own, strict=True) if not ours]
        answers = iter(self._keep(others, source) if others else ())
        outcomes = [Kept(OWN_RESULT, 0) if ours else next(answers) for ours in own]
        self._tell(outcomes, source)
        return outcomes

    def _keep(self, staged: Sequence[Staged], source: str) -> list[Kept]:
        try:
            files.sync_all(each.path for each in staged)
            with self._settling:
                # One after another, so that a file is never removed as the double of another
                # instance that takes its place at the same moment.
                files.put_in_place([(each.path, self._data.instance(each.name)) for each in staged])
                registered = self._journal.arrivals.register(
                    [_new_instance(each, source) for each in staged]
                )
                kept = {each.file for each in registered}
                for each, answer in zip(staged, registered, strict=True):
                    if answer.duplicate and each.name not in kept:
                        files.remove(self._data.instance(each.name))
        except OSError:
            self.discard(staged)
            raise
        return [_outcome(each) for each in registered]

    def discard(self, staged: Sequence[Staged]) -> None:
        """Remove staged files that are not to be kept."""
        for each in staged:
            files.remove(each.path)

    def refused(self, code: str) -> None:
        """Count a refusal."""
        self._meter.failed("intake", code)

    def _staged(self, descriptor: int, path: Path, chunks: Iterable[bytes | memoryview]) -> Staged:
        size = 0
        with os.fdopen(descriptor, "w+b") as stream:
            for chunk in chunks:
                size += len(chunk)
                if size > self._limit_bytes:
                    raise RefusedInstanceError("too_large")
                stream.write(chunk)
            stream.flush()
            stream.seek(0)
            # One at a time: warnings are silenced for the process as a whole.
            with self._reading, quiet():
                header = read_header(stream, size, self._keywords)
            syntax = header.transfer_syntax_uid.encode()
            stream.seek(header.data_set_at)
            digest = hashlib.file_digest(stream, lambda: hashlib.sha256(syntax))
        return Staged(path, size, digest.hexdigest(), header)

    def _tell(self, outcomes: Sequence[Kept], source: str) -> None:
        new = sum(each.verdict == "new" for each in outcomes)
        self._meter.received(source.split()[0], new, len(outcomes) - new)
        for each in outcomes:
            if each.verdict not in SAFE and each.verdict != OWN_RESULT:
                self.refused(each.verdict)


def _is_own_result(header: Header) -> bool:
    """Whether we made it; images of our phantoms are studies like others."""
    made = header.attributes.get("Manufacturer") == MANUFACTURER
    return made and header.attributes.get("Modality") not in IMAGES


def _new_instance(staged: Staged, source: str) -> NewInstance:
    header = staged.header
    return NewInstance(
        sop_uid=header.sop_uid,
        series_uid=header.series_uid,
        study_uid=header.study_uid,
        file=staged.name,
        size=staged.size,
        digest=staged.digest,
        source=source,
        attributes=header.attributes,
        place=header.place,
        expected_in_study=header.expected_in_study,
        expected_in_series=header.expected_in_series,
        patient_name=header.patient_name,
        patient_id=header.patient_id,
        description=header.description,
    )


def _outcome(answer: Registered) -> Kept:
    if answer.other_study:
        return Kept("other_study", 0)
    if answer.other_content:
        return Kept("other_content", 0)
    return Kept("duplicate" if answer.duplicate else "new", answer.job_id)
