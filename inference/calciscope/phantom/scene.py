"""Random people on a scanner table: two legs or one, thin to swollen, with blanket and table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.phantom.legs import Leg
from calciscope.phantom.limb_drawing import Canvas, draw_leg
from calciscope.resampling import resample_array
from calciscope.volume import Volume

Rng = np.random.Generator


@dataclass(frozen=True)
class Furniture:
    """What lies around the patient.

    Attributes:
        table_y_mm: top of the table at its middle (None: no table); gap to the legs included.
        table_radius_mm: of its curve; shell_hu, foam_hu: of shell and filling.
        blanket_hu: of the blanket over the legs (None: none); wrinkle_mm: its waviness.
    """

    table_y_mm: float | None = None
    table_radius_mm: float = 600.0
    shell_hu: float = -150.0
    foam_hu: float = -950.0
    blanket_hu: float | None = None
    wrinkle_mm: float = 3.0


def smooth_field(shape: tuple[int, ...], cells: tuple[int, ...], rng: Rng) -> NDArray[np.float32]:
    """Smooth random values, about -1..1, with `cells` bumps along each axis."""
    coarse = rng.normal(0, 0.5, [max(c, 2) for c in cells]).astype(np.float32)
    planes = (1,) * (3 - len(shape))
    field = resample_array(coarse.reshape(coarse.shape + planes), (*shape, *planes))
    return np.asarray(field.reshape(shape))


def paint_scene(grid: Volume, legs: list[Leg], furniture: Furniture, rng: Rng) -> Canvas:
    """Paint legs and furniture onto a grid.

    Args:
        grid: canonical; its array is not used.
        legs: painted in order.
        furniture: behind the legs.
        rng: of fat streaks and blanket wrinkles.
    """
    canvas = Canvas.blank(grid)
    extent = np.array(grid.shape) * grid.spacing_mm
    # Streaks run along the limb: 6 mm apart across, 30 mm along.
    cells = (int(extent[0] / 6), int(extent[1] / 6), int(extent[2] / 30))
    streaks = smooth_field(grid.shape, cells, rng)
    for leg in legs:
        draw_leg(canvas, leg, streaks)
    _paint_furniture(canvas, furniture, rng)
    return canvas


def _paint_furniture(canvas: Canvas, furniture: Furniture, rng: Rng) -> None:
    """Table behind and blanket in front of the legs, only where there is air."""
    grid = canvas.grid
    x = grid.affine[0, 3] + grid.spacing_mm[0] * np.arange(grid.shape[0])
    y = grid.affine[1, 3] + grid.spacing_mm[1] * np.arange(grid.shape[1])
    air = canvas.tissues == 0
    if furniture.table_y_mm is not None:
        top = furniture.table_y_mm + x**2 / (-2 * furniture.table_radius_mm)
        below = y[None, :] - top[:, None]
        shell = np.clip(1.5 - np.abs(below - 1.5), 0, 1) + np.clip(1.5 - np.abs(below - 28), 0, 1)
        foam = (below > 1.5) & (below < 28)
        plane = np.where(foam, furniture.foam_hu, -1000.0)
        plane = plane + np.clip(shell, 0, 1) * (furniture.shell_hu - plane)
        covered = (below > -0.5) & (below < 30)
        where = air & covered[:, :, None]
        canvas.hu[where] = np.broadcast_to(plane[:, :, None], air.shape)[where]
    if furniture.blanket_hu is not None:
        _paint_blanket(canvas, furniture, air, y, rng)


def _paint_blanket(
    canvas: Canvas, furniture: Furniture, air: NDArray[np.bool_], y: NDArray[np.float64], rng: Rng
) -> None:
    nx, ny, nz = canvas.grid.shape
    body = ~air
    first = np.where(body.any(axis=1), body.argmax(axis=1), ny)
    # A blanket spans hollows: lowest front of the neighborhood, slightly relaxed.
    front = ndimage.uniform_filter(ndimage.minimum_filter(first, (61, 5)).astype(float), (31, 5))
    wrinkles = smooth_field((nx, nz), (nx // 12, nz // 12), rng) * furniture.wrinkle_mm
    position = y[0] + front * canvas.grid.spacing_mm[1] - 4 - np.abs(wrinkles)
    pixel = float(canvas.grid.spacing_mm[1])
    rows = np.round((position - y[0]) / pixel).astype(int)
    columns = np.arange(nx)[:, None], np.arange(nz)[None, :]
    for shift in range(-2, 3):
        row = np.clip(rows + shift, 0, ny - 1)
        place = (columns[0], row, columns[1])
        alpha = np.clip(1.3 - np.abs(y[row] - position) / pixel, 0, 1) * air[place]
        alpha *= front < ny - 1
        canvas.hu[place] += alpha * ((furniture.blanket_hu or 0.0) - canvas.hu[place])
