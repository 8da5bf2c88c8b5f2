"""A study from a real archive through the whole service, with the real models, and back."""

import threading
import time
from pathlib import Path

import pytest
import yaml
from tests.orthanc import PASSWORD, TITLE, USER, Orthanc, needs_orthanc

from calciscope.service.clock import SystemClock
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.states import FINAL, JobState
from calciscope.service.parts import Parts
from calciscope.service.selftest_phantom import write_limb
from calciscope.service.settings.loading import read_settings
from calciscope.service.work.runners import STUDY_RUNNER

SECONDS = 300.0


def _settings(folder: Path, archive: Orthanc) -> Path:
    password = folder / "password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o600)
    path = folder / "watch.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "data": "data",
                "intake": {
                    "receiver": {
                        "port": archive.service_port,
                        "ae_title": "CALCISCOPE",
                        "peers": [{"ae_title": TITLE, "address": "127.0.0.1"}],
                    }
                },
                "completeness": {"quiet_seconds": 2},
                "rules": [{"name": "legs", "destinations": ["dimse", "web"]}],
                "destinations": [
                    {
                        "name": "dimse",
                        "kind": "dimse",
                        "host": "127.0.0.1",
                        "port": archive.dicom_port,
                        "ae_title": TITLE,
                        "objects": ["segmentation", "lesions"],
                    },
                    {
                        "name": "web",
                        "kind": "dicomweb",
                        "url": archive.web,
                        "user": USER,
                        "password_file": "password",
                        "objects": ["measurements", "report", "pictures"],
                    },
                ],
                "disk": {"stop_gib": 0, "resume_gib": 0},
                "status_page": None,
            }
        )
    )
    return path


def _send_all(archive: Orthanc) -> None:
    """Orthanc sends all that it has of its one study to the service."""
    with archive.client as client:
        (study,) = client.get("studies").json()
        sent = client.post("modalities/calciscope/store", content=study, timeout=SECONDS)
        sent.raise_for_status()


def _wait_for_the_end(parts: Parts) -> None:
    end, pause = time.monotonic() + SECONDS, threading.Event()
    while not any(job.state in FINAL for job in parts.journal.jobs.listed()):
        assert time.monotonic() < end, parts.journal.jobs.listed()
        pause.wait(0.5)


@needs_orthanc
@pytest.mark.slow
def test_study_sent_by_orthanc_comes_back_into_it(tmp_path: Path) -> None:
    archive = Orthanc(tmp_path / "orthanc")
    settings = read_settings(_settings(tmp_path, archive))
    data = DataFolder(settings.data)
    data.make()
    with archive.running():
        files = write_limb(tmp_path / "limb")
        with archive.client as client:
            for file in files:
                client.post("instances", content=file.read_bytes()).raise_for_status()
        (study,) = archive.listed()
        parts = Parts(settings, data, SystemClock(), STUDY_RUNNER)
        try:
            parts.start()
            _send_all(archive)
            _wait_for_the_end(parts)
            # The archive sends the study on once more, now with our own results in it.
            _send_all(archive)
            (job,) = parts.journal.jobs.listed()
        finally:
            parts.stop()
        assert job.state is JobState.DELIVERED, job.reason
        assert job.instances == len(files)
        # One study, as before, with the results beside its CT.
        listed = archive.listed()
        assert list(listed) == [study]
        assert set(listed[study]) >= {"CT", "SEG", "SR", "DOC"}
        results = {path.name for path in (data.result(job.id) / "dicom").glob("*.dcm")}
        assert len(archive.instances()) == len(files) + len(results)
