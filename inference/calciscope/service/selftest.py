"""`calciscope selftest`: a phantom through the whole path of the service, on this machine."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from calciscope.errors import OutputError, ServiceError
from calciscope.service.clock import SystemClock
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Job
from calciscope.service.journal.states import FINAL, DeliveryState, JobState
from calciscope.service.parts import Parts
from calciscope.service.selftest_phantom import DEPOSIT_VOLUME_MM3, write_limb
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.settings.work import Work
from calciscope.service.work.outcome import DISK_FULL
from calciscope.service.work.runners import STUDY_RUNNER

TOLERANCE = 0.15
"""Share by which the measured volume may differ from the true one."""

LOOK_SECONDS = 0.2
SHARE = "share"


def run_selftest(
    settings: ServiceSettings | None = None, output: Path | None = None, runner: str = STUDY_RUNNER
) -> list[str]:
    """Send a phantom through watched folder, analysis and a folder destination.

    Nothing of a running service is touched: it uses a data folder of its own.

    Args:
        settings: whose work and first rule are tried; None for the usual ones.
        output: folder for what comes out of it; None keeps nothing.
        runner: factory of what the workers run.

    Returns:
        What went well, line by line.

    Raises:
        OutputError: `output` is not empty.
        ServiceError: something did not go as it must.
    """
    if output is not None and output.exists() and any(output.iterdir()):
        raise OutputError(f"{output} is not empty; choose another folder with -o")
    with _folder(settings) as folder:
        begun = time.monotonic()
        own = _settings(settings, folder)
        result, lines = _through(own, folder, runner)
        if runner == STUDY_RUNNER:
            lines.append(_judged(result))
        if output is not None:
            shutil.copytree(result, output, dirs_exist_ok=True)
            lines.append(f"Results are in {output}.")
        lines.append(f"The self-test went well, in {time.monotonic() - begun:.0f} s.")
    return lines


@contextmanager
def _folder(settings: ServiceSettings | None) -> Iterator[Path]:
    """A passing folder; for a cluster within the data folder, which all its machines see."""
    shared = settings is not None and settings.work.executor == "dask"
    parent = settings.data if settings is not None and shared else None
    if parent is not None:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="calciscope-selftest-", dir=parent) as made:
        yield Path(made)


def _settings(given: ServiceSettings | None, folder: Path) -> ServiceSettings:
    """The path to be tried; how studies are analyzed is as given."""
    rule: dict[str, Any] = {"name": "selftest"}
    if given is not None:
        first = next((each for each in given.rules if not each.ignore), given.rules[0])
        rule = first.model_dump(by_alias=True) | {"take": {}, "series": {}, "ignore": False}
    (folder / "in").mkdir()
    (folder / SHARE).mkdir()
    return ServiceSettings.model_validate(
        {
            "data": folder / "data",
            "intake": {
                "folders": [
                    {
                        "path": folder / "in",
                        "scan_seconds": 0.2,
                        "stable_seconds": 0.2,
                        "events": False,
                    }
                ]
            },
            "completeness": {"quiet_seconds": 1.0, "counted_seconds": 0.2},
            "work": (given.work if given is not None else Work()).model_dump()
            | {"workers": 1, "attempts": 1},
            "rules": [rule | {"destinations": [SHARE]}],
            "destinations": [
                {"name": SHARE, "kind": "folder", "path": folder / SHARE, "attempts": 1}
            ],
            "disk": {"stop_gib": 0.0, "resume_gib": 0.0},
            "status_page": None,
        }
    )


def _through(settings: ServiceSettings, folder: Path, runner: str) -> tuple[Path, list[str]]:
    """Send the phantom; gives the folder of its results in the destination, and what went well."""
    data = DataFolder(settings.data)
    data.make()
    parts = Parts(settings, data, SystemClock(), runner)
    try:
        parts.start()
        lines = ["The service has started, the models are loaded."]
        files = write_limb(folder / "made")
        # All at once, so that a slow machine does not take half of it for the whole.
        (folder / "made").rename(folder / "in" / "phantom")
        deadline = time.monotonic() + settings.work.timeout_seconds + 60.0
        job = _ended(parts.journal, deadline)
        if job.state is not JobState.DELIVERED:
            raise ServiceError(f"the phantom was {job.state}: {job.reason or job.code}")
        if job.instances != len(files):
            raise ServiceError(f"{job.instances} of {len(files)} instances of the phantom arrived")
        lines.append(f"{len(files)} instances were taken in, found whole, analyzed and delivered.")
    finally:
        parts.stop()
    delivered = [each for each in (folder / SHARE).iterdir() if not each.name.startswith(".")]
    if len(delivered) != 1:
        raise ServiceError(f"{len(delivered)} results lie in the destination instead of one")
    return delivered[0], lines


def _ended(journal: Journal, deadline: float) -> Job:
    """The one job, once nothing more happens to it."""
    while time.monotonic() < deadline:
        found = journal.jobs.listed()
        if found and found[0].state in FINAL:
            return found[0]
        if found and found[0].code == DISK_FULL:
            # The service would wait for room.
            raise ServiceError(f"the phantom was not analyzed: {found[0].reason}")
        for delivery in journal.deliveries.of_job(found[0].id) if found else ():
            if delivery.state is DeliveryState.FAILED:
                raise ServiceError(f"the phantom was not delivered: {delivery.reason}")
        time.sleep(LOOK_SECONDS)
    where = ", ".join(str(job.state) for job in journal.jobs.listed()) or "not taken in"
    raise ServiceError(f"the phantom did not come through in time; it is {where}")


def _judged(result: Path) -> str:
    """What was found, in words; raises ServiceError where it is not what the phantom holds."""
    findings = json.loads((result / "findings.json").read_text(encoding="utf-8"))
    lesions = findings["ct"]["lesions"]
    volumes = [float(lesion["volume_mm3"]) for lesion in lesions]
    said = ", ".join(f"{volume:.0f}" for volume in volumes) or "none"
    right = len(volumes) == 1 and abs(volumes[0] / DEPOSIT_VOLUME_MM3 - 1) <= TOLERANCE
    if not right:
        raise ServiceError(
            f"the phantom holds one deposit of {DEPOSIT_VOLUME_MM3:.0f} mm3, found were: {said};"
            " do not use this installation, and report it"
        )
    objects = len(list((result / "dicom").glob("*.dcm")))
    return (
        f"Its deposit of {DEPOSIT_VOLUME_MM3:.0f} mm3 was measured as {said} mm3; {objects} DICOM"
        " objects were written."
    )
