"""Where everything lies in the service's data folder."""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from calciscope.errors import ServiceError


@dataclass(frozen=True)
class DataFolder:
    """Paths inside the data folder; nothing from a DICOM header is ever part of one.

    Attributes:
        root: the data folder.
    """

    root: Path

    @property
    def journal(self) -> Path:
        """The SQLite database."""
        return self.root / "journal.sqlite"

    @property
    def lock(self) -> Path:
        """Held by the one service that runs here."""
        return self.root / "service.lock"

    @property
    def audit(self) -> Path:
        """The append-only audit log."""
        return self.root / "audit.jsonl"

    @property
    def salt(self) -> Path:
        """The site's salt of pseudonyms, where the settings name none."""
        return self.root / "salt"

    @property
    def incoming(self) -> Path:
        """Files that are being received; whatever is here at the start is removed."""
        return self.root / "incoming"

    @property
    def instances(self) -> Path:
        """Received instances, each under the name that the journal knows."""
        return self.root / "instances"

    @property
    def work(self) -> Path:
        """Folders of studies that are being analyzed; removed at the start."""
        return self.root / "work"

    @property
    def logs(self) -> Path:
        """What libraries print in worker processes; not the service's own log."""
        return self.root / "logs"

    @property
    def results(self) -> Path:
        """Result folders, by the number of their job."""
        return self.root / "results"

    def make(self) -> None:
        """Make all folders, for their owner alone; one that is there is closed to others.

        Raises:
            ServiceError: they cannot be made, or belong to somebody else.
        """
        folders = (self.incoming, self.instances, self.work, self.results, self.logs)
        for folder in (self.root, *folders):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if folder.stat().st_mode & 0o077:
                    folder.chmod(0o700)
            except OSError as error:
                raise ServiceError(
                    f"{folder} cannot be made for the service alone ({error.strerror}); give the"
                    " data folder to the user that it runs as"
                ) from error

    def make_former(self, time: datetime) -> Path:
        """A new folder for what a journal that is no longer here knew; nothing cleans there."""
        return Path(tempfile.mkdtemp(prefix=f"former-{time:%Y%m%d-%H%M%S}-", dir=self.root))

    def instance(self, file: str) -> Path:
        """The file of an instance, by the name in the journal."""
        return self.instances / file

    def result(self, job_id: int) -> Path:
        """The result folder of a job."""
        return self.results / f"{job_id:08d}"
