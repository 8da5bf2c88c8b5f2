"""A watched folder: what comes to rest in it is taken into the store, then removed or remembered.

What is no DICOM instance is counted, remembered and left where it is; nothing is deleted that is
not safe in the store.
"""

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from calciscope.errors import InputError
from calciscope.readers.archive import ArchiveLimits, unpacked
from calciscope.service.clock import Clock
from calciscope.service.files import FULL
from calciscope.service.intake import manifest
from calciscope.service.intake.header import RefusedInstanceError
from calciscope.service.intake.scan import Candidate, RestingFiles, Stamp, stamp_of
from calciscope.service.intake.store import CHUNK_BYTES, SAFE, InstanceStore, Staged
from calciscope.service.journal.journal import Journal
from calciscope.service.observers import Gate, Meter
from calciscope.service.settings.ways_in import WatchedFolder

LOGGER = logging.getLogger(__name__)

BATCH = 256
"""Files of one transaction and one bringing to disk."""

BATCH_BYTES = 256 << 20
"""Fewer files go together where they are large."""

REMEMBER_AGAIN_SECONDS = 86_400.0

_LIMITS = ArchiveLimits()


class FolderIntake:
    """Takes files from a watched folder.

    Args:
        settings: of the folder.
        number: of the folder in the settings; how it is called in journal and logs.
        store: that keeps instances.
        journal: that remembers files which stay.
        clock: of the service.
        gate: nothing is taken while it is closed.
        meter: told of what is refused.
    """

    def __init__(
        self,
        settings: WatchedFolder,
        number: int,
        store: InstanceStore,
        journal: Journal,
        clock: Clock,
        gate: Gate,
        meter: Meter,
    ) -> None:
        self._settings = settings
        self._source = f"folder {number}"
        self._store = store
        self._journal = journal
        self._clock = clock
        self._gate = gate
        self._meter = meter
        self._resting = RestingFiles(settings.path, settings.stable_seconds, self._knows, clock)
        self._due: deque[Candidate] = deque()
        self._left: list[str] = []
        self._remember_again = clock.monotonic()

    def tick(self) -> bool:
        """Take the next files that have come to rest; gives whether there are more.

        Raises:
            OSError: the folder cannot be read or the disk is full; nothing is lost by it.
        """
        if self._gate.closed:
            return False
        if not self._due:
            self._scan()
        batch: list[Candidate] = []
        size = 0
        while self._due and len(batch) < BATCH and size < BATCH_BYTES:
            if batch and _is_manifest(self._due[0]) != _is_manifest(batch[0]):
                # The instances that a manifest speaks of are written down before it.
                break
            batch.append(self._due.popleft())
            size += batch[-1].stamp[0]
        self._take(batch)
        return bool(self._due)

    def _scan(self) -> None:
        self._left.clear()
        again = self._clock.monotonic() >= self._remember_again
        found = self._resting.look()
        found.sort(key=_is_manifest)
        self._due.extend(found)
        if again:
            self._journal.arrivals.still_there(self._left)
            self._remember_again = self._clock.monotonic() + REMEMBER_AGAIN_SECONDS
        self._left.clear()

    def _knows(self, path: str, stamp: Stamp) -> bool:
        known = self._journal.arrivals.knows_file(_key(path), *stamp)
        if known and self._clock.monotonic() >= self._remember_again:
            self._left.append(_key(path))
        return known

    def _take(self, batch: Sequence[Candidate]) -> None:
        staged: list[tuple[Candidate, Staged]] = []
        leave: list[tuple[Candidate, str]] = []
        for candidate in batch:
            try:
                found = self._stage(candidate)
            except RefusedInstanceError as error:
                leave.append((candidate, error.code))
            except UnreadableSourceError:
                # It comes to rest anew: a share may be away, or somebody may mend its rights.
                self._resting.forget(candidate)
                self._meter.failed("intake", "unreadable")
            except OSError:
                self._store.discard([each for _, each in staged])
                raise
            else:
                if found is not None:
                    staged.append((candidate, found))
        self._leave(leave)
        kept = self._store.keep([each for _, each in staged], self._source) if staged else []
        stay = []
        for (candidate, _), outcome in zip(staged, kept, strict=True):
            if outcome.verdict in SAFE and self._remove(candidate):
                self._resting.forget(candidate)
            else:
                stay.append((candidate, outcome.verdict))
        self._remember(stay)

    def _stage(self, candidate: Candidate) -> Staged | None:
        """Copy a file into the store's folder of incoming ones; None where it is dealt with."""
        with _opened(candidate) as stream:
            if _is_manifest(candidate):
                self._note_manifest(candidate, next(_chunks(stream), b""))
                return None
            if not _is_archive(candidate.path, stream):
                return self._store.stage(_chunks(stream))
            self._take_archive(candidate, stream)
        if not self._remove(candidate):
            self._remember([(candidate, "taken")])
        self._resting.forget(candidate)
        return None

    def _take_archive(self, candidate: Candidate, stream: BinaryIO) -> None:
        """Take the instances of a .zip; raises RefusedInstanceError unless that is all it holds."""
        verdicts = set()
        try:
            with unpacked(candidate.path, _LIMITS, self._store.incoming, stream) as found:
                files = [file.path for file in found.dicom]
                for start in range(0, len(files), BATCH):
                    verdicts |= self._take_members(files[start : start + BATCH])
        except InputError as error:
            cause = error.__cause__
            if isinstance(cause, OSError):
                # A full disk is no fault of the archive; one that cannot be read holds up no other.
                raise cause if cause.errno in FULL else UnreadableSourceError from error
            raise RefusedInstanceError("bad_archive") from error
        if not verdicts:
            raise RefusedInstanceError("not_dicom")
        if found.misnamed or found.nifti or found.others or not verdicts <= SAFE:
            raise RefusedInstanceError("archive_in_part")

    def _take_members(self, paths: Sequence[Path]) -> set[str]:
        verdicts, staged = set(), []
        for path in paths:
            try:
                with path.open("rb") as stream:
                    staged.append(self._store.stage(_chunks(stream)))
            except RefusedInstanceError as error:
                # The list of contents that many exports carry is no loss.
                if error.code != "dicomdir":
                    verdicts.add(error.code)
                    self._store.refused(error.code)
            except Exception:
                self._store.discard(staged)
                raise
        return verdicts | {each.verdict for each in self._store.keep(staged, self._source)}

    def _note_manifest(self, candidate: Candidate, content: bytes) -> None:
        promised = manifest.read_manifest(content)
        if not self._journal.arrivals.expect(promised.study_uid, promised.instances):
            # Nothing of the study has come yet: the manifest is looked at again by each scan.
            return
        if not self._remove(candidate):
            self._remember([(candidate, "manifest")])
        self._resting.forget(candidate)

    def _remove(self, candidate: Candidate) -> bool:
        """Remove a source that is safe in the store, unless it is to stay or cannot be removed."""
        if self._settings.take == "copy":
            return False
        try:
            if stamp_of(candidate.path.lstat()) != candidate.stamp:
                # Another file has taken its place; the next scan sees to it.
                return True
            candidate.path.unlink()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def _leave(self, files: Sequence[tuple[Candidate, str]]) -> None:
        """Leave files where they are for good, and say so once."""
        for _, code in files:
            self._store.refused(code)
            LOGGER.warning("%s: a file was left where it is, %s", self._source, code)
        self._remember(files)

    def _remember(self, files: Sequence[tuple[Candidate, str]]) -> None:
        records = [(_key(str(each.path)), *each.stamp, verdict) for each, verdict in files]
        if records:
            self._journal.arrivals.remember_files(records)
        for each, _ in files:
            self._resting.forget(each)


class UnreadableSourceError(Exception):
    """A source cannot be read, or is no longer what came to rest."""


@contextmanager
def _opened(candidate: Candidate) -> Iterator[BinaryIO]:
    """A source, opened without following a link or waiting for a pipe.

    Raises:
        UnreadableSourceError: see there.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(candidate.path, flags)
    except OSError as error:
        raise UnreadableSourceError from error
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not S_ISREG(status.st_mode) or stamp_of(status) != candidate.stamp:
            raise UnreadableSourceError
        yield stream


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    try:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
    except OSError as error:
        raise UnreadableSourceError from error


def _is_manifest(candidate: Candidate) -> bool:
    return candidate.path.name == manifest.NAME


def _key(path: str) -> str:
    """A path as the journal writes it; names need not be text to the system."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _is_archive(path: Path, stream: BinaryIO) -> bool:
    """Whether a file is a .zip by name and content."""
    if path.suffix.lower() != ".zip":
        return False
    head = next(_chunks(stream), b"")[:4]
    stream.seek(0)
    return head == b"PK\x03\x04"
