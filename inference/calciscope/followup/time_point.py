"""One date of a comparison: the findings of a run, its masks and, where it is at hand, the CT."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.masks import indices_of
from calciscope.errors import InputError
from calciscope.evaluation.nifti_masks import read_whole_numbers
from calciscope.findings import Findings
from calciscope.findings_reading import read_findings
from calciscope.volume import Volume

FINDINGS_NAME = "findings.json"


@dataclass(frozen=True, eq=False)
class TimePoint:
    """What a comparison needs of one date.

    Attributes:
        source: what the user gave, for messages.
        findings: of its run; figures are never measured again.
        tissues: values of `Label` on the native grid.
        lesion_ids: on the same grid.
        ct: HU on the same grid, for pictures; None where a folder of results was given.
        patient: identifier of the patient, to compare and never to write; "" where unknown.
    """

    source: Path
    findings: Findings
    tissues: Volume
    lesion_ids: Volume
    ct: Volume | None = None
    patient: str = ""

    @cached_property
    def voxels(self) -> dict[int, NDArray[np.intp]]:
        """Voxel indices of each lesion, shape (N, 3)."""
        inside = indices_of(self.lesion_ids.array > 0)
        ids = self.lesion_ids.array[tuple(inside.T)]
        return {lesion.id: inside[ids == lesion.id] for lesion in self.findings.ct.lesions}


def is_result_folder(path: Path) -> bool:
    """Whether a path is what `calciscope run` left, rather than a study."""
    return path.is_dir() and (path / FINDINGS_NAME).is_file()


def read_results(folder: Path) -> TimePoint:
    """Read the results of a run.

    Raises:
        InputError: a file is missing, unreadable, or does not fit the others.
    """
    names = ("tissues.nii.gz", "calcification_lesions.nii.gz")
    for name in names:
        if not (folder / name).is_file():
            raise InputError(f"{folder / name} is missing; run the study again")
    findings = read_findings(folder / FINDINGS_NAME)
    tissues, ids = (read_whole_numbers(folder / name) for name in names)
    if not tissues.same_grid(ids):
        raise InputError(f"{folder}: {names[0]} and {names[1]} differ in grid; run the study again")
    point = TimePoint(folder, findings, tissues, ids)
    if any(len(voxels) == 0 for voxels in point.voxels.values()):
        raise InputError(
            f"{folder / names[1]} lacks lesions that {FINDINGS_NAME} lists; run the study again"
        )
    return point
