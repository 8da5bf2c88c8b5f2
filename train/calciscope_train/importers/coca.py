"""COCA (Stanford): gated CT for coronary calcium, with contours as Apple property lists.

    Gated_release_final/patient/<id>/<series>/*.dcm
    Gated_release_final/calcium_xml/<id>.xml

ImageIndex counts the images in an order that is not always that of the slices, so the slice of a
contour is the one at the z of its Point_mm; where it lies in the slice, Point_px says. The part of
a contour that is as dense as calcium becomes vascular calcification. Nothing else in the patient is
labeled. The other part of the set, `deidentified_nongated`, has no contours and is not read.
"""

import plistlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import InputError, UnreadableFileError
from calciscope.readers import read_ct
from calciscope.volume import Volume
from calciscope_train.importers.claims import Claim, Labels
from calciscope_train.importers.contours import Points, filled
from calciscope_train.importers.item import ClaimedCt, Item
from calciscope_train.importers.reading import wrong_layout

LAYOUT = "Gated_release_final/ with patient/<id>/<series>/*.dcm and calcium_xml/<id>.xml"
GATED = "Gated_release_final"

CALCIUM_HU = 130.0
"""Density of coronary calcium (Agatston et al. 1990); contours are drawn around it, with a rim."""

CORONARIES = (
    "Left Anterior Descending Artery",
    "Left Circumflex Artery",
    "Right Coronary Artery",
    "Left Coronary Artery",
)

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, eq=False)
class Contour:
    """One ROI: its name, corners as (column, row) and as LPS mm; shapes (n, 2) and (n, 3)."""

    name: str
    pixels: Points
    lps_mm: Points


@dataclass(frozen=True)
class Coca:
    """The importer."""

    name: str = "coca"
    citation: str = "Stanford AIMI, COCA - Coronary Calcium and chest CTs"

    def find(self, folder: Path) -> list[Item]:
        """The patients with contours."""
        places = (folder / GATED, folder, *sorted(folder.glob(f"*/{GATED}")))
        gated = next((p for p in places if (p / "calcium_xml").is_dir()), None)
        if gated is None or not (gated / "patient").is_dir():
            raise wrong_layout(folder, LAYOUT)
        items = [
            Item(
                f"coca_{xml.stem}",
                f"coca-{xml.stem}",
                "Stanford-research-use",
                {"patient": gated / "patient" / xml.stem, "xml": xml},
            )
            for xml in sorted((gated / "calcium_xml").glob("*.xml"))
            if (gated / "patient" / xml.stem).is_dir()
        ]
        if not items:
            raise wrong_layout(gated, LAYOUT)
        return items

    def read(self, item: Item) -> ClaimedCt:
        """CT with the calcium of the coronaries."""
        xml = item.files["xml"]
        contours = read_contours(xml)
        if not contours:
            raise InputError(f"{xml} holds no contour; there is nothing to learn from the case")
        study = read_ct(item.files["patient"])
        if study.resampled:
            raise InputError(
                f"{item.files['patient']} has tilted or unequal slices, on which pixels of the "
                "contours cannot be placed"
            )
        claims, off_mm = calcium_claims(study.volume, contours, xml)
        native = study.volume.with_array(claims)
        notes = {
            "contours": dict(Counter(contour.name for contour in contours)),
            "largest_pixel_to_mm_offset": round(off_mm, 2),
            "kvp": study.acquisition.kvp,
        }
        return ClaimedCt(study.volume.canonical().volume, native.canonical().volume.array, notes)


def calcium_claims(ct: Volume, contours: list[Contour], xml: Path) -> tuple[Labels, float]:
    """Claims on the native voxels (column, row, slice) of a CT.

    Returns:
        The claims; and the largest distance within the slice, in mm, between a corner's pixel and
        its position, which says whether the contours belong to this series.

    Raises:
        InputError: a contour lies between or beyond the slices.
    """
    claims = np.full(ct.shape, Claim.UNKNOWN, dtype=np.uint8)
    off_mm = 0.0
    for contour in contours:
        k = slice_at(ct, float(contour.lps_mm[:, 2].mean()), xml)
        at_mm = ct.index(contour.lps_mm)[:, :2] - contour.pixels
        off_mm = max(off_mm, float(np.abs(at_mm * ct.spacing_mm[:2]).max()))
        inside = filled(contour.pixels, ct.shape[:2])
        corners = np.clip(np.rint(contour.pixels).astype(int), 0, np.array(ct.shape[:2]) - 1)
        inside[tuple(corners.T)] = True
        dense = inside & (ct.array[:, :, k] >= CALCIUM_HU)
        if contour.name in CORONARIES:
            claims[:, :, k][dense] = Claim.VASCULAR
    return claims, off_mm


def slice_at(ct: Volume, z_mm: float, xml: Path) -> int:
    """The slice at a height; raises InputError where the nearest is half a slice away."""
    heights = np.array([ct.lps_mm([0, 0, k])[2] for k in range(ct.shape[2])])
    k = int(np.abs(heights - z_mm).argmin())
    if abs(heights[k] - z_mm) > 0.5 * float(ct.spacing_mm[2]):
        raise InputError(
            f"{xml} has a contour that is on no slice of the CT: found z = {z_mm:.2f} mm, expected "
            f"{heights.min():.2f} to {heights.max():.2f} mm; download the series again"
        )
    return k


def read_contours(xml: Path) -> list[Contour]:
    """The ROIs with an area; raises UnreadableFileError where the file is not as described."""
    try:
        with xml.open("rb") as file:
            record = plistlib.load(file, fmt=plistlib.FMT_XML)
        return [
            Contour(str(roi["Name"]), _points(roi["Point_px"], 2), _points(roi["Point_mm"], 3))
            for roi in _rois(record)
            if float(roi.get("Area", 0)) > 0 and roi["Point_mm"]
        ]
    except (OSError, ExpatError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFileError(
            f"{xml} is not a list of contours: expected a property list with Images, ROIs, "
            f"Point_px and Point_mm, found {error!r}"
        ) from error


def _rois(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for image in record["Images"]:
        yield from image["ROIs"]


def _points(texts: list[str], count: int) -> NDArray[np.float64]:
    """Points written as "(1.0, 2.0)"."""
    points = [[float(number) for number in NUMBER.findall(text)] for text in texts]
    if any(len(point) != count for point in points):
        raise ValueError(f"points of {count} numbers")
    return np.array(points, dtype=np.float64).reshape(-1, count)
