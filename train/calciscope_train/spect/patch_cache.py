"""Raw patches of hot spots on the disk: one folder a case, several views of each hot spot.

A view turns the patient a little and shifts the CT by part of a voxel; its CT has a margin, so
that training can shift it further by taking another window.
"""

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import InputError
from calciscope.spect.patch_facts import HotSpotFacts
from calciscope.spect.patch_spec import PatchSpec
from calciscope.spect.patches import RawPatch

UNSEEN = -(2**15)
"""HU of a stored voxel that the CT does not show."""

RECORD = "patches.json"
ARRAYS = ("uptake", "hot_spot", "ct", "tissues", "coarse")


@dataclass(frozen=True, eq=False)
class CachedHotSpot:
    """One hot spot with its truth.

    Attributes:
        case_id, hot_spot: where it comes from.
        shares: of its activity per compartment, float32 (11,).
        views: one raw patch or more.
    """

    case_id: str
    hot_spot: int
    shares: NDArray[np.float32]
    views: tuple[RawPatch, ...]


@dataclass(frozen=True, eq=False)
class CachedCase:
    """The hot spots of a case; arrays stay on the disk, of shape (hot spots, views, ...)."""

    folder: Path
    record: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    @property
    def count(self) -> int:
        """Number of hot spots."""
        return len(self.record["hot_spots"])

    @property
    def views(self) -> int:
        """Views of each hot spot."""
        return int(self.record["views"])

    @property
    def margin(self) -> int:
        """Voxels around the CT."""
        return int(self.record["margin"])

    @property
    def shares(self) -> NDArray[np.float32]:
        """Truth of all hot spots, (n, 11)."""
        rows = [spot["shares"] for spot in self.record["hot_spots"]]
        return np.array(rows, dtype=np.float32)

    def patch(self, number: int, view: int) -> RawPatch:
        """One view of one hot spot, as `patches.extract` gave it, rounded."""
        stored = {name: np.array(array[number, view]) for name, array in self.arrays.items()}
        ct = stored["ct"].astype(np.float32)
        ct[stored["ct"] == UNSEEN] = np.nan
        facts = dict(self.record["hot_spots"][number]["facts"])
        for name in ("centroid_mm", "axis", "outline_mm"):
            facts[name] = tuple(facts[name])
        return RawPatch(
            stored["uptake"].astype(np.float32),
            stored["hot_spot"].astype(bool),
            ct,
            stored["tissues"].astype(np.float32) / np.float32(255.0),
            stored["coarse"].astype(np.float32),
            HotSpotFacts(**facts),
        )


def write_cached_case(
    folder: Path, case_id: str, spec: PatchSpec, margin: int, hot_spots: list[CachedHotSpot]
) -> None:
    """Write the hot spots of a case so that the folder is whole or absent."""
    arrays = {
        "uptake": _stacked(hot_spots, lambda p: p.uptake.astype(np.float16)),
        "hot_spot": _stacked(hot_spots, lambda p: p.hot_spot),
        "ct": _stacked(hot_spots, lambda p: _stored_hu(p.ct)),
        "tissues": _stacked(hot_spots, lambda p: np.rint(p.tissues * 255.0).astype(np.uint8)),
        "coarse": _stacked(hot_spots, lambda p: p.coarse.astype(np.float16)),
    }
    record = {
        "case_id": case_id,
        "spec": asdict(spec),
        "margin": margin,
        "views": len(hot_spots[0].views) if hot_spots else 0,
        "hot_spots": [
            {
                "id": spot.hot_spot,
                "shares": [round(float(share), 5) for share in spot.shares],
                "facts": asdict(spot.views[0].facts),
            }
            for spot in hot_spots
        ],
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, array in arrays.items():
            np.save(draft / f"{name}.npy", array)
        (draft / RECORD).write_text(json.dumps(record), encoding="utf-8")
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_cached_case(folder: Path) -> CachedCase:
    """Open the hot spots of a case.

    Raises:
        InputError: a file is missing or broken.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"{folder} is not a whole folder of patches ({error}); run calciscope-train"
            " spect-patches again"
        ) from error
    return CachedCase(folder, record, arrays)


def cached_cases(root: Path, spec: PatchSpec) -> list[CachedCase]:
    """Cases of a cache that hold a hot spot, in order of name.

    Raises:
        InputError: there is none, or they were made for patches of another size.
    """
    folders = sorted(path.parent for path in root.glob(f"[!.]*/{RECORD}"))
    cases = [case for case in map(read_cached_case, folders) if case.count]
    if not cases:
        raise InputError(f"{root} holds no patches; run calciscope-train spect-patches")
    for case in cases:
        made = PatchSpec.from_dict(case.record["spec"])
        sizes = (made.fine_size, made.fine_mm, made.coarse_size, made.coarse_mm)
        if sizes != (spec.fine_size, spec.fine_mm, spec.coarse_size, spec.coarse_mm):
            raise InputError(
                f"{case.folder} was made for patches of another size; run calciscope-train"
                " spect-patches into an empty folder"
            )
    return cases


def _stacked(hot_spots: list[CachedHotSpot], of: Any) -> NDArray[Any]:
    return np.array([[of(view) for view in spot.views] for spot in hot_spots])


def _stored_hu(ct: NDArray[np.float32]) -> NDArray[np.int16]:
    seen = np.isfinite(ct)
    return np.where(seen, np.clip(np.nan_to_num(ct), -2000, 32000), UNSEEN).astype(np.int16)
