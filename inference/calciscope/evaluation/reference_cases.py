"""Reference cases: a CT with what is true of it, read from the files of one case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calciscope.errors import InputError
from calciscope.evaluation.case_metadata import patient_of, read_metadata, strata_of
from calciscope.evaluation.nifti_masks import read_whole_numbers
from calciscope.evaluation.record_rows import CaseStrata
from calciscope.labels import IGNORE, Label
from calciscope.readers.nifti import read_nifti
from calciscope.volume import Array, Volume

NIFTI = ".nii.gz"
REFERENCE_NAMES = ("labels", "lesions")
SYNTHETIC_SOURCES = ("phantom", "host")
"""Sources of prepared cases whose lesions are always made up."""


@dataclass(frozen=True, eq=False)
class ReferenceCase:
    """One case.

    Attributes:
        case_id: its name, that of its predictions too.
        patient: what resampling draws.
        source: data set that it belongs to.
        ct: HU on the grid of the reference; None where only predictions are judged.
        labels: uint8, `labels.Label` or 255.
        has_tissues: whether other labels than calcification mean something.
        strata: what it is like.
        meta: what its JSON says.
        is_placed: whether the grid says where in the world it lies; prepared cases do not.
    """

    case_id: str
    patient: str
    source: str
    ct: Volume | None
    labels: Volume
    has_tissues: bool
    strata: CaseStrata
    meta: Mapping[str, Any]
    is_placed: bool = True

    @property
    def synthetic(self) -> bool | None:
        """Whether its lesions are made up; None where it does not say."""
        if "synthetic" in self.meta:
            return bool(self.meta["synthetic"])
        return True if self.source in SYNTHETIC_SOURCES else None

    @property
    def split(self) -> str:
        """Split that it was prepared for, such as "test"; "" where it does not say."""
        return str(self.meta.get("split", ""))

    @property
    def license(self) -> str:
        """License of the data, "" where it does not say."""
        return str(self.meta.get("license", ""))


@dataclass(frozen=True)
class CaseFiles:
    """Where the files of a case are; `read` opens them.

    Attributes:
        name: of the folder or file.
        reference: labels.npy or a NIfTI file.
        ct, record: the CT and the JSON beside it, None where they are not there.
    """

    name: str
    reference: Path
    ct: Path | None
    record: Path | None

    @property
    def case_id(self) -> str:
        """The name that rows of the report carry."""
        return str(read_metadata(self.record).get("case_id", self.name))

    def check(self) -> None:
        """Read its JSON only, so that what is wrong there is told before any work.

        Raises:
            InputError: the JSON is broken, or a key holds what it cannot mean.
        """
        read_metadata(self.record)

    def read(self) -> ReferenceCase:
        """Read the case.

        Raises:
            InputError: a file is broken, CT and reference do not lie on one grid, or it cannot be
                told what the reference's values mean.
        """
        meta = read_metadata(self.record)
        ct: Volume | None
        if self.reference.suffix == ".npy":
            ct, labels, has_tissues = _prepared(self, meta)
        else:
            ct = read_nifti(self.ct).volume if self.ct else None
            labels, has_tissues = _labels(self, meta)
            if ct is not None and not ct.same_grid(labels):
                raise InputError(
                    f"{self.reference} does not lie on the grid of {self.ct}; resample it to the CT"
                )
        case_id = str(meta.get("case_id", self.name))
        return ReferenceCase(
            case_id=case_id,
            patient=patient_of(meta, case_id),
            source=str(meta.get("source", "references")),
            ct=ct,
            labels=labels,
            has_tissues=has_tissues,
            strata=strata_of(meta),
            meta=meta,
            is_placed=self.reference.suffix != ".npy",
        )


def _prepared(files: CaseFiles, meta: Mapping[str, Any]) -> tuple[Volume, Volume, bool]:
    """Arrays of a prepared case: canonical, on the model grid, memory-mapped."""
    try:
        ct = np.load(files.reference.with_name("ct.npy"), mmap_mode="r")
        labels = np.load(files.reference, mmap_mode="r")
        spacing = [float(step) for step in meta["spacing_mm"]]
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise InputError(
            f"{files.reference.parent} is not a whole prepared case; prepare it again"
        ) from error
    if ct.shape != labels.shape or labels.ndim != 3 or labels.dtype != np.uint8:
        raise InputError(f"{files.reference.parent} has a CT and labels that do not fit")
    return (
        Volume.from_spacing(np.asarray(ct), spacing),
        Volume.from_spacing(np.asarray(labels), spacing),
        bool(meta.get("reference", "labels") == "labels") and _has_tissues(labels),
    )


def _labels(files: CaseFiles, meta: Mapping[str, Any]) -> tuple[Volume, bool]:
    """Labels of a NIfTI reference, and whether it holds tissues."""
    volume = read_whole_numbers(files.reference)
    values = np.unique(volume.array)
    stem = files.reference.name.removesuffix(NIFTI)
    meaning = meta.get("reference", stem if stem in REFERENCE_NAMES else None)
    if meaning is None and values.max(initial=0) <= 1:
        meaning = "lesions"
    if meaning is None and Label.CALCIFICATION in values:
        meaning = "labels"
    if meaning not in REFERENCE_NAMES:
        raise InputError(
            f"it cannot be told what the values {values[:8].tolist()} of {files.reference} mean;"
            ' say "reference": "labels" or "lesions" in a JSON file beside it'
        )
    if meaning == "labels":
        known = {*(int(label) for label in Label), IGNORE}
        if not set(values.tolist()) <= known:
            raise InputError(f"{files.reference} holds other values than 0 to 6 and 255; map them")
        labels = volume.array.astype(np.uint8)
        return volume.with_array(labels), _has_tissues(labels)
    labels = np.where(volume.array != 0, Label.CALCIFICATION, Label.BACKGROUND).astype(np.uint8)
    if _means_unscored(values.tolist()):
        labels[volume.array == IGNORE] = IGNORE
    return volume.with_array(labels), False


def _has_tissues(labels: Array) -> bool:
    """Whether anything but background, calcification and unscored voxels is labeled."""
    return bool(((labels > Label.BACKGROUND) & (labels < Label.CALCIFICATION)).any())


def _means_unscored(values: Sequence[int]) -> bool:
    """Whether 255 in a mask of lesions is unscored: not where it is the mask, or a number's turn.

    Args:
        values: all that the mask holds, rising.
    """
    others = [value for value in values if value not in (0, IGNORE)]
    return bool(others) and values[-1] == IGNORE and IGNORE - 1 not in others
