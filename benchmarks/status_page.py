"""How quickly the status page answers while the service is busy.

    python benchmarks/status_page.py --jobs 10000 --instances 200

Fills a journal with jobs, serves the page, and asks for it again and again while another thread
registers instances as fast as a busy receiver. Prints milliseconds at the median and at the 95th
percentile; asked for is a 95th percentile below 300 ms with 10,000 jobs.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import NewInstance
from calciscope.service.journal.states import JobState
from calciscope.service.settings.house import StatusPage
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.web.app import create_app
from calciscope.service.web.server import PageServer

PAGES = {
    "list": "/",
    "list, renewed": "/live",
    "list, page 100": "/?page=100",
    "list, failed": "/?show=failed",
    "list, needs attention": "/?show=attention",
    "list, searched": "/?text=rossi",
    "chart, 14 days": "/throughput?span=weeks",
    "study": "/jobs/{job}",
    "metrics": "/metrics",
}
BATCH = 50


class NoOperator:
    """Nobody asks for anything here."""

    def retry(self, job_id: int, who: str) -> None: ...
    def forget(self, job_id: int, who: str) -> None: ...
    def retry_delivery(self, job_id: int, destination: str, who: str) -> None: ...


class Well:
    """The service is ready."""

    ready = True
    reasons: tuple[str, ...] = ()


def instances(study: str, count: int, first: int = 0) -> list[NewInstance]:
    """Instances of one study."""
    return [
        NewInstance(
            f"{study}.1.{n}", f"{study}.1", study, f"{study}.{n}.dcm", 524_288, f"{study}.{n}",
            "receiver CT", {"Modality": "CT"}, None, count, None, "Rossi^Giulia", "4711",
            "CT lower legs",
        )
        for n in range(first, first + count)
    ]  # fmt: skip


def fill(journal: Journal, jobs: int, count: int) -> None:
    """Jobs in all states, most of them delivered to two destinations."""
    with journal.database.writing():
        for number in range(jobs):
            job = journal.arrivals.register(instances(f"1.2.{number}", count))[0].job_id
            journal.jobs.take(job, "legs", 0)
            if number % 50 == 0:
                journal.jobs.move(
                    job, (JobState.WAITING,), JobState.REFUSED, reason="images are missing"
                )
                continue
            journal.jobs.make_ready(job, count)
            journal.jobs.move(job, (JobState.READY,), JobState.RUNNING)
            if number % 100 == 1:
                journal.jobs.fail_attempt(job, reason="crashed", code="crash", again_at=None)
                continue
            journal.jobs.finish(job, f"key {number}", ("PACS", "ARCHIVE"))
            for name in ("PACS", "ARCHIVE") if number < jobs - 20 else ():
                delivery = journal.deliveries.claim(name)
                if delivery is not None:
                    journal.deliveries.succeed(delivery.id)


@contextmanager
def writing(journal: Journal, a_second: float) -> Iterator[list[int]]:
    """Another thread registers instances in batches, each a transaction on disk."""
    stop, written = threading.Event(), [0]

    def write() -> None:
        batch = 0
        while not stop.wait(BATCH / a_second):
            journal.arrivals.register(instances(f"9.{batch // 6}", BATCH, batch % 6 * BATCH))
            written[0] += BATCH
            batch += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join()


def measure(client: httpx.Client, path: str, times: int) -> list[float]:
    """Milliseconds of each answer, in order of length."""
    found = []
    for number in range(times):
        start = time.perf_counter()
        client.get(path.format(job=number * 37 % 5000 + 1)).raise_for_status()
        found.append(1000 * (time.perf_counter() - start))
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--instances", type=int, default=200, help="of each study")
    parser.add_argument("--times", type=int, default=100, help="that each page is asked for")
    parser.add_argument("--rate", type=float, default=167.0, help="instances registered a second")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        data = DataFolder(root)
        data.make()
        journal = Journal(data.journal)
        start = time.perf_counter()
        fill(journal, wanted.jobs, wanted.instances)
        size = data.journal.stat().st_size / 2**20
        print(
            f"{wanted.jobs} jobs of {wanted.instances} instances: journal of {size:.0f} MiB,"
            f" filled in {time.perf_counter() - start:.0f} s"
        )
        page = StatusPage(port=0, show_patient=True)
        settings = ServiceSettings.model_validate(
            {
                "data": root,
                "intake": {"folders": [{"path": "/nowhere"}]},
                "rules": [{"name": "legs"}],
            }
        )
        settings = settings.model_copy(update={"status_page": page})
        app = create_app(journal, settings, data, NoOperator(), _metrics(journal), Well)
        server = PageServer(page, app)
        url = f"http://127.0.0.1:{server.start()}"
        with httpx.Client(base_url=url, timeout=60) as client, writing(journal, wanted.rate) as n:
            begun = time.perf_counter()
            for title, path in PAGES.items():
                found = measure(client, path, wanted.times)
                p95 = found[int(0.95 * (len(found) - 1))]
                print(f"{title:24s} p50 {statistics.median(found):6.1f} ms  p95 {p95:6.1f} ms")
            rate = n[0] / (time.perf_counter() - begun)
        print(f"meanwhile {rate:.0f} instances a second were registered")
        server.stop()
        journal.close()


def _metrics(journal: Journal):  # type: ignore[no-untyped-def]
    """What a scrape costs at least: the counts by state and by destination."""

    def text() -> bytes:
        lines = [f'jobs{{state="{s}"}} {n}' for s, n in journal.jobs.counts().items()]
        lines += [f'open{{to="{d}"}} {n}' for d, n in journal.deliveries.open_count().items()]
        return "\n".join(lines).encode()

    return text


if __name__ == "__main__":
    main()
