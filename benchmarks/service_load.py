"""Load on the service: 500 studies dropped at once, then 10,000 small files a minute.

Measures how well the intake keeps up, the memory of the service (plotted), and how quickly the
status page answers meanwhile. The analysis is a stand-in: what is measured is the service.

    python benchmarks/service_load.py [--minutes 5] [--plot docs/service_load.png]
"""

import argparse
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.ports import free_port  # noqa: E402
from tests.service.kills.studies import small_study  # noqa: E402
from tests.service.start import start_service  # noqa: E402

STUDIES_AT_ONCE = 500
FILES_A_MINUTE = 10_000
SLICES = 20


@dataclass
class Measured:
    """What was seen while it ran, one row each second."""

    seconds: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    answers_ms: list[float] = field(default_factory=list)


def main() -> None:
    """Run both loads and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="calciscope-load-"))
    try:
        _measure(folder, given.minutes, given.plot)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path, minutes: float, plot: Path | None) -> None:
    inbox, share, data = folder / "inbox", folder / "share", folder / "data"
    inbox.mkdir()
    share.mkdir()
    port = free_port()
    config = folder / "watch.yaml"
    config.write_text(yaml.safe_dump(_settings(data, inbox, share, port)))
    with (folder / "service.log").open("wb") as log:
        service = start_service(config, stdout=log, stderr=log)
    measured = Measured()
    written = _Counter()
    stop = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(service.pid, port, data, written, measured, stop)
    )
    try:
        _wait_for_page(port)
        watcher.start()
        begin = time.perf_counter()
        _drop_at_once(inbox, written)
        _wait_until(data, written.value, 900)
        at_once = time.perf_counter() - begin
        first_part = len(measured.seconds)
        _stream(inbox, written, minutes)
        backlog = written.value - _taken(data)
        _wait_until(data, written.value, 300)
        time.sleep(5)
    finally:
        stop.set()
        watcher.join()
        service.terminate()
        service.wait(120)
    memory = np.array(measured.memory_mib)
    answers = np.array(measured.answers_ms)
    late = memory[first_part:]
    fifth = max(1, len(late) // 5)
    print(
        f"{STUDIES_AT_ONCE} studies of {SLICES} slices at once: all taken in after {at_once:.0f} s"
    )
    print(
        f"{FILES_A_MINUTE} files a minute, {minutes:g} minutes: {backlog} files behind at the end"
    )
    print(
        f"memory of the service: {late[:fifth].mean():.0f} MiB in the first fifth of the stream,"
        f" {late[-fifth:].mean():.0f} MiB in the last, {memory.max():.0f} MiB at most"
    )
    print(
        f"status page: p50 {np.percentile(answers, 50):.0f} ms,"
        f" p95 {np.percentile(answers, 95):.0f} ms, slowest {answers.max():.0f} ms,"
        f" {len(answers)} requests"
    )
    if plot is not None:
        _plot(measured, plot)


class _Counter:
    """How many files were written."""

    value = 0


def _settings(data: Path, inbox: Path, share: Path, port: int) -> dict[str, object]:
    return {
        "data": str(data),
        "intake": {"folders": [{"path": str(inbox), "scan_seconds": 1, "stable_seconds": 1}]},
        "completeness": {"quiet_seconds": 5, "counted_seconds": 0.5},
        "work": {"workers": 1},
        "rules": [{"name": "all", "destinations": ["share"]}],
        "destinations": [{"name": "share", "kind": "folder", "path": str(share)}],
        "disk": {"stop_gib": 0, "resume_gib": 0},
        "status_page": {"port": port},
        "logging": {"level": "warning"},
    }


def _drop_at_once(inbox: Path, written: _Counter) -> None:
    """All studies appear within a moment, by renaming a folder that was filled beside."""
    draft = inbox.with_name("draft")
    for number in range(STUDIES_AT_ONCE):
        small_study(SLICES).write(draft / f"{number:04d}")
    written.value += STUDIES_AT_ONCE * SLICES
    draft.rename(inbox / "at-once")


def _stream(inbox: Path, written: _Counter, minutes: float) -> None:
    """Small files at an even rate, study by study."""
    begin, files = time.perf_counter(), 0
    while files < FILES_A_MINUTE * minutes:
        small_study(SLICES).write(inbox / f"stream-{files:07d}")
        files += SLICES
        written.value += SLICES
        ahead = files / FILES_A_MINUTE * 60 - (time.perf_counter() - begin)
        if ahead > 0:
            time.sleep(ahead)


def _taken(data: Path) -> int:
    look = sqlite3.connect(f"{(data / 'journal.sqlite').as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        return int(look.execute("SELECT count(*) FROM instances").fetchone()[0])
    finally:
        look.close()


def _wait_until(data: Path, files: int, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while _taken(data) < files:
        if time.perf_counter() > end:
            raise SystemExit(f"only {_taken(data)} of {files} files were taken in")
        time.sleep(0.5)


def _wait_for_page(port: int) -> None:
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=5)
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise SystemExit("the service did not start")


def _watch(
    pid: int, port: int, data: Path, written: _Counter, measured: Measured, stop: threading.Event
) -> None:
    """Once a second: memory of the service without its workers, progress, one page."""
    process, begin = psutil.Process(pid), time.perf_counter()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        while not stop.wait(1.0):
            measured.seconds.append(time.perf_counter() - begin)
            measured.memory_mib.append(process.memory_info().rss / 2**20)
            measured.written.append(written.value)
            measured.taken.append(_taken(data))
            mark = time.perf_counter()
            client.get("/").raise_for_status()
            measured.answers_ms.append(1000 * (time.perf_counter() - mark))


def _plot(measured: Measured, path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, (memory, files) = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
    minutes = np.array(measured.seconds) / 60
    memory.plot(minutes, measured.memory_mib, color="#1f5a8a")
    memory.set_ylim(0)
    memory.set_ylabel("memory of the service, MiB")
    files.plot(minutes, measured.written, color="#999999", label="written")
    files.plot(minutes, measured.taken, color="#1f5a8a", label="taken in")
    files.set_ylabel("files")
    files.set_xlabel("minutes")
    files.legend(frameon=False)
    for axes in (memory, files):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
