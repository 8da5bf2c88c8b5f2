"""CTPelvic1K: pelvic CTs with sacrum, both hip bones and lumbar spine.

    CTPelvic1K_dataset6_data/dataset6_CLINIC_0001_data.nii.gz
    <any folder>/dataset6_CLINIC_0001_mask_4label.nii.gz

The authors' converter says 1 sacrum, 2 right hip, 3 left hip, 4 lumbar spine; a card of the set
says 2 left and 3 right. All of them are bone here, so that no label depends on it; yet a mask whose
sides cannot be told may be misplaced as a whole. So the side is decided by where the hips lie in
the patient, and written down; a case where that cannot be decided is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calciscope.errors import InputError
from calciscope.volume import Volume
from calciscope_train.importers.claims import Claim, claimed
from calciscope_train.importers.item import ClaimedCt, Item
from calciscope_train.importers.licenses import UNKNOWN
from calciscope_train.importers.reading import (
    read_ct_file,
    read_ids,
    require_same_grid,
    wrong_layout,
)

LAYOUT = "<name>_mask_4label.nii.gz and, anywhere below the same folder, its <name>_data.nii.gz"
MASK, IMAGE = "_mask_4label.nii.gz", "_data.nii.gz"

SACRUM, HIPS, LUMBAR = 1, (2, 3), 4
BONES: Mapping[int, Claim] = dict.fromkeys((SACRUM, *HIPS, LUMBAR), Claim.BONE)

APART_MM = 60.0
"""Hip bones of an adult lie about 160 mm apart, centroid to centroid, and of a small child 70."""


@dataclass(frozen=True)
class CtPelvic1k:
    """The importer.

    Attributes:
        license: the parts come from several sources; what the user has found to hold for theirs.
    """

    license: str = UNKNOWN
    name: str = "ctpelvic1k"
    citation: str = "Liu et al. 2021, CTPelvic1K, doi 10.5281/zenodo.4588403"

    def find(self, folder: Path) -> list[Item]:
        """The masks whose CT is there: of the parts 6 and 7, unless the user added others."""
        masks = sorted(folder.rglob(f"*{MASK}")) if folder.is_dir() else []
        images = {_key(path, IMAGE): path for path in folder.rglob(f"*{IMAGE}")} if masks else {}
        items = [
            Item(
                f"ctpelvic1k_{_key(mask, MASK)}",
                f"ctpelvic1k-{_key(mask, MASK)}",
                self.license,
                {"mask": mask, "image": images[_key(mask, MASK)]},
            )
            for mask in masks
            if _key(mask, MASK) in images
        ]
        if not items:
            raise wrong_layout(folder, LAYOUT)
        return items

    def read(self, item: Item) -> ClaimedCt:
        """CT with its bones; what is not named is unknown."""
        ct = read_ct_file(item.files["image"])
        ids, oriented = read_ids(item.files["mask"])
        if not oriented:
            raise InputError(
                f"{item.files['mask']} does not say how the patient lies (its qform and sform are "
                "unset), so that left and right cannot be told"
            )
        require_same_grid(ct, ids, item.files["mask"])
        unknown = sorted(set(np.unique(ids.array).tolist()) - {0, *BONES})
        if unknown:
            raise InputError(
                f"{item.files['mask']} holds the ids {unknown}: expected 1 sacrum, 2 and 3 hips, "
                "4 lumbar spine"
            )
        return ClaimedCt(ct, claimed(ids.array, BONES), sides(ids, item.files["mask"]))


def sides(ids: Volume, path: Path) -> dict[str, Any]:
    """Which id is the left hip, by the centroids' x (LPS: grows to the left).

    Raises:
        InputError: a hip is missing, or the two are not beside each other.
    """
    x_mm = []
    for number in HIPS:
        voxels = np.argwhere(ids.array == number)
        if not len(voxels):
            raise InputError(
                f"{path} has no voxel of hip {number}: expected both hips, 2 and 3, without which "
                "left and right cannot be told"
            )
        x_mm.append(float(ids.lps_mm(voxels.mean(axis=0))[0]))
    if abs(x_mm[0] - x_mm[1]) < APART_MM:
        raise InputError(
            f"{path} has its hips at x = {x_mm[0]:.0f} and {x_mm[1]:.0f} mm: expected them at "
            f"least {APART_MM:.0f} mm apart from left to right; its affine may be wrong"
        )
    left = HIPS[0] if x_mm[0] > x_mm[1] else HIPS[1]
    return {"left_hip_id": left, "right_hip_id": sum(HIPS) - left}


def _key(path: Path, suffix: str) -> str:
    """The name that mask and CT share; part 7 has its number in front of only one of them."""
    stem = path.name.removesuffix(suffix)
    head, _, rest = stem.partition("_")
    return rest if head.startswith("dataset") and rest else stem
