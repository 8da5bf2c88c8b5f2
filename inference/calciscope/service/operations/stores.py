"""What lies in the stores of instances and results and the journal does not need.

For the journal that put it there it may go. Of another journal, which knows nothing of it, it may
be all that is left: then it is set aside, where nothing cleans.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from calciscope.errors import ServiceError
from calciscope.service import files
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.operations.leftovers import files_in

LOGGER = logging.getLogger(__name__)


class Stores:
    """The two stores, as the journal sees them.

    Args:
        data: where they lie.
        journal: that needs what is in them.
    """

    def __init__(self, data: DataFolder, journal: Journal) -> None:
        self._data = data
        self._journal = journal

    def unknown_instances(self) -> set[Path]:
        """Files that the journal does not know."""
        found: set[Path] = set()
        for entry in files_in(self._data.instances):
            found |= self.unknown_of(files_in(entry) if entry.is_dir() else [entry])
        return found

    def unknown_of(self, paths: Sequence[Path]) -> set[Path]:
        """Those of some files of the store that the journal does not know."""
        names = [str(path.relative_to(self._data.instances)) for path in paths]
        return {self._data.instance(n) for n in self._journal.removal.unknown_files(names)}

    def unneeded_results(self) -> set[Path]:
        """Result folders that no job has or may come to use."""
        return self.unneeded_of(files_in(self._data.results))

    def unneeded_of(self, paths: Sequence[Path]) -> set[Path]:
        """Those of some result folders that no job has or may come to use."""
        needed = {self._data.result(job_id) for job_id in self._journal.removal.known_results()}
        return set(paths) - needed

    def set_aside(self, now: float) -> Path | None:
        """Move what the journal does not need to a folder of its own; None where there is nothing.

        Raises:
            ServiceError: the file system does not let it be moved.
        """
        instances, results = self.unknown_instances(), self.unneeded_results()
        if not instances and not results:
            return None
        root = self._data.root
        try:
            former = self._data.make_former(datetime.fromtimestamp(now, UTC))
            (former / self._data.instances.name).mkdir(mode=0o700)
            files.put_in_place(
                [(path, former / path.relative_to(root)) for path in sorted(instances | results)]
            )
            files.sync_all([former, root])
        except OSError as error:
            raise ServiceError(
                f"what a former journal knew cannot be moved from {root} to a folder beside it"
                f" ({error.strerror}); look at the disk and at who may write there"
            ) from error
        LOGGER.warning(
            "%d instances and %d results of a former journal are set aside in %s",
            len(instances), len(results), former.name,
        )  # fmt: skip
        return former
