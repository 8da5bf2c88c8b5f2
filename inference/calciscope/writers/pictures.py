"""Pictures of the report: PNG bytes drawn with matplotlib, without its global state."""

import base64
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from calciscope.labels import COMPARTMENT_COLORS, Compartment

MARK_COLOR = "#FFFFFF"
DOTS_PER_INCH = 100.0


@dataclass(frozen=True)
class Picture:
    """A PNG and what a page must know of it.

    Attributes:
        png: the file's bytes.
        width_px, height_px: size.
        width_mm: what the width shows in the patient.
        alternative: what the picture shows, in words.
    """

    png: bytes
    width_px: int
    height_px: int
    width_mm: float
    alternative: str

    @property
    def data_uri(self) -> str:
        """The picture as text that an `img` element takes in place of an address."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


@dataclass(frozen=True)
class Edges:
    """Letters of the patient's sides at the edges of a picture."""

    left: str
    right: str
    top: str
    bottom: str


AXIAL = Edges(left="R", right="L", top="A", bottom="P")
CORONAL = Edges(left="R", right="L", top="H", bottom="F")
SAGITTAL = Edges(left="A", right="P", top="H", bottom="F")


class Canvas:
    """A picture without margins whose axes are in mm, y downwards.

    Args:
        width_mm, height_mm: what it shows.
        pixels_per_mm: its scale.
        ink, paper: of letters and of the ground around them.
    """

    def __init__(
        self,
        width_mm: float,
        height_mm: float,
        pixels_per_mm: float,
        ink: str = MARK_COLOR,
        paper: str = "#000000",
    ) -> None:
        self.width_mm, self.height_mm = width_mm, height_mm
        self._ink, self._paper = ink, paper
        self.width_px = max(round(width_mm * pixels_per_mm), 1)
        self.height_px = max(round(height_mm * pixels_per_mm), 1)
        self._pixels_per_mm = pixels_per_mm
        size = (self.width_px / DOTS_PER_INCH, self.height_px / DOTS_PER_INCH)
        self._figure = Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor=paper)
        FigureCanvasAgg(self._figure)
        self.axes: Axes = self._figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_axis_off()
        self._keep_limits()

    def image(
        self,
        rgb: NDArray[np.uint8],
        interpolation: str = "bilinear",
        extent_mm: tuple[float, float] | None = None,
    ) -> None:
        """Lay an image over the canvas, shape (rows, columns, 3 or 4), first row on top.

        Args:
            extent_mm: its width and height if they are not those of the canvas; it begins at the
                left and ends at the bottom.
        """
        width_mm, height_mm = extent_mm or (self.width_mm, self.height_mm)
        extent = (0.0, width_mm, self.height_mm, self.height_mm - height_mm)
        self.axes.imshow(rgb, extent=extent, interpolation=interpolation, aspect="auto")
        self._keep_limits()

    def edges(self, edges: Edges, size_px: float = 16.0) -> None:
        """Write the patient's sides at the edges."""
        gap = 0.35 * size_px / self._pixels_per_mm
        middle_x, middle_y = self.width_mm / 2, self.height_mm / 2
        self._text(gap, middle_y, edges.left, size_px, "left", "center")
        self._text(self.width_mm - gap, middle_y, edges.right, size_px, "right", "center")
        self._text(middle_x, gap, edges.top, size_px, "center", "top")
        self._text(middle_x, self.height_mm - gap, edges.bottom, size_px, "center", "bottom")

    def scale_bar(self, length_mm: float, size_px: float = 13.0) -> None:
        """Draw a bar of known length at the lower right corner."""
        gap = size_px / self._pixels_per_mm
        right, bottom = self.width_mm - gap, self.height_mm - gap
        line = self.axes.plot([right - length_mm, right], [bottom, bottom], color=self._ink)
        line[0].set(linewidth=2.0, path_effects=[withStroke(linewidth=4.0, foreground=self._paper)])
        center = right - length_mm / 2
        text = f"{length_mm:g} mm"
        self._text(center, bottom - 0.4 * gap, text, size_px, "center", "bottom")
        self._keep_limits()

    def color_bar(
        self, colors: NDArray[np.uint8], low: str, high: str, name: str, size_px: float = 12.0
    ) -> None:
        """Draw a scale of color at the lower left corner, shape (1, steps, 3), low to high."""
        gap = size_px / self._pixels_per_mm
        width = min(8.0 * gap, 0.3 * self.width_mm)
        bottom = self.height_mm - gap
        extent = (gap, gap + width, bottom, bottom - 0.8 * gap)
        self.axes.imshow(colors, extent=extent, aspect="auto", zorder=3)
        corners_x = [gap, gap + width, gap + width, gap, gap]
        corners_y = [bottom, bottom, bottom - 0.8 * gap, bottom - 0.8 * gap, bottom]
        self.axes.plot(corners_x, corners_y, color=self._ink, linewidth=0.8, zorder=4)
        above = bottom - 1.1 * gap
        self._text(gap, above, low, size_px, "left", "bottom")
        self._text(gap + width, above, f"{high} {name}", size_px, "center", "bottom")
        self._keep_limits()

    def label(self, x_mm: float, y_mm: float, text: str, size_px: float = 11.0) -> None:
        """Write a short text up and right of a point."""
        step = 0.5 * size_px / self._pixels_per_mm
        self._text(x_mm + step, y_mm - step, text, size_px, "left", "bottom")

    def outline(
        self,
        mask: NDArray[np.bool_] | NDArray[np.float32],
        spacing_mm: NDArray[np.float64],
        color: str,
        width: float,
        style: str = "solid",
    ) -> None:
        """Draw a line around a mask given on (x, y), voxel (0, 0) at the upper left corner.

        A mask may be interpolated: the line is where it is a half.
        """
        inside = mask >= 0.5
        if not inside.any() or inside.all():
            return
        columns, rows = (
            (np.arange(count) + 0.5) * spacing
            for count, spacing in zip(mask.shape, spacing_mm, strict=True)
        )
        level = mask.T.astype(np.float32)
        lines = self.axes.contour(
            columns,
            rows,
            level,
            levels=[0.5],
            colors=[color],
            linewidths=[width],
            linestyles=[style],
        )
        lines.set(path_effects=[withStroke(linewidth=width + 0.8, foreground="black")])
        self._keep_limits()

    def picture(self, alternative: str) -> Picture:
        """Draw it."""
        stream = BytesIO()
        # Without the program's version the same picture is the same file.
        self._figure.savefig(stream, format="png", metadata={"Software": None})
        png = stream.getvalue()
        return Picture(png, self.width_px, self.height_px, self.width_mm, alternative)

    def _text(self, x: float, y: float, text: str, size_px: float, across: str, along: str) -> None:
        self.axes.text(
            x,
            y,
            text,
            color=self._ink,
            fontsize=size_px * 72.0 / DOTS_PER_INCH,
            fontweight="bold",
            horizontalalignment=across,
            verticalalignment=along,
            path_effects=[withStroke(linewidth=2.5, foreground=self._paper)],
        )

    def _keep_limits(self) -> None:
        self.axes.set(xlim=(0.0, self.width_mm), ylim=(self.height_mm, 0.0))


def compartment_color(compartment: Compartment) -> str:
    """Hexadecimal color of a compartment; gray for those without one."""
    return COMPARTMENT_COLORS.get(compartment, COMPARTMENT_COLORS[Compartment.INDETERMINATE])


def compartment_rgb(compartment: Compartment) -> NDArray[np.float32]:
    """Color of a compartment, shape (3,), 0 to 1."""
    return np.asarray(to_rgb(compartment_color(compartment)), dtype=np.float32)


def windowed(hu: NDArray[np.generic], low: float, high: float) -> NDArray[np.float32]:
    """Gray values 0 to 1 of HU between `low` and `high`."""
    gray = (np.asarray(hu, dtype=np.float32) - low) / (high - low)
    return np.asarray(np.clip(gray, 0.0, 1.0), dtype=np.float32)


def to_bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Values 0 to 1 as 0 to 255."""
    return np.round(values * 255.0).astype(np.uint8)
