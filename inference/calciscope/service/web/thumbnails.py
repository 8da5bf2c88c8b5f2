"""Small pictures of results: made when first asked for, kept in memory for the next time."""

import threading
from collections import OrderedDict
from io import BytesIO
from pathlib import Path

import pydicom
from PIL import Image
from pydicom.errors import InvalidDicomError

CHOICE = ("picture_02.dcm", "picture_01.dcm")
"""The coronal projection; where there is none, the page of figures."""

SIDE_PX = 192
TITLE_PX, FOOT_PX = 56, 90
"""The bar above the picture and the words below it, which nobody could read so small."""

KEPT = 512
LARGEST_PX = 4096


class Thumbnails:
    """Makes thumbnails, one at a time."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._made: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, job_id: int, result: Path) -> bytes | None:
        """A PNG of at most 192 pixels a side; None where the result holds no picture."""
        for name in CHOICE:
            file = result / "dicom" / name
            try:
                made = file.stat().st_mtime_ns
            except OSError:
                continue
            with self._lock:
                if (job_id, made) not in self._made:
                    picture = _thumbnail(file)
                    if picture is None:
                        continue
                    self._made[job_id, made] = picture
                    if len(self._made) > self._kept:
                        self._made.popitem(last=False)
                self._made.move_to_end((job_id, made))
                return self._made[job_id, made]
        return None


def _thumbnail(file: Path) -> bytes | None:
    try:
        dataset = pydicom.dcmread(file)
        if max(int(dataset.Rows), int(dataset.Columns)) > LARGEST_PX:
            return None
        picture = Image.fromarray(dataset.pixel_array).convert("RGB")
    except (OSError, InvalidDicomError, AttributeError, TypeError, ValueError):
        return None
    if file.name == CHOICE[0] and picture.height > 3 * (TITLE_PX + FOOT_PX):
        picture = picture.crop((0, TITLE_PX, picture.width, picture.height - FOOT_PX))
    picture.thumbnail((SIDE_PX, SIDE_PX))
    written = BytesIO()
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()
