"""The check set: reviewed places in real limbs, and how a predictor is scored on them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from calciscope.ct.masks import component_voxels
from calciscope.errors import InputError
from calciscope.labels import Label
from calciscope.volume import Volume
from calciscope_train.host_cases import read_host

WHAT = ("calcification", "vascular", "bowel", "bone", "unsure")
SPLITS = ("held_out", "seen", "val", "never_trained")
DENSE_HU = 200
"""Voxels of a vascular box that count as its mineral."""

SMALLEST_MM3 = 10.0
"""A smaller component is no false positive."""

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Focus:
    """A reviewed place: what it is, where, and a note."""

    what: str
    box: Box
    note: str = ""


@dataclass(frozen=True)
class CheckPatient:
    """One patient: whether a model may have seen the anatomy, and the foci."""

    name: str
    split: str
    foci: tuple[Focus, ...] = ()


@dataclass(frozen=True)
class CheckSet:
    """The check set of `configs/check_set.yaml`; see there."""

    folder: Path
    pattern: str
    patients: tuple[CheckPatient, ...]
    clean: tuple[str, ...]
    bones: tuple[str, ...]
    insert_into: tuple[str, ...]
    insert_count: int
    insert_seed: int
    taught_vessels: tuple[str, ...] = ()
    """Patients whose vascular foci are labels of training cases."""

    def read_ct(self, patient: str) -> Volume:
        """Canonical CT of a patient; raises InputError where it cannot be read."""
        return read_host(self.folder / self.pattern.format(id=patient)).canonical().volume


@dataclass(frozen=True)
class RealScore:
    """What a predictor does in one real limb as it is.

    Attributes:
        patient, split: who.
        foci, found: reviewed calcifications, and those that the prediction touches.
        vessels: reviewed vascular foci.
        vessels_called: of these, called calcification by at least a tenth of the dense voxels.
        vessels_named: of these, called vascular by more voxels than calcification.
        bowel_mm3: volume called calcification in bowel contrast.
        false_positives: components of 10 mm3 or more outside of calcification and unsure places.
        false_mm3: their volume, smaller ones included.
        clean, bones: whether the limb is known to be clean; whether it is arm, hand or shoulder.
        missed: notes of the reviewed calcifications that were not found.
        vessels_taught: whether the vascular foci are labels of training cases.
    """

    patient: str
    split: str
    foci: int
    found: int
    vessels: int
    vessels_called: int
    vessels_named: int
    bowel_mm3: float
    false_positives: int
    false_mm3: float
    clean: bool = False
    bones: bool = False
    missed: tuple[str, ...] = field(default=())
    vessels_taught: bool = False

    @property
    def limb_mm3(self) -> float:
        """False volume outside bowel contrast, which is no part of a limb."""
        return max(self.false_mm3 - self.bowel_mm3, 0.0)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def read_check_set(file: Path, folder: Path | None = None) -> CheckSet:
    """Read the check set.

    Args:
        file: configs/check_set.yaml.
        folder: of the CTs, where it is not that of the file.

    Raises:
        InputError: the file is missing, or a key or value is not known.
    """
    try:
        record: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        patients = tuple(_patient(name, entry) for name, entry in record["patients"].items())
        insert = record["insert_into"]
        names = {patient.name for patient in patients}
        taught = tuple(record.get("taught_vessels", ()))
        others = {*record["clean"], *record["bones"], *taught, *insert["patients"]} - names
        if others:
            raise KeyError(f"no patients {sorted(others)}")
        return CheckSet(
            folder or Path(record["folder"]),
            str(record["pattern"]),
            patients,
            tuple(record["clean"]),
            tuple(record["bones"]),
            tuple(insert["patients"]),
            int(insert["count"]),
            int(insert["seed"]),
            taught,
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{file} does not describe a check set: {error!r}") from error


def _patient(name: str, entry: Mapping[str, Any]) -> CheckPatient:
    if entry["split"] not in SPLITS:
        raise KeyError(f"split {entry['split']}")
    foci = []
    for focus in entry.get("foci", ()):
        if focus["what"] not in WHAT:
            raise KeyError(f"what {focus['what']}")
        (x0, x1), (y0, y1), (z0, z1) = focus["box"]
        box = (slice(x0, x1), slice(y0, y1), slice(z0, z1))
        foci.append(Focus(str(focus["what"]), box, str(focus.get("note", ""))))
    return CheckPatient(name, str(entry["split"]), tuple(foci))


def score_real(
    patient: CheckPatient,
    ct: Volume,
    mask: NDArray[np.bool_],
    tissues: NDArray[np.uint8] | None,
    check: CheckSet,
) -> RealScore:
    """Score what a predictor calls calcification in a real limb.

    Args:
        patient: with the reviewed foci.
        ct: canonical, HU.
        mask: bool, same shape.
        tissues: the predictor's labels, to see what vessels are called; None for a rule.
        check: says which limbs are clean.
    """
    found, missed, called, named, bowel = 0, [], 0, 0, 0.0
    excused = np.zeros(mask.shape, dtype=bool)
    for focus in patient.foci:
        part = mask[focus.box]
        if focus.what in ("calcification", "unsure"):
            excused[focus.box] = True
        if focus.what == "calcification":
            found += bool(part.any())
            missed += [] if part.any() else [focus.note]
        elif focus.what == "vascular":
            dense = ct.array[focus.box] >= DENSE_HU
            wrong = int((part & dense).sum())
            called += bool(wrong >= max(1.0, 0.1 * dense.sum()))
            if tissues is not None:
                right = int(((tissues[focus.box] == Label.VASCULAR) & dense).sum())
                named += bool(right > wrong)
        elif focus.what == "bowel":
            bowel += float(part.sum()) * ct.voxel_volume_mm3
    false = [v for v in component_voxels(mask) if not excused[tuple(v.T)].any()]
    volumes = [len(voxels) * ct.voxel_volume_mm3 for voxels in false]
    kinds = [focus.what for focus in patient.foci]
    return RealScore(
        patient.name,
        patient.split,
        kinds.count("calcification"),
        found,
        kinds.count("vascular"),
        called,
        named,
        round(bowel, 1),
        sum(bool(volume >= SMALLEST_MM3) for volume in volumes),
        round(float(sum(volumes)), 1),
        patient.name in check.clean,
        patient.name in check.bones,
        tuple(missed),
        patient.name in check.taught_vessels,
    )
