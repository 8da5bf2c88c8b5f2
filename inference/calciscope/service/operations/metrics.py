"""Figures for Prometheus: what is told as it happens, and what is looked up when asked for.

Nothing of a patient: labels are names from the settings and codes from a fixed set, and whatever
else comes is counted under "other", so that neither a header value nor an endless number of series
can get in.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from calciscope import __version__
from calciscope.service.clock import Clock
from calciscope.service.journal.journal import Journal
from calciscope.service.observers import Gate
from calciscope.service.operations.disk import space
from calciscope.service.operations.health import Turning

MOST_LABELS = 100
"""Different values of one label; one more counts as "other"."""

OTHER = "other"

SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9 _.-]{0,63}")
_MANY_DIGITS = re.compile(r"\d{5}|\d+\.\d+\.\d+\.")


class Metrics:
    """The meter of the service, and its page of metrics.

    Args:
        journal: from which queues are counted.
        clock: of ages.
        folder: on the disk that counts.
        gate: of the intake.
        loops: asked for when metrics are, as they are made later than the meter.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        folder: Path,
        gate: Callable[[], Gate],
        loops: Callable[[], Sequence[Turning]],
    ) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._labels: dict[str, set[str]] = {}
        self._stage = Histogram(
            "calciscope_stage_seconds", "Duration of stages of the work", ["stage"],
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        self._received = self._counter("received_instances", "Instances that came in", "way")
        self._duplicates = self._counter("duplicate_instances", "Instances known before", "way")
        self._sent = Histogram(
            "calciscope_delivery_seconds", "Duration of deliveries that went well",
            ["destination"], buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        self._failed = self._counter("failures", "Failures by place and reason", "where", "code")
        ProcessCollector(namespace="calciscope", registry=self._registry)
        self._registry.register(_Queues(journal, clock, folder, gate, loops))

    def stage(self, name: str, seconds: float) -> None:
        """A stage of the work took so long."""
        self._stage.labels(self._label("stage", name)).observe(seconds)

    def received(self, way: str, instances: int, duplicates: int) -> None:
        """Instances came in."""
        label = self._label("way", way)
        self._received.labels(label).inc(instances)
        self._duplicates.labels(label).inc(duplicates)

    def sent(self, destination: str, seconds: float) -> None:
        """The results of a job went out."""
        self._sent.labels(self._label("destination", destination)).observe(seconds)

    def failed(self, where: str, code: str) -> None:
        """Something failed."""
        self._failed.labels(self._label("where", where), self._label("code", code)).inc()

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self._registry)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"calciscope_{name}", help_text, labels, registry=self._registry)

    def _label(self, kind: str, value: str) -> str:
        known = self._labels.setdefault(kind, set())
        if value in known:
            return value
        sound = _LABEL.fullmatch(value) and not _MANY_DIGITS.search(value)
        if not sound or len(known) >= MOST_LABELS:
            return OTHER
        known.add(value)
        return value


class _Queues(Collector):
    """What is looked up when metrics are asked for."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        folder: Path,
        gate: Callable[[], Gate],
        loops: Callable[[], Sequence[Turning]],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._folder = folder
        self._gate = gate
        self._loops = loops

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is looked up when the collector is registered."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All gauges."""
        now = self._clock.now()
        yield _gauge("info", "Version of the program", "version", {__version__: 1.0})
        yield _gauge(
            "jobs", "Jobs by state", "state",
            {str(state): float(count) for state, count in self._journal.jobs.counts().items()},
        )  # fmt: skip
        yield _gauge(
            "oldest_job_seconds", "For how long the oldest job has been in a state", "state",
            # A clock that was set back makes nothing younger than now.
            {str(state): max(0.0, now - at) for state, at in self._journal.jobs.oldest().items()},
        )  # fmt: skip
        yield _gauge(
            "open_deliveries", "Deliveries that are not done", "destination",
            {name: float(n) for name, n in self._journal.deliveries.open_count().items()},
        )  # fmt: skip
        yield _gauge(
            "loop_healthy", "Whether the last turn of a loop went well", "loop",
            {loop.name: float(loop.healthy) for loop in self._loops()},
        )  # fmt: skip
        closed = GaugeMetricFamily("calciscope_intake_stopped", "Whether the disk stops the intake")
        closed.add_metric([], float(bool(self._gate().closed)))
        yield closed
        free = GaugeMetricFamily("calciscope_disk_free_bytes", "Free where the data folder lies")
        try:
            free.add_metric([], float(space(self._folder).free_bytes))
        except OSError:
            return
        yield free


def _gauge(name: str, help_text: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"calciscope_{name}", help_text, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
