"""SPECT/CT cases with known activity: one folder each, arrays memory-mapped.

A folder holds `case.json` and one `<name>.npy` for each volume of `FORMATS`; the affines (LPS mm)
stand in case.json under "affines", as 4 x 4 lists. What is written is whole or absent.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from calciscope.errors import InputError, OutputError
from calciscope.volume import Volume

FORMATS: Mapping[str, type[np.generic]] = MappingProxyType(
    {
        "ct": np.int16,
        "labels": np.uint8,
        "spect": np.float32,
        "activity": np.float16,
        "compartments": np.uint8,
        "tissues": np.uint8,
        "calcification": np.uint8,
        "body": np.uint8,
    }
)
"""Every volume of a case by the name of its file, and what it is stored as."""

ANSWERS = ("tissues", "calcification", "body")
"""Volumes that a CT network made; a case may lack them all."""

CASE_VERSION = 1
"""Version of what the files mean; a change must raise it."""

NO_COMPARTMENT = 255
"""Value of `compartments` where there is none, that is, in the air."""


@dataclass(frozen=True, eq=False)
class SpectCaseRecord:
    """One SPECT/CT with its truth; the volumes lie on the disk until they are read.

    Attributes:
        folder: where it lies.
        meta: what case.json says: seed, body_part, settings, traits, ct_protocol,
            spect_protocol, misregistration, foci and lesions among others.
        ct: int16 HU; labels: uint8 true `labels.Label` and 255, same grid.
        spect: float32 SUVbw as the scanner shows it.
        activity: float16 true SUVbw on a fine grid, where the SPECT saw it (misregistration in).
        compartments: uint8 index into HOT_SPOT_COMPARTMENTS or 255, on the grid of `activity`.
        tissues, calcification, body: answers of a CT network on the grid of the CT: labels,
            probability times 255, 0 or 1; None where none was asked.
    """

    folder: Path
    meta: Mapping[str, Any]
    ct: Volume
    labels: Volume
    spect: Volume
    activity: Volume
    compartments: Volume
    tissues: Volume | None = None
    calcification: Volume | None = None
    body: Volume | None = None

    @property
    def case_id(self) -> str:
        """The name of the case."""
        return str(self.meta["case_id"])


def write_spect_case(folder: Path, volumes: Mapping[str, Volume], meta: Mapping[str, Any]) -> None:
    """Write one case so that it is either whole or absent.

    Args:
        folder: `<root>/<case_id>`; must not exist yet.
        volumes: by the names of `FORMATS`; those of `ANSWERS` may be left out, all or none.
        meta: becomes case.json, with case_id, version and affines added.

    Raises:
        InputError: a volume is lacking or unknown.
        OutputError: the folder exists already.
    """
    lacking = set(FORMATS) - set(volumes)
    if (lacking and lacking != set(ANSWERS)) or set(volumes) - set(FORMATS):
        names = sorted(lacking ^ set(ANSWERS)) if lacking else sorted(set(volumes) - set(FORMATS))
        raise InputError(f"the case {folder.name} lacks, or should not have, {', '.join(names)}")
    if folder.exists():
        raise OutputError(f"{folder} exists already; remove it or choose another case id")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, volume in volumes.items():
            np.save(draft / f"{name}.npy", np.ascontiguousarray(volume.array, FORMATS[name]))
        affines = {name: volume.affine.tolist() for name, volume in volumes.items()}
        record = {"case_id": folder.name, "version": CASE_VERSION, **meta, "affines": affines}
        (draft / "case.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_spect_case(folder: Path) -> SpectCaseRecord:
    """Open a case; its arrays stay on the disk until they are used.

    Raises:
        InputError: a file of the case is missing, broken or of another version.
    """
    try:
        meta = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        if meta["version"] != CASE_VERSION:
            raise InputError(
                f"{folder} is a case of version {meta['version']}, this program reads "
                f"{CASE_VERSION}; make it again"
            )
        volumes = {
            name: Volume(np.load(folder / f"{name}.npy", mmap_mode="r"), np.array(affine))
            for name, affine in meta["affines"].items()
        }
        return SpectCaseRecord(folder, meta, **volumes)
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise InputError(f"{folder} is not a whole SPECT case; make it again") from error


def list_spect_cases(root: Path) -> list[Path]:
    """Folders of the whole cases under a folder, in order of name; drafts are left out."""
    if not root.is_dir():
        return []
    return sorted(
        case
        for case in root.iterdir()
        if not case.name.startswith(".") and (case / "case.json").is_file()
    )
