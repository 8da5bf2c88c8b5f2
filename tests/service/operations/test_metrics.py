"""The page of metrics, read back by the parser of prometheus_client."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.service.conftest import HandClock

from calciscope import __version__
from calciscope.service.journal.journal import Journal
from calciscope.service.loop import Loop
from calciscope.service.observers import Meter, OpenGate
from calciscope.service.operations.metrics import MOST_LABELS, Metrics

Arrive = Callable[..., int]
Sample = tuple[str, tuple[str, ...]]


@pytest.fixture
def metrics(journal: Journal, clock: HandClock, tmp_path: Path) -> Metrics:
    loops = [Loop("work", lambda: False, 1.0)]
    return Metrics(journal, clock, tmp_path, OpenGate, lambda: loops)


def _samples(metrics: Metrics) -> dict[Sample, float]:
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_what_happens_is_counted(metrics: Metrics) -> None:
    meter: Meter = metrics
    meter.received("folder 0", 5, 2)
    meter.received("folder 0", 1, 0)
    meter.stage("analysis", 12.0)
    meter.sent("pacs", 0.3)
    meter.failed("delivery", "A700")
    found = _samples(metrics)
    assert found["calciscope_received_instances_total", ("folder 0",)] == 6
    assert found["calciscope_duplicate_instances_total", ("folder 0",)] == 2
    assert found["calciscope_stage_seconds_sum", ("analysis",)] == 12
    assert found["calciscope_stage_seconds_bucket", ("10.0", "analysis")] == 0
    assert found["calciscope_stage_seconds_bucket", ("30.0", "analysis")] == 1
    assert found["calciscope_delivery_seconds_count", ("pacs",)] == 1
    assert found["calciscope_failures_total", ("A700", "delivery")] == 1
    assert found["calciscope_info", (__version__,)] == 1


def test_queues_are_looked_up_when_asked_for(
    metrics: Metrics, journal: Journal, arrive: Arrive, clock: HandClock
) -> None:
    job = arrive(study="1.1", instance="1.1.1")
    journal.jobs.take(job, "legs", 0)
    journal.jobs.make_ready(job, 1)
    clock.advance(30)
    arrive(study="1.2", instance="1.2.1")
    clock.advance(60)
    found = _samples(metrics)
    assert found["calciscope_jobs", ("ready",)] == 1
    assert found["calciscope_jobs", ("running",)] == 0
    assert found["calciscope_oldest_job_seconds", ("ready",)] == 90
    assert found["calciscope_oldest_job_seconds", ("intake",)] == 60
    assert found["calciscope_loop_healthy", ("work",)] == 0
    assert found["calciscope_intake_stopped", ()] == 0
    assert found["calciscope_disk_free_bytes", ()] > 0
    journal.jobs.claim()
    journal.jobs.finish(job, "key", ["pacs"])
    found = _samples(metrics)
    assert found["calciscope_open_deliveries", ("pacs",)] == 1
    clock.set_wall(0.0)
    assert _samples(metrics)["calciscope_oldest_job_seconds", ("intake",)] == 0


@pytest.mark.parametrize(
    "code", ["1.2.840.113619.2.1", "DOE^JOHN", "", "x" * 65, "19610412", 'a"} 1\nb{x="']
)
def test_nothing_of_a_patient_becomes_a_label(metrics: Metrics, code: str) -> None:
    metrics.failed("intake", code)
    assert _samples(metrics)["calciscope_failures_total", ("intake", "other")] == 1
    assert code == "" or f'"{code}"' not in metrics.text().decode()


def test_series_do_not_grow_without_end(metrics: Metrics) -> None:
    for number in range(MOST_LABELS + 50):
        metrics.failed("intake", f"code{number}")
    found = _samples(metrics)
    assert found["calciscope_failures_total", ("intake", "other")] == 50
    assert found["calciscope_failures_total", ("code7", "intake")] == 1


def test_disk_that_is_away_does_not_hide_the_rest(
    journal: Journal, clock: HandClock, tmp_path: Path
) -> None:
    found = _samples(Metrics(journal, clock, tmp_path / "absent", OpenGate, list))
    assert ("calciscope_jobs", ("ready",)) in found
    assert ("calciscope_disk_free_bytes", ()) not in found
