"""200 times SIGKILL: nothing lost, nothing twice. `benchmarks/service_kills.py` does more."""

import gc
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ports import free_port
from tests.service.kills.harness import KillTest

KILLS = 200


@pytest.fixture
def quiet_senders(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing of thousands of refused connections in the log, and none left for later tests."""
    caplog.set_level(logging.CRITICAL + 1, "pynetdicom")
    yield
    gc.collect()


@pytest.mark.slow
def test_a_broken_off_test_leaves_no_service_behind(tmp_path: Path) -> None:
    """The nursery waits for its service: closing must end that first."""
    test = KillTest(tmp_path, seed=1, port=free_port())
    pid = test.start()
    test.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.slow
# Senders that find nobody: pynetdicom leaves their sockets to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("quiet_senders")
def test_every_study_ends_delivered_once_or_refused(tmp_path: Path) -> None:
    test = KillTest(tmp_path, seed=7, port=free_port())
    try:
        test.kill_again_and_again(KILLS)
        report = test.settle(300)
    finally:
        test.close()
    print("\n".join(report.lines()))
    assert report.faults == []
    assert report.kills == KILLS
    # The test would prove little if the kills had found nothing at work.
    for moment in ("waiting", "ready", "running", "done", "sending to archive"):
        assert report.moments[moment] >= 3, report.moments
    assert report.delivered >= 20
    assert report.refused >= 1
