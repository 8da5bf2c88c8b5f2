"""Prepared training cases: one folder each, on the model grid, memory-mapped.

`<root>/<split>/<case_id>/` holds `ct.npy` (int16 HU) and `labels.npy` (uint8, 255 = ignore), both
(X, Y, Z) canonical and in C order, `centers.npz` and `case.json`. Crops are read straight from the
memory map, and centered by `centers.npz`, so that nothing is scanned while training.
"""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray

from calciscope.errors import InputError, OutputError
from calciscope.labels import Label
from calciscope.preprocessing import PreprocessingSpec

MAX_CENTERS = 4000
"""Random voxels kept per label."""

REQUIRED = ("case_id", "source", "spacing_mm")
"""Keys that every case.json has."""

DATA_VERSION = 1
"""Version of what the files of a case mean; a change must raise it."""

KEY = "key"
"""Key in case.json of what `case_key` gave when the case was made."""

LESIONS = "lesions"
"""Key in centers.npz of one voxel per connected calcification."""


@dataclass(frozen=True, eq=False)
class Case:
    """One prepared case.

    Attributes:
        folder: where it lies.
        ct: int16 HU, shape (X, Y, Z), memory-mapped.
        labels: uint8, shape (X, Y, Z), memory-mapped.
        centers: int16 voxel indices, shape (n, 3): of random voxels under "0".."6", and of one
            voxel per connected calcification under "lesions".
        meta: what case.json says.
        hard: int16, shape (n, 4): voxel indices where a model failed, and 0 for a false positive
            or 1 for a miss; from hard.npy, empty where the case has none.
    """

    folder: Path
    ct: NDArray[np.int16]
    labels: NDArray[np.uint8]
    centers: Mapping[str, NDArray[np.int16]]
    meta: Mapping[str, Any]
    hard: NDArray[np.int16] = field(default_factory=lambda: np.empty((0, 4), np.int16))

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as a path: a memory map would be copied there in full."""
        return read_case, (self.folder,)

    @property
    def case_id(self) -> str:
        """The name of the case."""
        return str(self.meta["case_id"])

    @property
    def patient(self) -> str:
        """Host or patient that the case is of; a phantom is one of its own."""
        return patient_of(self.meta) or self.case_id

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel of the model grid."""
        return float(np.prod(self.meta["spacing_mm"]))


def patient_of(meta: Mapping[str, Any]) -> str:
    """Patient that a case.json names, or its host; "" where it names none."""
    return str(meta.get("patient_id") or meta.get("host") or "")


def case_key(spec: PreprocessingSpec, data_version: int = DATA_VERSION) -> str:
    """Hash of all that decides what the arrays of a case hold: equal keys, interchangeable cases.

    Windows and patch size are not in it: the files hold HU and whole limbs, and both are applied
    when crops are read.
    """
    shaping = (spec.version, spec.spacing_mm, spec.spacing_band, data_version)
    return hashlib.sha256(json.dumps(shaping).encode()).hexdigest()[:16]


def write_case(
    folder: Path,
    ct: NDArray[Any],
    labels: NDArray[np.uint8],
    meta: Mapping[str, Any],
    spec: PreprocessingSpec | None = None,
) -> None:
    """Write one case so that it is either whole or absent.

    Args:
        folder: `<root>/<split>/<case_id>`; must not exist yet.
        ct: HU, shape (X, Y, Z) canonical.
        labels: same shape, values of Label or 255.
        meta: becomes case.json; needs case_id, source and spacing_mm.
        spec: the preprocessing that made the arrays; the default one if not given.

    Raises:
        InputError: the arrays or the keys are not as above.
        OutputError: the folder exists already.
    """
    _check(folder, ct, labels, meta)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        np.save(draft / "ct.npy", np.ascontiguousarray(np.rint(ct), dtype=np.int16))
        np.save(draft / "labels.npy", np.ascontiguousarray(labels))
        np.savez(draft / "centers.npz", allow_pickle=False, **find_centers(labels))
        # Reports name the split, so that no one takes training cases for held-out ones.
        record = {"split": folder.parent.name, **meta, KEY: case_key(spec or PreprocessingSpec())}
        (draft / "case.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _check(
    folder: Path, ct: NDArray[Any], labels: NDArray[np.uint8], meta: Mapping[str, Any]
) -> None:
    if folder.exists():
        raise OutputError(f"{folder} exists already; remove it or choose another case id")
    missing = [key for key in REQUIRED if key not in meta]
    if missing:
        raise InputError(f"the metadata of {folder.name} lacks {', '.join(missing)}")
    if ct.ndim != 3 or ct.shape != labels.shape or labels.dtype != np.uint8:
        raise InputError(
            f"{folder.name} needs a 3D CT and uint8 labels of one shape, "
            f"got {ct.shape} and {labels.dtype} {labels.shape}"
        )


def find_centers(labels: NDArray[np.uint8], seed: int = 0) -> dict[str, NDArray[np.int16]]:
    """Voxels on which crops may be centered.

    Returns:
        int16 indices, shape (n, 3): up to 4000 random voxels under each label's number, and under
        "lesions" one random voxel of each 26-connected calcification.
    """
    generator = np.random.default_rng(seed)
    centers: dict[str, NDArray[np.int16]] = {}
    for label in Label:
        flat = np.flatnonzero(labels == label)
        if flat.size > MAX_CENTERS:
            flat = generator.choice(flat, MAX_CENTERS, replace=False)
        centers[str(int(label))] = _indices(flat, labels.shape)
    components = np.asarray(cc3d.connected_components(labels == Label.CALCIFICATION)).ravel()
    flat = generator.permutation(np.flatnonzero(components))
    _, first = np.unique(components[flat], return_index=True)
    centers[LESIONS] = _indices(flat[first], labels.shape)
    return centers


def _indices(flat: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int16]:
    return np.stack(np.unravel_index(flat, shape), axis=-1).astype(np.int16)


def read_case(folder: Path) -> Case:
    """Open a case; the arrays stay on disk until they are cropped.

    Raises:
        InputError: a file of the case is missing or broken.
    """
    try:
        ct = np.load(folder / "ct.npy", mmap_mode="r")
        labels = np.load(folder / "labels.npy", mmap_mode="r")
        # Opened here: numpy leaves the file open where it is not a whole archive.
        with (folder / "centers.npz").open("rb") as file, np.load(file) as stored:
            centers = {key: stored[key] for key in stored.files}
        meta = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        hard = _read_hard(folder / "hard.npy", ct.shape)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{folder} is not a whole prepared case; prepare it again") from error
    return Case(folder, ct, labels, centers, meta, hard)


def _read_hard(path: Path, shape: tuple[int, ...]) -> NDArray[np.int16]:
    """What `calciscope-train mine` wrote, if it did."""
    if not path.exists():
        return np.empty((0, 4), np.int16)
    hard = np.load(path)
    whole = hard.ndim == 2 and hard.shape[1] == 4 and hard.dtype == np.int16
    if not whole or ((hard < 0) | (hard >= (*shape, 2))).any():
        raise InputError(
            f"{path} must hold int16 rows of x, y, z inside the case and a kind of 0 or 1; "
            "run calciscope-train mine again"
        )
    return np.asarray(hard)


def list_cases(root: Path, split: str) -> list[Path]:
    """Folders of the whole cases of a split, in order of name; hidden drafts are left out."""
    folder = root / split
    if not folder.is_dir():
        return []
    return sorted(
        case
        for case in folder.iterdir()
        if not case.name.startswith(".") and (case / "case.json").is_file()
    )
