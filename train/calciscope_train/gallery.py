"""`calciscope-train gallery`: PNG sheets of training cases, to be looked at before they are used.

Each case is one panel: the axial slice with most lesion voxels (the middle one without any) beside
the coronal maximum intensity projection, with the outlines of the labels.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import InputError, PhantomError
from calciscope.labels import DESCRIPTIONS, IGNORE, Label
from calciscope.phantom.cases import random_case
from calciscope.preprocessing import PreprocessingSpec
from calciscope.resampling import resample_array
from calciscope.writers.whole_file import whole_file
from calciscope_train.cases import list_cases, read_case
from calciscope_train.synthesis import on_model_grid

LOGGER = logging.getLogger(__name__)

OUTLINED = (Label.BONE, Label.VASCULAR, Label.FOREIGN, Label.CALCIFICATION)
AXIAL_WINDOW_HU = (-200.0, 400.0)
PROJECTION_WINDOW_HU = (-100.0, 1300.0)
IGNORE_COLOR = "#888888"
SQUARE = 240
"""Pixels of each picture of a panel."""

ROW_INCHES = 2.55

Image = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Panel:
    """One case on a sheet.

    Attributes:
        ct: HU, shape (X, Y, Z) canonical; labels: same shape.
        spacing_mm: of the grid.
        title: line over the picture.
    """

    ct: NDArray[Any]
    labels: NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]
    title: str


def gallery(
    output: Path,
    root: Path | None = None,
    split: str = "train",
    count: int = 48,
    start: int = 0,
    per_sheet: int = 24,
    settings: str = "training",
) -> None:
    """Draw sheets of cases.

    Args:
        output: folder for sheet-000.png, sheet-001.png ...; made where it is missing.
        root: folder of prepared cases (None: random phantom cases are made for the sheets).
        split: of the prepared cases.
        count: number of cases.
        start: first case of the folder, or first seed.
        per_sheet: cases on a sheet.
        settings: training or held_out, of random phantom cases.

    Raises:
        InputError: the folder holds no cases, or the numbers are not positive.
    """
    if count < 1 or per_sheet < 1 or start < 0:
        raise InputError("a gallery needs at least one case a sheet; give positive numbers")
    if root is None:
        panels = _phantoms(start, count, settings)
    else:
        folders = list_cases(root, split)[start : start + count]
        if not folders:
            raise InputError(f"{root / split} holds no cases from number {start}; prepare some")
        panels = (_prepared(folder) for folder in folders)
    output.mkdir(parents=True, exist_ok=True)
    sheet: list[Panel] = []
    number = 0
    for panel in panels:
        sheet.append(panel)
        if len(sheet) == per_sheet:
            write_sheet(sheet, output / f"sheet-{number:03d}.png")
            sheet, number = [], number + 1
    if sheet:
        write_sheet(sheet, output / f"sheet-{number:03d}.png")


def _phantoms(start: int, count: int, settings: str) -> Iterator[Panel]:
    for seed in range(start, start + count):
        try:
            case = random_case(seed, settings=settings)
        except PhantomError as error:
            LOGGER.warning("seed %d left out: %s", seed, error)
            continue
        ct, labels, meta = on_model_grid(case, PreprocessingSpec())
        yield Panel(ct, labels, tuple(meta["spacing_mm"]), _title(f"{seed}", meta))


def _prepared(folder: Path) -> Panel:
    case = read_case(folder)
    return Panel(case.ct, case.labels, tuple(case.meta["spacing_mm"]),
                 _title(case.case_id.removeprefix("phantom-"), case.meta))  # fmt: skip


def _title(name: str, meta: Any) -> str:
    """Seed or name, body part, scanner and traits, in two short lines."""
    scanner = _scanner(meta.get("acquisition", {}))
    parts = [name, str(meta.get("body_part", meta.get("source", ""))), str(meta.get("posture", ""))]
    traits = ", ".join(meta.get("traits", ()))
    return " ".join(p for p in (*parts, scanner) if p) + "\n" + traits[:60]


def _scanner(acquisition: Mapping[str, Any]) -> str:
    """What is known of the scanner: phantoms name their kernel, real limbs their resolution."""
    parts = [str(acquisition.get("kernel", ""))]
    for key, unit in (("slice_mm", "mm"), ("slice_thickness_mm", "mm"), ("kvp", "kVp")):
        if key in acquisition:
            parts.append(f"{acquisition[key]:g} {unit}")
    if "fwhm_mm" in acquisition:
        parts.append(f"FWHM {acquisition['fwhm_mm']:g} mm")
    return " ".join(p for p in parts if p)


def write_sheet(panels: Sequence[Panel], path: Path, columns: int = 4) -> None:
    """Draw cases onto one PNG.

    Args:
        panels: of the sheet.
        path: of the PNG; its folder exists.
        columns: cases beside each other.
    """
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4.6 * columns, ROW_INCHES * rows + 0.5), facecolor="black")
    FigureCanvasAgg(figure)
    for n, panel in enumerate(panels):
        axes = figure.add_subplot(rows, columns, n + 1)
        axes.imshow(panel_picture(panel), interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(panel.title, color="white", fontsize=7, pad=2)
    key = "; ".join(f"{DESCRIPTIONS[label].color} {DESCRIPTIONS[label].text}" for label in OUTLINED)
    windows = "axial {:g} to {:g} HU, coronal projection {:g} to {:g} HU".format(
        *AXIAL_WINDOW_HU, *PROJECTION_WINDOW_HU
    )
    figure.text(0.01, 0.003, f"{windows}; {key}; {IGNORE_COLOR} ignored", color="w", fontsize=7)
    figure.subplots_adjust(
        0.005,
        0.3 / (ROW_INCHES * rows + 0.5),
        0.995,
        1 - 0.3 / (ROW_INCHES * rows + 0.5),
        0.02,
        0.12,
    )
    with whole_file(path) as draft:
        figure.savefig(draft, format="png", dpi=110)
    LOGGER.info("%s: %d cases", path, len(panels))


def panel_picture(panel: Panel) -> Image:
    """Axial slice and coronal projection side by side, as RGB in 0-1, shape (rows, columns, 3)."""
    lesion = panel.labels == Label.CALCIFICATION
    counts = lesion.sum(axis=(0, 1))
    k = int(np.argmax(counts)) if counts.any() else panel.ct.shape[2] // 2
    axial = _drawn(np.asarray(panel.ct[:, :, k]).T, np.asarray(panel.labels[:, :, k]).T,
                   AXIAL_WINDOW_HU)  # fmt: skip
    ct = np.asarray(panel.ct).max(axis=1).T[::-1]
    seen = np.zeros(ct.shape, np.uint8)
    for label in (Label.VASCULAR, Label.FOREIGN, Label.CALCIFICATION):
        seen[(panel.labels == label).any(axis=1).T[::-1]] = label
    rows = max(round(ct.shape[0] * panel.spacing_mm[2] / panel.spacing_mm[0]), 1)
    stretch = np.minimum(np.arange(rows) * ct.shape[0] // rows, ct.shape[0] - 1)
    coronal = _drawn(ct[stretch], seen[stretch], PROJECTION_WINDOW_HU)
    return np.concatenate([_fitted(axial), _fitted(coronal)], axis=1)


def _fitted(picture: Image) -> Image:
    """A picture scaled into a square of SQUARE pixels, small ones enlarged, with a border."""
    inner = SQUARE - 4
    factor = inner / max(picture.shape[:2])
    shape = [max(round(n * factor), 1) for n in picture.shape[:2]]
    channels = [resample_array(picture[..., c : c + 1], (*shape, 1)) for c in range(3)]
    scaled = np.clip(np.concatenate(channels, axis=2), 0, 1)
    square = np.zeros((SQUARE, SQUARE, 3))
    start = [2 + (inner - n) // 2 for n in shape]
    square[start[0] : start[0] + shape[0], start[1] : start[1] + shape[1]] = scaled
    return square


def _drawn(hu: NDArray[Any], labels: NDArray[np.uint8], window_hu: tuple[float, float]) -> Image:
    """A gray picture with the outlines of its labels."""
    low, high = window_hu
    gray = np.clip((hu.astype(float) - low) / (high - low), 0, 1)
    picture = np.repeat(gray[:, :, None], 3, axis=2)
    for value, color in ((IGNORE, IGNORE_COLOR), *((x, DESCRIPTIONS[x].color) for x in OUTLINED)):
        mask = labels == value
        # The outline lies outside, so that it does not hide a small lesion.
        edge = ndimage.binary_dilation(mask) & ~mask
        picture[edge] = 0.35 * picture[edge] + 0.65 * np.array(to_rgb(color))
    return picture
