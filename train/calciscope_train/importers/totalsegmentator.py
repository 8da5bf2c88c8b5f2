"""TotalSegmentator v2: 1,228 CTs with one binary mask for each of 117 structures.

    meta.csv                        separated by ";": image_id ... split
    s0000/ct.nii.gz
    s0000/segmentations/<class>.nii.gz

The set has no bones of the limbs but femur and humerus, and no fat or skin. Masks that a user has
made of those (tasks `appendicular_bones`, `tissue_types`, `tissue_4_types`, `hip_implant`,
`thigh_shoulder_muscles`) are read from a second folder: <extra>/s0000/<class>.nii.gz.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calciscope.errors import InputError
from calciscope.labels import IGNORE
from calciscope_train.importers.claims import Claim
from calciscope_train.importers.item import ClaimedCt, Item
from calciscope_train.importers.reading import (
    ids_on,
    listed,
    read_ct_file,
    read_table,
    wrong_layout,
)

LAYOUT = "meta.csv, and s0000/ct.nii.gz with s0000/segmentations/<class>.nii.gz for each case"

CLASSES: tuple[tuple[Claim, str], ...] = (
    (Claim.SUBCUTANEOUS, "subcutaneous_fat"),
    (Claim.ORGAN, "torso_fat"),
    (Claim.MUSCLE, "skeletal_muscle intermuscular_fat"),
    (
        Claim.ORGAN,
        "spleen kidney_ gallbladder liver pancreas adrenal_gland_ lung_ trachea thyroid_gland "
        "urinary_bladder prostate heart brain spinal_cord atrial_appendage_left",
    ),
    (Claim.BOWEL, "esophagus stomach duodenum small_bowel colon"),
    (
        Claim.MUSCLE,
        "gluteus_ autochthon_ iliopsoas_ quadriceps_femoris_ sartorius_ thigh_medial_compartment_ "
        "thigh_posterior_compartment_ deltoid supraspinatus infraspinatus subscapularis "
        "coracobrachial trapezius pectoralis_minor serratus_anterior teres_major triceps_brachii",
    ),
    # Vessels may hold contrast or calcify, and so may cartilage: the masks do not say.
    (
        Claim.UNKNOWN,
        "aorta pulmonary_vein brachiocephalic_ subclavian_artery_ common_carotid_artery_ "
        "superior_vena_cava inferior_vena_cava portal_vein_and_splenic_vein iliac_artery_ "
        "iliac_vena_ costal_cartilages",
    ),
    (
        Claim.BONE,
        "femur_ hip_left hip_right humerus_ scapula_ clavicula_ rib_ vertebrae_ sacrum sternum "
        "skull patella tibia fibula tarsal metatarsal phalanges_ ulna radius carpal metacarpal",
    ),
    (Claim.FOREIGN, "hip_implant"),
)
"""Class names, or their beginnings where "_" ends them; where masks overlap, the later holds."""

SUFFIX = ".nii.gz"


def rank_of(name: str) -> int | None:
    """Line of CLASSES that a class belongs to; None for one that is not listed."""
    for rank, (_, names) in enumerate(CLASSES):
        for start in names.split():
            if name == start or (start.endswith("_") and name.startswith(start)):
                return rank
    return None


@dataclass(frozen=True)
class TotalSegmentator:
    """The importer.

    Attributes:
        extra: folder of masks that the user has made, or None.
    """

    extra: Path | None = None
    name: str = "totalsegmentator"
    citation: str = (
        "Wasserthal et al. 2023, TotalSegmentator dataset v2, doi 10.5281/zenodo.10047292"
    )

    def find(self, folder: Path) -> list[Item]:
        """The cases of meta.csv that are there."""
        if not (folder / "meta.csv").is_file():
            raise wrong_layout(folder, LAYOUT)
        rows = read_table(folder / "meta.csv", ";", ("image_id", "split"))
        items = [
            Item(
                f"totalsegmentator_{row['image_id']}",
                f"totalsegmentator-{row['image_id']}",
                "CC-BY-4.0",
                {"case": folder / row["image_id"]},
                row["split"] if row["split"] in ("train", "val", "test") else None,
            )
            for row in rows
            if (folder / row["image_id"]).is_dir()
        ]
        if not items:
            raise wrong_layout(folder, LAYOUT)
        return items

    def read(self, item: Item) -> ClaimedCt:
        """CT and masks of one case."""
        case = item.files["case"]
        masks = sorted((case / "segmentations").glob(f"*{SUFFIX}"))
        if not (case / f"ct{SUFFIX}").is_file() or not masks:
            raise wrong_layout(case, "ct.nii.gz and segmentations/<class>.nii.gz")
        if self.extra is not None:
            masks += sorted((self.extra / case.name).glob(f"*{SUFFIX}"))
        ranked = [(rank_of(path.name.removesuffix(SUFFIX)), path) for path in masks]
        unused = [path.name.removesuffix(SUFFIX) for rank, path in ranked if rank is None]
        if len(unused) == len(masks):
            raise InputError(
                f"{case} holds no mask of a known class: expected such as femur_left.nii.gz, "
                f"found {listed(unused[:6])}"
            )
        ct = read_ct_file(case / f"ct{SUFFIX}")
        claims = np.full(ct.shape, IGNORE, dtype=np.uint8)
        known = sorted((rank, path) for rank, path in ranked if rank is not None)
        for rank, path in known:
            claims[ids_on(ct, path) > 0] = CLASSES[rank][0]
        return ClaimedCt(ct, claims, {"masks": len(known), "unused_masks": unused})
