"""The kill test: a service that is killed again and again, and a count of what became of it all.

Studies come by folder and by C-STORE, some with slices that come late, some that are refused.
Results go to an archive by C-STORE and to a folder. The service is ended by SIGKILL at random
moments and started again. In the end every study must be delivered exactly once, or be refused
with a reason.
"""

import contextlib
import hashlib
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]
from tests.service.kills.archive import CountingArchive
from tests.service.kills.stand_in import OBJECTS
from tests.service.kills.studies import SmallStudy, small_study
from tests.service.start import RUNNER, environment

from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Job
from calciscope.service.journal.states import FINAL, JobState

NURSERY = Path(__file__).with_name("nursery.py")
MOMENTS = (
    "receiving a file",
    "intake",
    "waiting",
    "ready",
    "running",
    "writing results",
    "done",
    "sending to archive",
    "sending to share",
    "copying to the folder",
)
"""What a kill may wait for."""

OPEN_STUDIES = 6
"""So many studies are under way at a time."""


@dataclass
class KillReport:
    """What became of everything.

    Attributes:
        kills: number of SIGKILLs.
        moments: how often a kill found something in this state.
        studies, revisions, refused, delivered: how many.
        repeated: objects that the archive got more than once, under the same UID.
        faults: whatever is not as it must be; empty when all is well.
    """

    kills: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    studies: int = 0
    revisions: int = 0
    refused: int = 0
    delivered: int = 0
    repeated: int = 0
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report in words."""
        moments = ", ".join(f"{name} {count}" for name, count in sorted(self.moments.items()))
        return [
            f"{self.kills} kills; found at work: {moments}",
            f"{self.studies} studies, {self.revisions} revisions: {self.delivered} delivered"
            f" exactly once, {self.refused} refused with a reason,"
            f" {len(self.faults)} lost, doubled or stuck",
            f"{self.repeated} objects were sent again under the same UID after a kill (harmless)",
            *self.faults[:20],
        ]


class KillTest:
    """A service, its senders and its archive.

    Args:
        folder: for everything.
        seed: of all chance.
        port: for the service to listen on.
        longest_seconds: from a start to a kill, at most.
    """

    def __init__(self, folder: Path, seed: int, port: int, longest_seconds: float = 1.5) -> None:
        self.random = random.Random(seed)
        self.port = port
        self.longest_seconds = longest_seconds
        self.data = DataFolder(folder / "data")
        self.inbox, self.share = folder / "inbox", folder / "share"
        self.inbox.mkdir(parents=True)
        self.share.mkdir()
        self.archive = CountingArchive()
        self.studies: list[SmallStudy] = []
        self.report = KillReport()
        self._waiting: list[tuple[float, SmallStudy, range]] = []
        self._senders: list[threading.Thread] = []
        self._closed = threading.Event()
        self._running: int | None = None
        config = folder / "watch.yaml"
        config.write_text(yaml.safe_dump(self._settings(self.archive.start())))
        self._nursery = subprocess.Popen(
            [sys.executable, NURSERY, config, RUNNER, folder / "service.log"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment(),
        )  # fmt: skip
        if self._line() != "ready":
            raise RuntimeError("the service cannot be imported; see the lines above")

    def _settings(self, archive_port: int) -> dict[str, object]:
        quick = {"first_seconds": 0.05, "longest_seconds": 0.5}
        return {
            "data": str(self.data.root),
            "intake": {
                "folders": [
                    {"path": str(self.inbox), "scan_seconds": 0.1, "stable_seconds": 0.05}
                ],
                "receiver": {
                    "port": self.port, "ae_title": "CALCISCOPE", "peers": [{"ae_title": "SENDER"}],
                },
            },
            "completeness": {
                "quiet_seconds": 0.3, "counted_seconds": 0.05, "limit_seconds": 2.0,
                "at_limit": "process",
            },
            "work": {
                "workers": 1, "attempts": 5, "interruptions": 100_000, "backoff": quick,
                "timeout_seconds": 30,
            },
            "rules": [{"name": "all", "destinations": ["archive", "share"]}],
            "destinations": [
                {
                    "name": "archive", "kind": "dimse", "host": "127.0.0.1", "port": archive_port,
                    "ae_title": "ARCHIVE", "backoff": quick, "attempts": 100_000,
                    "timeout_seconds": 10,
                },
                {
                    "name": "share", "kind": "folder", "path": str(self.share), "backoff": quick,
                    "attempts": 100_000,
                },
            ],
            "disk": {"stop_gib": 0, "resume_gib": 0},
            "status_page": None,
            "logging": {"level": "warning"},
        }  # fmt: skip

    def kill_again_and_again(self, kills: int) -> None:
        """Start the service and end it by SIGKILL, so many times.

        Every other kill comes at a random time, the rest when a certain thing is seen at work.
        """
        for number in range(kills):
            self._feed()
            pid = self.start()
            if number % 2:
                self._wait_for(self.random.choice(MOMENTS))
                time.sleep(self.random.uniform(0.0, 0.03))
            else:
                time.sleep(self.random.uniform(0.01, self.longest_seconds))
            ended = self._end("KILL")
            self.report.kills += 1
            if ended != f"ended {pid} 9":
                self.report.faults.append(f"the service ended before kill {number}: {ended}")
            self.report.moments.update(self._seen() or {"idle"})

    def _wait_for(self, moment: str) -> None:
        """Wait until something is seen at work, or not much longer than usual."""
        end = time.monotonic() + 2 * self.longest_seconds
        while time.monotonic() < end and moment not in self._seen():
            time.sleep(0.005)

    def settle(self, seconds: float) -> KillReport:
        """Let the service run until nothing is left to do, stop it in order, and count."""
        pid = self.start()
        end = time.monotonic() + seconds
        self._deal_out_late(everything=True)
        for sender in self._senders:
            sender.join(seconds)
        while time.monotonic() < end and not self._quiet():
            time.sleep(0.2)
        ended = self._end("TERM")
        if ended != f"ended {pid} 0":
            self.report.faults.append(f"the last service did not stop in order: {ended}")
        self._count()
        return self.report

    def close(self) -> None:
        """End the helpers, and the service that a fault of the test may have left."""
        self._closed.set()
        if self._running is not None:
            self._end("KILL")
        if self._nursery.stdin is not None:
            self._nursery.stdin.close()
        self._nursery.wait(30)
        if self._nursery.stdout is not None:
            self._nursery.stdout.close()
        self.archive.stop()

    def start(self) -> int:
        """Start a service; its process id."""
        if self._nursery.stdin is None:
            raise RuntimeError("the nursery has no input")
        self._nursery.stdin.write("start\n")
        self._nursery.stdin.flush()
        self._running = int(self._line())
        return self._running

    def _end(self, signal: str) -> str:
        """Send a signal to the service and wait for its end; what the nursery says of it."""
        subprocess.run(["kill", f"-{signal}", str(self._running)], check=True)
        ended = self._line()
        self._running = None
        return ended

    def _line(self) -> str:
        if self._nursery.stdout is None:
            raise RuntimeError("the nursery has no output")
        return self._nursery.stdout.readline().strip()

    def _feed(self) -> None:
        """Keep some studies under way: half by folder, half by C-STORE, some in two parts."""
        self._deal_out_late(everything=False)
        with (
            sqlite3.connect(self.data.journal, timeout=10)
            if self.data.journal.exists()
            else (sqlite3.connect(":memory:")) as look
        ):
            done = 0
            if look.execute("SELECT count(*) FROM sqlite_master WHERE name = 'jobs'").fetchone()[0]:
                marks = ", ".join(f"'{state}'" for state in FINAL)
                done = look.execute(
                    f"SELECT count(DISTINCT study_id) FROM jobs WHERE state IN ({marks})"
                ).fetchone()[0]
        look.close()
        for _ in range(max(0, done + OPEN_STUDIES - len(self.studies))):
            study = small_study(
                self.random.randint(3, 8), self.random.random() < 0.1, self.random.random() < 0.5
            )
            self.studies.append(study)
            count = len(study.slices)
            first = range(count)
            if self.random.random() < 0.3:
                first = range(self.random.randint(1, count - 1))
                late = time.monotonic() + self.random.uniform(0.0, 4.0)
                self._waiting.append((late, study, range(first.stop, count)))
            self._send(study, first)

    def _deal_out_late(self, everything: bool) -> None:
        now = time.monotonic()
        for each in list(self._waiting):
            if everything or each[0] <= now:
                self._waiting.remove(each)
                self._send(each[1], each[2])

    def _send(self, study: SmallStudy, numbers: range) -> None:
        if self.random.random() < 0.5:
            # A folder of its own: names of files are the same in all studies.
            study.write(self.inbox / f"{study.uid}-{numbers.start}", numbers)
            return
        sender = threading.Thread(target=self._store, args=(study, numbers), daemon=True)
        sender.start()
        self._senders.append(sender)

    def _store(self, study: SmallStudy, numbers: range) -> None:
        """Send as a scanner does: again and again, until each instance was answered with 0000."""
        left = list(numbers)
        while left and not self._closed.is_set():
            ae = AE("SENDER")
            ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 3
            ae.add_requested_context(CTImageStorage)
            association = ae.associate("127.0.0.1", self.port, ae_title="CALCISCOPE")
            try:
                while left and association.is_established:
                    answer = association.send_c_store(study.slices[left[0]])
                    if "Status" not in answer or answer.Status != 0x0000:
                        break
                    left.pop(0)
            except (RuntimeError, ValueError):
                # The service was killed between the two lines above.
                pass
            if association.is_established:
                association.release()
            time.sleep(0.05)

    def _seen(self) -> set[str]:
        """What is at work now."""
        found: set[str] = set()
        for what, folder, pattern in (
            ("receiving a file", self.data.incoming, "*"),
            ("writing results", self.data.work, "*/*"),
            ("copying to the folder", self.share, ".*"),
        ):
            # A folder that goes away while it is looked at is not at work any more.
            with contextlib.suppress(FileNotFoundError):
                if any(folder.glob(pattern)):
                    found.add(what)
        if self.data.journal.exists():
            look = sqlite3.connect(self.data.journal, timeout=10)
            try:
                final = {str(state) for state in FINAL}
                found |= {row[0] for row in look.execute("SELECT DISTINCT state FROM jobs")} - final
                rows = look.execute(
                    "SELECT DISTINCT destination FROM deliveries WHERE state = 'sending'"
                )
                found |= {f"sending to {row[0]}" for row in rows}
            except sqlite3.OperationalError:
                found.add("starting")
            finally:
                look.close()
        return found

    def _quiet(self) -> bool:
        journal = Journal(self.data.journal, read_only=True)
        try:
            latest = [journal.jobs.of_study(study.uid) for study in self.studies]
        finally:
            journal.close()
        return all(
            jobs and all(job.state in FINAL for job in jobs)
            and jobs[-1].instances == len(study.slices)
            for jobs, study in zip(latest, self.studies, strict=True)
        )  # fmt: skip

    def _count(self) -> None:
        report = self.report
        journal = Journal(self.data.journal, read_only=True)
        try:
            for study in self.studies:
                report.studies += 1
                self._count_study(journal, study)
            known = journal.removal.known_files()
        finally:
            journal.close()
        if left := list(self.inbox.rglob("*.dcm")):
            report.faults.append(f"{len(left)} files are left in the inbox")
        if any(self.data.root.glob("former-*")):
            report.faults.append("a restart took the journal for another one")
        kept = {
            str(path.relative_to(self.data.instances))
            for path in self.data.instances.rglob("*.dcm")
        }
        report.faults += [
            f"the file of an instance is gone: {name}" for name in sorted(known - kept)
        ]
        report.repeated = sum(count - 1 for count in self.archive.stored.values())

    def _count_study(self, journal: Journal, study: SmallStudy) -> None:
        report, jobs = self.report, journal.jobs.of_study(study.uid)
        report.revisions += len(jobs)
        if not jobs or jobs[-1].instances != len(study.slices):
            there = jobs[-1].instances if jobs else 0
            report.faults.append(f"{len(study.slices) - there} instances of a study are lost")
        delivered = [job for job in jobs if job.state is JobState.DELIVERED]
        report.delivered += len(delivered)
        for job in jobs:
            if job.state is JobState.REFUSED and job.reason:
                report.refused += 1
            elif job.state is not JobState.DELIVERED:
                report.faults.append(f"job {job.id} is stuck: {job.state} ({job.reason})")
            if (job.state is JobState.REFUSED) != study.poison:
                report.faults.append(f"job {job.id} is {job.state}: {job.reason}")
        self._compare(study, delivered, journal)

    def _compare(self, study: SmallStudy, delivered: list[Job], journal: Journal) -> None:
        """Archive and folder hold the results of each delivered revision, once, and no others."""
        objects = self.archive.objects_of(study.uid)
        if len(objects) != len(OBJECTS) * len(delivered):
            self.report.faults.append(
                f"the archive holds {len(objects)} objects of {len(delivered)} revisions of a study"
            )
        for job in delivered:
            times = [t for t in journal.jobs.transitions(job.id) if t.after == JobState.DELIVERED]
            if len(times) != 1:
                self.report.faults.append(f"job {job.id} was delivered {len(times)} times")
        if not delivered:
            return
        name = f"study-{hashlib.sha256(study.uid.encode()).hexdigest()[:12]}-r*"
        folders = sorted(self.share.glob(name))
        if len(folders) != len(delivered):
            self.report.faults.append(
                f"the folder holds {len(folders)} results of {len(delivered)} revisions of a study"
            )
        for folder in folders:
            if len(list(folder.glob("dicom/*.dcm"))) != len(OBJECTS):
                self.report.faults.append(f"{folder.name} is not whole")
