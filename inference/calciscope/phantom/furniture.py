"""What surrounds a patient: table, mattress, blanket, clothes, cast, lines; none of it is body."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.phantom.anatomy.solids import Ball, Depth, Tube, depth_in_box, grid_axes
from calciscope.phantom.body_settings import BodySettings
from calciscope.phantom.limb_drawing import AIR_HU, Canvas
from calciscope.phantom.scene import smooth_field

Rng = np.random.Generator


@dataclass(frozen=True)
class Surroundings:
    """What lies around a patient.

    Attributes:
        prone: the table is in front of the patient then.
        table: whether there is one; radius_mm: of its curve; shell_hu, shell_mm, foam_hu: of it.
        mattress_mm: thickness (0: none); mattress_hu, cover_hu: foam and its cover.
        gap_mm: between body and what it lies on.
        blanket_hu, clothes_hu, cast_hu: None where there is none.
        lines: number of tubes and leads along the body.
    """

    prone: bool = False
    table: bool = True
    radius_mm: float = 800.0
    shell_hu: float = -100.0
    shell_mm: float = 2.5
    foam_hu: float = -950.0
    mattress_mm: float = 20.0
    mattress_hu: float = -930.0
    cover_hu: float = -400.0
    gap_mm: float = 1.0
    blanket_hu: float | None = None
    clothes_hu: float | None = None
    cast_hu: float | None = None
    lines: int = 0


def random_surroundings(settings: BodySettings, prone: bool, rng: Rng) -> Surroundings:
    """Draw what lies around a patient."""
    table = settings.happens("table", rng)
    return Surroundings(
        prone=prone,
        table=table,
        radius_mm=rng.uniform(350, 2500),
        shell_hu=rng.uniform(-300, 150),
        shell_mm=rng.uniform(1.5, 4.0),
        foam_hu=rng.uniform(-985, -900),
        mattress_mm=rng.uniform(8, 40) if settings.happens("mattress", rng) else 0.0,
        mattress_hu=rng.uniform(-970, -850),
        cover_hu=rng.uniform(-700, 0),
        gap_mm=rng.uniform(-2, 6),
        blanket_hu=rng.uniform(-900, -400) if settings.happens("blanket", rng) else None,
        clothes_hu=rng.uniform(-850, -250) if settings.happens("clothes", rng) else None,
        cast_hu=rng.uniform(150, 900) if settings.happens("cast", rng) else None,
        lines=int(rng.integers(1, 4)) if settings.happens("lines", rng) else 0,
    )


def paint_surroundings(canvas: Canvas, around: Surroundings, skin: Depth, rng: Rng) -> None:
    """Paint into the air around a body.

    Args:
        canvas: is changed; its labels are not: nothing outside is body.
        around: what to paint.
        skin: depth under the skin, negative in the air and known 9 mm far.
        rng: of wrinkles and places.
    """
    axes = grid_axes(canvas.grid)
    # Seen from a prone patient the table is in front: paint on mirrored views.
    flip = slice(None, None, -1) if around.prone else slice(None)
    hu, body, depth = canvas.hu[:, flip], canvas.tissues[:, flip] > 0, skin[:, flip]
    y = axes[1].ravel() * (1 if not around.prone else -1)
    y = y[flip]
    x = axes[0].ravel()
    if around.cast_hu is not None:
        _shell(hu, body, depth, around.cast_hu, rng.uniform(2, 4), rng.uniform(3, 6), rng)
    if around.clothes_hu is not None:
        _shell(hu, body, depth, around.clothes_hu, rng.uniform(1, 4), rng.uniform(0.6, 1.6), rng)
    if around.table:
        _paint_table(hu, body, x, y, around)
    if around.blanket_hu is not None:
        _paint_blanket(hu, body, y, float(canvas.grid.spacing_mm[1]), around.blanket_hu, rng)
    for _ in range(around.lines):
        _paint_line(canvas, skin, rng)
    canvas.hu[:, flip] = hu


def _shell(
    hu: Depth, body: NDArray[np.bool_], depth: Depth, value: float, away_mm: float,
    thick_mm: float, rng: Rng,
) -> None:  # fmt: skip
    """A layer around the body, wrinkled, with folds where it is double."""
    shape = hu.shape
    wrinkle = smooth_field(shape, tuple(max(n // 14, 2) for n in shape), rng)
    middle = np.float32(-away_mm - 0.5 * thick_mm) - 1.5 * np.abs(wrinkle)
    alpha = np.clip(0.5 * thick_mm + 0.5 - np.abs(depth - middle), 0, 1) * ~body
    hu += alpha * (np.float32(value) - hu)


def _paint_table(
    hu: Depth, body: NDArray[np.bool_], x: NDArray[np.float32], y: NDArray[np.float32],
    around: Surroundings,
) -> None:  # fmt: skip
    """Mattress and table top under the lowest point of the body."""
    rows = np.flatnonzero(body.any(axis=(0, 2)))
    lowest = y[rows[-1]] if len(rows) else y[-1] - 40
    middle = 0.5 * (x[0] + x[-1])
    sag = (x - middle) ** 2 / (-2 * around.radius_mm)
    top = lowest + around.gap_mm + sag
    below = y[None, :] - top[:, None]
    m = around.mattress_mm
    plane = np.full(below.shape, AIR_HU)

    def layer(start: float, thick: float, value: float) -> None:
        alpha = np.clip(0.5 * thick + 0.5 - np.abs(below - start - 0.5 * thick), 0, 1)
        plane[:] += np.minimum(alpha, 1) * (value - plane)

    if m:
        layer(0, m, around.mattress_hu)
        layer(0, 1.0, around.cover_hu)
        layer(m - 1.0, 1.0, around.cover_hu)
    layer(m, 30, around.foam_hu)
    layer(m, around.shell_mm, around.shell_hu)
    layer(m + 26, around.shell_mm, around.shell_hu)
    where = ~body & (below > -1)[:, :, None] & (hu < -600)
    hu[where] = np.maximum(hu, np.broadcast_to(plane[:, :, None], hu.shape))[where]


def _paint_blanket(
    hu: Depth, body: NDArray[np.bool_], y: NDArray[np.float32], pixel: float, value: float,
    rng: Rng,
) -> None:  # fmt: skip
    """A wrinkled layer over the side away from the table."""
    nx, ny, nz = body.shape
    first = np.where(body.any(axis=1), body.argmax(axis=1), ny)
    # A blanket spans hollows: lowest front of the neighborhood, slightly relaxed.
    front = ndimage.uniform_filter(ndimage.minimum_filter(first, (61, 5)).astype(float), (31, 5))
    wrinkles = smooth_field((nx, nz), (max(nx // 12, 2), max(nz // 12, 2)), rng) * rng.uniform(1, 8)
    position = y[0] + front * pixel - rng.uniform(2, 8) - np.abs(wrinkles)
    thick = rng.uniform(0.6, 2.5)
    rows = np.round((position - y[0]) / pixel).astype(int)
    columns = np.arange(nx)[:, None], np.arange(nz)[None, :]
    for shift in range(-4, 5):
        row = np.clip(rows + shift, 0, ny - 1)
        place = (columns[0], row, columns[1])
        alpha = np.clip(0.5 * thick + 0.5 - np.abs(y[row] - position) / pixel, 0, 1) * ~body[place]
        alpha *= front < ny - 1
        hu[place] += alpha * (value - hu[place])


def _paint_line(canvas: Canvas, skin: Depth, rng: Rng) -> None:
    """A tube or lead that runs along the body, a few mm off the skin, with a clip on it."""
    near = np.argwhere((skin[::3, ::3, ::3] < -2) & (skin[::3, ::3, ::3] > -8)) * 3
    if len(near) < 50:
        return
    axes = grid_axes(canvas.grid)
    z = near[:, 2]
    nodes = []
    last: NDArray[np.float64] | None = None
    for level in np.unique(z)[:: max(len(np.unique(z)) // 8, 1)]:
        here = near[z == level]
        points = np.column_stack([axes[k].ravel()[here[:, k]] for k in range(3)])
        pick = rng.integers(len(points)) if last is None else int(
            np.argmin(np.linalg.norm(points - last, axis=1)))  # fmt: skip
        last = points[pick].astype(float)
        nodes.append(last)
    if len(nodes) < 2:
        return
    radius = rng.uniform(0.8, 2.5)
    tube = Tube(np.array(nodes), np.full((len(nodes), 2), radius), np.array([1.0, 0.2, 0.0]), 0.5)
    lumen = Tube(tube.nodes, tube.radii_mm * 0.6, tube.across, 0.5)
    clip = Ball(nodes[len(nodes) // 2], rng.uniform(1.0, 4.0, 3), np.eye(3))
    pixel = float(canvas.grid.spacing_mm[0])
    for solid, value in ((tube, rng.uniform(50, 500)), (lumen, rng.choice([-1000.0, 10.0])),
                         (clip, rng.choice([300.0, 1200.0, 6000.0]))):  # fmt: skip
        found = depth_in_box(solid, axes)
        if not found:
            continue
        box, depth = found
        alpha = np.clip(0.5 + depth / pixel, 0, 1) * (canvas.tissues[box] == 0)
        canvas.hu[box] += alpha * (np.float32(value) - canvas.hu[box])
