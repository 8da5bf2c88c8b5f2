"""Results on their way from a worker's folder to where deliveries find them: whole, or not."""

import errno
import json
import secrets
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from calciscope.service import files
from calciscope.service.data_folder import DataFolder
from calciscope.service.work.outcome import Outcome
from calciscope.service.work.places import link_or_copy

RECORD = "job.json"
"""Beside the results: what they follow from, and how long they took."""


@dataclass(frozen=True)
class ResultRecord:
    """What `job.json` says; nothing of the patient.

    Attributes:
        job_id: of the job whose result folder it is.
        content_key: of instances, models and options; see `request.content_key`.
        revision: of the study.
        times_s: seconds of each stage.
        peak_ram_mb: largest resident size of the worker.
    """

    job_id: int
    content_key: str
    revision: int
    times_s: dict[str, float] = field(default_factory=dict)
    peak_ram_mb: float = 0.0

    @classmethod
    def of(cls, job_id: int, content_key: str, revision: int, outcome: Outcome) -> "ResultRecord":
        """What is said of results that were just made."""
        times = {stage: round(seconds, 3) for stage, seconds in outcome.times_s.items()}
        return cls(job_id, content_key, revision, times, outcome.peak_ram_mb)


def publish(folder: Path, record: ResultRecord, data: DataFolder) -> None:
    """Move a worker's results to the result folder of a job, for good once this returns.

    Results that the job had before are replaced as a whole.

    Raises:
        OSError: the disk is full or fails; what was there before stays.
    """
    (folder / RECORD).write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    files.sync_all([folder, *folder.rglob("*")])
    target = data.result(record.job_id)
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        replaced = data.work / f"replaced-{secrets.token_hex(6)}"
        target.rename(replaced)
        folder.rename(target)
        shutil.rmtree(replaced, ignore_errors=True)
    files.sync(target.parent)


def record_of(data: DataFolder, job_id: int) -> ResultRecord | None:
    """What the result folder of a job says; None where it is not there or not whole."""
    try:
        said: Any = json.loads((data.result(job_id) / RECORD).read_text(encoding="utf-8"))
        return ResultRecord(**said)
    except (OSError, ValueError, TypeError):
        return None


def copy_result(data: DataFolder, source_job: int, folder: Path) -> None:
    """The results of another job as a new folder; files are linked where the file system can.

    Results are never written to once they are published, so that links are as good as copies.

    Raises:
        OSError: they are gone, or cannot be written.
    """
    shutil.copytree(data.result(source_job), folder, copy_function=link_or_copy)
    (folder / RECORD).unlink(missing_ok=True)
