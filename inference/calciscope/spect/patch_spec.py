"""What the hot-spot network is given: one spec, stored inside each model file."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from calciscope.errors import ModelError

MODALITIES = ("both", "spect", "ct")
"""What a network may see; a hot spot's place comes from the SPECT in any case."""

PATCH_VERSION = 1
"""Version of what the channels and features mean; a change of their arithmetic must raise it."""

FINE_CHANNELS = (
    "uptake_of_maximum",
    "uptake_of_muscle",
    "suv",
    "ct_soft",
    "ct_wide",
    "subcutaneous",
    "muscle",
    "bone",
    "vascular",
    "foreign",
    "calcification",
    "body",
    "hot_spot",
    "ct_seen",
    "spect_seen",
)
"""Channels of the fine patch, in order."""

COARSE_CHANNELS = (
    "uptake_of_muscle",
    "ct_soft",
    "ct_wide",
    "body",
    "bone",
    "ct_seen",
    "spect_seen",
)
"""Channels of the coarse patch, in order."""


@dataclass(frozen=True)
class PatchSpec:
    """What a model expects to see of a hot spot.

    Patches lie along the patient axes L, P, S, centered on the uptake-weighted centroid.

    Attributes:
        fine_size, fine_mm: voxels along each edge of the fine patch, and their size.
        coarse_size, coarse_mm: the same of the coarse patch.
        soft_hu, wide_hu: CT windows, scaled to [-1, 1].
        core_fraction: share of its maximum from which a voxel of a hot spot counts as its core.
        modality: one of `MODALITIES`; images of the other kind are blanked.
        version: version of channels and features.

    Raises:
        ModelError: a size or window is not positive, or the version is not one known here.
    """

    fine_size: int = 32
    fine_mm: float = 3.0
    coarse_size: int = 24
    coarse_mm: float = 14.0
    soft_hu: tuple[float, float] = (-200.0, 300.0)
    wide_hu: tuple[float, float] = (-1000.0, 1400.0)
    core_fraction: float = 0.41
    modality: str = "both"
    version: int = PATCH_VERSION

    def __post_init__(self) -> None:
        if self.version != PATCH_VERSION:
            raise ModelError(
                f"the model wants patches of version {self.version}, this program has"
                f" {PATCH_VERSION}; install a matching version of calciscope"
            )
        smallest = min(self.fine_size, self.fine_mm, self.coarse_size, self.coarse_mm)
        rising = all(low < high for low, high in (self.soft_hu, self.wide_hu))
        if (
            self.modality not in MODALITIES
            or smallest <= 0
            or not rising
            or not (0 < self.core_fraction < 1)
        ):
            raise ModelError(f"the patches are not usable, export the model again: {self}")

    def to_json(self) -> str:
        """The spec as one line of JSON with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "PatchSpec":
        """Read what `dataclasses.asdict` gave; raises ModelError where a key or type is wrong."""
        try:
            if set(record) != {field.name for field in fields(cls)}:
                raise ValueError("keys differ")
            (soft_low, soft_high), (wide_low, wide_high) = record["soft_hu"], record["wide_hu"]
            return cls(
                int(record["fine_size"]),
                float(record["fine_mm"]),
                int(record["coarse_size"]),
                float(record["coarse_mm"]),
                (float(soft_low), float(soft_high)),
                (float(wide_low), float(wide_high)),
                float(record["core_fraction"]),
                str(record["modality"]),
                int(record["version"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelError(
                f"the record of the patches is malformed ({error!r}); export the model again"
            ) from error

    @classmethod
    def from_json(cls, text: str) -> "PatchSpec":
        """Read what `to_json` wrote; raises ModelError where it is malformed."""
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise ModelError(
                f"the record of the patches is not JSON ({error}); export the model again"
            ) from error
        return cls.from_dict(record)
