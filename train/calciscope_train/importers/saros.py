"""SAROS: 900 CTs from TCIA with body regions and body parts on every fifth slice.

    Segmentation-Info_09-29-2023.csv        id, tcia_case_id, split, license ...; or beside `data`
    data/case_000/image.nii.gz
    data/case_000/body-regions.nii.gz       255 = not annotated
    data/case_000/body-parts.nii.gz

The images keep the license of the TCIA collection they come from, so each row has its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.volume import Array
from calciscope_train.importers.claims import Claim, claimed
from calciscope_train.importers.item import ClaimedCt, Item
from calciscope_train.importers.licenses import normalized_license
from calciscope_train.importers.reading import (
    ids_on,
    read_ct_file,
    read_stored,
    read_table,
    wrong_layout,
)

LAYOUT = (
    "Segmentation-Info_*.csv, and data/case_000/ with image.nii.gz, body-regions.nii.gz and "
    "body-parts.nii.gz for each case"
)
FILES = ("image", "body-regions", "body-parts")

REGIONS: Mapping[int, Claim] = {
    0: Claim.BACKGROUND,
    1: Claim.SUBCUTANEOUS,
    2: Claim.MUSCLE,
    3: Claim.ORGAN,  # abdominal cavity: it holds the bowel, but the aorta too
    4: Claim.ORGAN,  # thoracic cavity
    5: Claim.BONE,
    6: Claim.ORGAN,  # parotid glands
    7: Claim.ORGAN,  # pericardium
    8: Claim.FOREIGN,  # breast implant
    9: Claim.ORGAN,  # mediastinum
    10: Claim.ORGAN,  # brain
    11: Claim.ORGAN,  # spinal cord
    12: Claim.ORGAN,  # thyroid glands
    13: Claim.ORGAN,  # submandibular glands
}
"""Claim by id of body-regions.nii.gz."""

IMPOSSIBLE_HU = -1100.0
"""Nothing is thinner than air; cases 609, 623 and 816 hold -3000, and the reader lifts it."""

FOLDS = re.compile(r"fold-(\d)")
VALIDATION_FOLD = "5"


@dataclass(frozen=True)
class Saros:
    """The importer."""

    name: str = "saros"
    citation: str = "Koitka et al. 2023, SAROS, TCIA, doi 10.25737/SZ96-ZG60"

    def find(self, folder: Path) -> list[Item]:
        """The cases of the table that are there."""
        table = _table(folder)
        cases = folder / "data" if (folder / "data").is_dir() else folder
        rows = read_table(table, ",", ("id", "split"))
        column = next((name for name in rows[0] if "licen" in name.lower()), "") if rows else ""
        items = [
            Item(
                f"saros_{row['id']}",
                row.get("tcia_case_id") or f"saros-{row['id']}",
                normalized_license(row.get(column, "")),
                {"case": cases / row["id"]},
                _split(row["split"]),
            )
            for row in rows
            if (cases / row["id"]).is_dir()
        ]
        if not items:
            raise wrong_layout(cases, LAYOUT)
        return items

    def read(self, item: Item) -> ClaimedCt:
        """CT and regions of one case; slices without annotation are unknown."""
        case = item.files["case"]
        paths = {name: case / f"{name}.nii.gz" for name in FILES}
        if not all(path.is_file() for path in paths.values()):
            raise wrong_layout(case, "image.nii.gz, body-regions.nii.gz and body-parts.nii.gz")
        ct = read_ct_file(paths["image"])
        regions, parts = (ids_on(ct, paths[name]) for name in FILES[1:])
        claims = claimed(regions, REGIONS)
        # What has no region but belongs to a body part is tissue of an unknown kind.
        claims[(regions == 0) & (parts != 0)] = IGNORE
        annotated = annotated_slices(regions)
        claims[:, :, ~annotated] = Claim.UNSEEN
        impossible = read_stored(paths["image"])[0].array < IMPOSSIBLE_HU
        claims[impossible & (claims != Label.BACKGROUND)] = Claim.UNSEEN
        notes = {
            "annotated_slices": int(annotated.sum()),
            "slices": len(annotated),
            "impossible_voxels": int(impossible.sum()),
        }
        if not annotated.any():
            raise InputError(f"{paths['body-regions']} has no annotated slice")
        return ClaimedCt(ct, claims, notes)


def annotated_slices(regions: Array) -> Array:
    """Which slices were annotated; shape (K,).

    The others are 255 throughout, or 0 throughout where the labels were made from the DICOM
    segmentations, which have no 255.
    """
    return np.asarray((regions != IGNORE).all(axis=(0, 1)) & (regions != 0).any(axis=(0, 1)))


def _split(text: str) -> str | None:
    """The set has five folds and a test part; one of the folds is for validation here."""
    fold = FOLDS.fullmatch(text)
    if fold:
        return "val" if fold[1] == VALIDATION_FOLD else "train"
    return "test" if text == "test" else None


def _table(folder: Path) -> Path:
    """The table of the set, in the folder or beside it."""
    for place in (folder, folder.parent):
        tables = sorted(place.glob("Segmentation*Info*.csv")) if place.is_dir() else []
        if tables:
            return tables[-1]
    raise wrong_layout(folder, LAYOUT)
