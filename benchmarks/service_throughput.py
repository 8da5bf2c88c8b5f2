"""The service's work against `calciscope run` in a loop, on small studies, and its own overhead.

    python benchmarks/service_throughput.py [--studies N] [--workers N] [--trivial N]

Studies are limbs of 96 x 96 x 40 with one deposit. The loop starts a program for each, as a script
of a user would. The service's part is what is behind the intake: ready jobs in the journal,
dispatcher, worker processes, results published. Loading the models is part of neither figure of the
service ("warm"), and is told beside it; of the loop it is part, as it is paid for each study.

Overhead is measured with a worker that does nothing: from ready to done, all bookkeeping and
waiting for the disk included.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from calciscope.service.clock import SystemClock
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import NewInstance
from calciscope.service.journal.states import JobState
from calciscope.service.observers import SilentMeter
from calciscope.service.selftest_phantom import write_limb
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.work.dispatcher import Dispatcher
from calciscope.service.work.executors import executor_for
from calciscope.service.work.models_used import ModelCatalog
from calciscope.service.work.outcome import Outcome, OutcomeKind
from calciscope.service.work.request import RunOptions, WorkRequest
from calciscope.service.work.runners import STUDY_RUNNER

NOTHING = f"{Path(__file__).stem}:Nothing"
LOOK_SECONDS = 0.002


class Nothing:
    """A runner that does no work: what is left is the service's own."""

    def warm_up(self, options: Sequence[RunOptions]) -> None:
        """Nothing to load."""

    def run(self, request: WorkRequest) -> Outcome:
        """One small file."""
        request.output_folder.mkdir()
        (request.output_folder / "findings.json").write_text("{}")
        return Outcome(OutcomeKind.DONE)


def run_loop(studies: list[Path], folder: Path) -> float:
    """Seconds of `calciscope run`, study after study."""
    mark = time.perf_counter()
    for study in studies:
        subprocess.run(
            [sys.executable, "-m", "calciscope", "run", study, "-o", folder / study.name],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return time.perf_counter() - mark


def run_service(studies: list[Path], folder: Path, runner: str, workers: int) -> tuple[float, ...]:
    """Seconds to start, and seconds for all studies."""
    settings = ServiceSettings.model_validate(
        {
            "data": folder,
            "intake": {"folders": [{"path": folder.with_name("in")}]},
            "rules": [{"name": "all"}],
            "work": {"workers": workers},
        }
    )
    data, clock = DataFolder(folder), SystemClock()
    data.make()
    journal = Journal(data.journal, clock)
    for number, study in enumerate(studies):
        register(journal, data, study, f"1.2.{number}")
    models = ModelCatalog()
    executor = executor_for(settings, data, runner, clock, models)
    dispatcher = Dispatcher(
        journal, executor, settings, data, clock, SilentMeter(), lambda rule, series: series,
        models,
    )  # fmt: skip
    dispatcher.recover()
    mark = time.perf_counter()
    dispatcher.start()
    started = time.perf_counter() - mark
    mark = time.perf_counter()
    while journal.jobs.counts()[JobState.DELIVERED] < len(studies):
        if not dispatcher.tick():
            time.sleep(LOOK_SECONDS)
    took = time.perf_counter() - mark
    dispatcher.stop(0.0)
    journal.close()
    return started, took


def register(journal: Journal, data: DataFolder, study: Path, uid: str) -> None:
    """A study as the intake leaves it."""
    instances = []
    for number, path in enumerate(sorted(study.glob("*.dcm"))):
        name = f"{uid}.{number}.dcm"
        os.link(path, data.instance(name))
        instances.append(
            NewInstance(f"{uid}.1.{number}", f"{uid}.1", uid, name, 1, name, "benchmark")
        )
    job = journal.arrivals.register(instances)[0].job_id
    journal.jobs.take(job, "all", 0)
    journal.jobs.make_ready(job, len(instances))


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=6)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--trivial", type=int, default=200, help="studies for the overhead")
    wanted = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    )
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        studies = [folder / f"study-{number}" for number in range(wanted.studies)]
        for number, study in enumerate(studies):
            write_limb(study, f"benchmark-{number}", number)
        _, idle = run_service(
            [studies[0]] * wanted.trivial, folder / "overhead", NOTHING, wanted.workers
        )
        started, warm = run_service(studies, folder / "data", STUDY_RUNNER, wanted.workers)
        loop = run_loop(studies, folder)
        figures = {
            "studies": wanted.studies,
            "workers": wanted.workers,
            "loop_s_per_study": round(loop / wanted.studies, 2),
            "service_s_per_study": round(warm / wanted.studies, 2),
            "service_start_s": round(started, 2),
            "ratio": round(loop / warm, 2),
            "ratio_with_start": round(loop / (started + warm), 2),
            "overhead_s_per_study": round(idle / wanted.trivial, 3),
        }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
