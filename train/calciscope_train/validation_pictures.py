"""Pictures of validation crops while training: CT, reference and prediction side by side."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor

from calciscope.labels import Label
from calciscope.writers.whole_file import whole_file

COLORS = {
    Label.BONE: "#9E9E9E",
    Label.VASCULAR: "#40C4FF",
    Label.FOREIGN: "#E040FB",
    Label.CALCIFICATION: "#FFD600",
}
"""Contours that are drawn, the last on top."""

ENLARGED = 8
"""Pixels of the mask to each voxel, so that a contour follows the edges of voxels."""

INCHES = 2.4
"""Width of one view."""

Crop = tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8]]
"""Gray values in [-1, 1], reference and prediction of one slice, each (X, Y)."""


class ValidationPictures(Callback):
    """After each validation draw some crops into `<folder>/step_<n>.png` and the TensorBoard log.

    Validation reads the same crops every time, so that one file after the other shows what the
    network learns. Crops with calcification come first; each is shown at the slice that holds
    most of it, seen from the feet, the front of the patient up.

    Args:
        folder: where the files lie.
        crops: how many crops are drawn; 0 draws nothing.
    """

    def __init__(self, folder: Path, crops: int = 4) -> None:
        self.folder = folder
        self.crops = crops
        self._calcified: list[Crop] = []
        self._others: list[Crop] = []

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget the crops of the last validation."""
        self._calcified, self._others = [], []

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: dict[str, Tensor],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep a slice of each crop, until there are enough."""
        if not trainer.is_global_zero or len(self._calcified) >= self.crops:
            return
        for ct, labels, predicted in zip(batch["ct"], batch["labels"], outputs, strict=True):
            reference = labels.cpu().numpy()
            calcified = (reference == Label.CALCIFICATION).sum(axis=(0, 1))
            k = int(calcified.argmax()) if calcified.any() else reference.shape[2] // 2
            crop = (
                ct[0, :, :, k].float().cpu().numpy(),
                reference[:, :, k],
                predicted[:, :, k].cpu().numpy(),
            )
            (self._calcified if calcified.any() else self._others).append(crop)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw them."""
        crops = (self._calcified + self._others)[: self.crops]
        if not crops or trainer.sanity_checking:
            return
        step = trainer.global_step
        png = _png(draw_crops(crops, f"step {step}"))
        _write(png, self.folder / f"step_{step:07d}.png")
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                pixels = np.asarray(Image.open(BytesIO(png)).convert("RGB"))
                logger.experiment.add_image("validation", pixels, step, dataformats="HWC")


def draw_crops(crops: list[Crop], title: str) -> Figure:
    """One row a crop: the CT, the CT with the reference, the CT with the prediction."""
    figure = Figure(figsize=(3 * INCHES, len(crops) * INCHES + 0.6), dpi=100, facecolor="black")
    FigureCanvasAgg(figure)
    rows = figure.subplots(
        len(crops),
        3,
        squeeze=False,
        gridspec_kw={"left": 0.01, "right": 0.99, "bottom": 0.01, "wspace": 0.02, "hspace": 0.02}
        | {"top": 1.0 - 0.55 / (len(crops) * INCHES + 0.6)},
    )
    for row, (gray, reference, prediction) in zip(rows, crops, strict=True):
        for axes, labels in zip(row, (None, reference, prediction), strict=True):
            _draw(axes, gray, labels)
    for axes, name in zip(rows[0], (f"CT, {title}", "reference", "prediction"), strict=True):
        axes.set_title(name, color="white", fontsize=10)
    legend = "   ".join(f"{label.name.lower()} {name}" for label, name in _NAMES.items())
    figure.text(0.5, 0.995, legend, color="#BDBDBD", fontsize=8, ha="center", va="top")
    return figure


_NAMES = {
    Label.CALCIFICATION: "yellow",
    Label.VASCULAR: "blue",
    Label.FOREIGN: "violet",
    Label.BONE: "gray",
}


def _draw(axes: Axes, gray: NDArray[np.float32], labels: NDArray[np.uint8] | None) -> None:
    """One slice, x to the right and y down, with contours."""
    size = gray.shape
    extent = (0, size[0], size[1], 0)
    axes.imshow(gray.T, cmap="gray", vmin=-1, vmax=1, extent=extent, interpolation="nearest")
    axes.set_axis_off()
    if labels is None:
        return
    fine = np.kron(labels, np.ones((ENLARGED, ENLARGED), dtype=np.uint8)).T
    at = [(np.arange(n * ENLARGED) + 0.5) / ENLARGED for n in size]
    for label, color in COLORS.items():
        mask = fine == label
        if mask.any() and not mask.all():
            axes.contour(*at, mask, levels=[0.5], colors=[color], linewidths=1.0)


def _png(figure: Figure) -> bytes:
    drawn = BytesIO()
    figure.savefig(drawn, format="png", facecolor="black")
    return drawn.getvalue()


def _write(png: bytes, path: Path) -> None:
    """Write a picture so that the file is whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft:
        draft.write_bytes(png)
