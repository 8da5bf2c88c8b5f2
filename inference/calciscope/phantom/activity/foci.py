"""Foci of uptake: drawn by compartment and kind, shaped, and painted into the layers and the CT."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import Compartment
from calciscope.phantom.activity.layers import VOXEL_MM, Layers, Mask, Values
from calciscope.phantom.activity.settings import INDEX, ActivitySettings, FocusKind
from calciscope.phantom.activity.sites import (
    allowed_mask,
    draw_middle,
    fiber_at,
    site_mask,
    skin_normal,
    usable_vessels,
)
from calciscope.phantom.anatomy.solids import Ball, Box, Tube, depth_in_box
from calciscope.phantom.limb_drawing import Canvas
from calciscope.phantom.noise import wave_noise
from calciscope.phantom.shapes import frame_from_normal
from calciscope.spect.findings import ConcordanceClass

Rng = np.random.Generator
Region = tuple[Box, Values]
"""Box of the fine grid, and the share of each of its voxels that belongs to a focus."""

TRIES = 12
LEAST_ML = 0.15
"""Foci smaller than this count as not placed."""

SOFT = (Compartment.MUSCLE, Compartment.SUBCUTANEOUS, Compartment.VASCULAR)
"""Compartments where uptake without mineral is a class of its own."""


@dataclass(frozen=True)
class Focus:
    """One focus of uptake, or a lesion that is cold.

    Attributes:
        id: from 1; compartment, kind: of activity.yaml, or of the mineral.
        suv: true SUVbw; volume_ml: true volume.
        center_mm: centroid, LPS, where the CT has it (before misregistration).
        classified: what CT and SPECT ought to say of it; None where no mineral is in question.
        lesion_ids: ids in the lesion table; physiologic: whether it is normal.
        length_mm: longest side of the box around it.
    """

    id: int
    compartment: Compartment
    kind: str
    suv: float
    volume_ml: float
    center_mm: tuple[float, float, float]
    classified: ConcordanceClass | None
    lesion_ids: tuple[int, ...]
    physiologic: bool
    length_mm: float

    def row(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def rounded(point: NDArray[np.float64]) -> tuple[float, float, float]:
    """A place to a tenth of a millimeter."""
    x, y, z = (round(float(v), 1) for v in point)
    return x, y, z


def paint_focus(
    layers: Layers, region: Region, suv: float, compartment: Compartment
) -> tuple[float, NDArray[np.float64], float] | None:
    """Raise the uptake of a region to a SUV and give it to a compartment.

    Returns:
        Volume in mL, centroid in LPS mm, longest side in mm; None where it is too small.
    """
    box, share = region
    volume = float(share.sum()) * VOXEL_MM**3 / 1000
    if volume < LEAST_ML:
        return None
    part = layers.suv[box]
    added = share * (np.float32(suv) - part)
    # Who gives most of the uptake of a voxel owns it.
    layers.compartments[box][(added > part) & (share > 0)] = INDEX[compartment]
    layers.compartments[box][share > 0.5] = INDEX[compartment]
    part += np.maximum(added, 0)
    start = np.array([s.start for s in box])
    index = np.argwhere(share > 0.25)
    weights = share[share > 0.25]
    center = layers.grid.lps_mm(start + (index * weights[:, None]).sum(axis=0) / weights.sum())
    return volume, center, float((np.ptp(index, axis=0).max() + 1) * VOXEL_MM)


def paint_hu(canvas: Canvas, layers: Layers, region: Region, hu: float) -> None:
    """Let the CT show a region with these HU; labels stay as they are."""
    box, share = region
    low = layers.grid.lps_mm([s.start for s in box]) - VOXEL_MM
    high = layers.grid.lps_mm([s.stop - 1 for s in box]) + VOXEL_MM
    start = np.maximum(np.floor(canvas.grid.index(low)).astype(int), 0)
    stop = np.minimum(np.ceil(canvas.grid.index(high)).astype(int) + 1, canvas.grid.shape)
    if (start >= stop).any():
        return
    spacing, first = canvas.grid.spacing_mm, canvas.grid.affine[:3, 3]
    origin = layers.grid.lps_mm([s.start for s in box])
    lines = [
        (first[k] + spacing[k] * np.arange(start[k], stop[k]) - origin[k]) / VOXEL_MM
        for k in range(3)
    ]
    mesh = np.meshgrid(*lines, indexing="ij")
    alpha = ndimage.map_coordinates(share, mesh, order=1, mode="grid-constant").astype(np.float32)
    part = canvas.hu[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
    part += alpha * (np.float32(hu) - part)


def draw_foci(
    layers: Layers,
    canvas: Canvas,
    muscles: Sequence[NDArray[np.float64]],
    settings: ActivitySettings,
    trunk: bool,
    rng: Rng,
    first_id: int = 1,
) -> list[Focus]:
    """Put the foci of a case.

    Args:
        layers, canvas: are changed.
        muscles: polylines that elongated foci follow.
        settings: of activity.yaml.
        trunk: whether the weights are those of the trunk.
        rng: of every draw.
        first_id: of the first focus.
    """
    weights = settings.weights["trunk" if trunk else "limb"]
    foci: list[Focus] = []
    for _ in range(round(settings.count.draw(rng))):
        kind = _draw_kind(layers, weights, settings, rng)
        focus = kind and _put(layers, canvas, muscles, kind, first_id + len(foci), foci, rng)
        if focus:
            foci.append(focus)
    return foci


def _draw_kind(
    layers: Layers, weights: Mapping[Compartment, float], settings: ActivitySettings, rng: Rng
) -> FocusKind | None:
    """A compartment that this body has, then a kind of it that has a place."""
    table = dict(weights)
    while table:
        names = list(table)
        chances = np.array([table[n] for n in names])
        compartment = names[int(rng.choice(len(names), p=chances / chances.sum()))]
        kinds = [k for k in settings.foci.values() if k.compartment == compartment]
        kinds = [k for k in kinds if has_place(layers, k)]
        if kinds:
            shares = np.array([k.weight for k in kinds])
            return kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
        del table[compartment]
    return None


def has_place(layers: Layers, kind: FocusKind) -> bool:
    """Whether a body has the place of a kind."""
    if kind.shape == "tube":
        return bool(usable_vessels(layers, kind.site == "vein"))
    return bool(site_mask(layers, kind.site).any())


def _put(
    layers: Layers, canvas: Canvas, muscles: Sequence[NDArray[np.float64]], kind: FocusKind,
    number: int, others: Sequence[Focus], rng: Rng,
) -> Focus | None:  # fmt: skip
    for attempt in range(TRIES):
        region = focus_region(layers, muscles, kind, rng)
        if region is None or region[1].sum() * VOXEL_MM**3 / 1000 < LEAST_ML:
            continue
        middle = _middle(layers, region)
        # Most foci stand alone; some touch.
        near = [o for o in others if np.linalg.norm(np.array(o.center_mm) - middle) < 30]
        lonely = kind.shape != "blob" or (attempt < TRIES - 3 and rng.uniform() < 0.85)
        if near and lonely:
            continue
        suv = kind.suv.draw(rng)
        painted = paint_focus(layers, region, suv, kind.compartment)
        if painted is None:
            continue
        volume, center, length = painted
        if kind.hu is not None and (hu := kind.hu.draw(rng)) != -1:
            paint_hu(canvas, layers, region, hu)
        soft = kind.compartment in SOFT
        return Focus(
            number, kind.compartment, kind.name, round(suv, 2), round(volume, 2),
            rounded(center),
            ConcordanceClass.HOT_WITHOUT_CALCIFICATION if soft else None, (), False,
            round(length, 1),
        )  # fmt: skip
    return None


def _middle(layers: Layers, region: Region) -> NDArray[np.float64]:
    box, share = region
    index = np.argwhere(share > 0.25)
    start = np.array([s.start for s in box])
    place = start + (index.mean(axis=0) if len(index) else np.zeros(3))
    return np.asarray(layers.grid.lps_mm(place))


def focus_region(
    layers: Layers, muscles: Sequence[NDArray[np.float64]], kind: FocusKind, rng: Rng
) -> Region | None:
    """A random region of a kind; None where there is no place for it."""
    if kind.shape == "tube":
        return _tube(layers, kind, rng)
    index = draw_middle(layers, site_mask(layers, kind.site), rng)
    if index is None:
        return None
    if kind.shape == "blob":
        return _blob(layers, muscles, kind, index, rng)
    organ = _component(layers.organs[kind.site], index)
    if kind.shape == "whole":
        size = kind.length_mm.draw(rng)
        if size:
            organ = organ & _ball(layers, index, 0.5 * size)
        return _cropped(organ.astype(np.float32))
    if kind.shape == "shell":
        return _shell(layers, organ, kind.depth_mm.draw(rng), kind.compartment)
    return _dependent(layers, organ, kind.depth_mm.draw(rng))


def _component(mask: Mask, index: NDArray[np.intp]) -> Mask:
    labels, _ = ndimage.label(mask)
    return np.asarray(labels == labels[tuple(index)])


def _ball(layers: Layers, index: NDArray[np.intp], radius_mm: float) -> Mask:
    x, y, z = layers.axes
    px, py, pz = layers.grid.lps_mm(index)
    return np.asarray((x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2 < radius_mm**2)


def _cropped(share: Values) -> Region | None:
    if not share.any():
        return None
    box = ndimage.find_objects((share > 0).astype(np.uint8))[0]
    return (box[0], box[1], box[2]), share[box]


def _shell(layers: Layers, organ: Mask, thick_mm: float, compartment: Compartment) -> Region | None:
    """The surface of an organ, both sides of it, where no bone and no air is."""
    inside, outside = layers.distance_mm(~organ), layers.distance_mm(organ)
    # Distances run between voxel middles: the surface is half a voxel from either.
    away = np.where(organ, inside, outside) - 0.5 * VOXEL_MM
    share = np.clip(0.5 + (0.5 * thick_mm - away) / VOXEL_MM, 0, 1)
    keep = organ | (layers.compartments == INDEX[compartment])
    return _cropped((share * keep).astype(np.float32))


def _dependent(layers: Layers, organ: Mask, deep_mm: float) -> Region | None:
    """The back of an organ, where fluid of a supine patient lies, up to a level."""
    rows = np.flatnonzero(organ.any(axis=(0, 2)))
    if len(rows) == 0:
        return None
    y = np.arange(organ.shape[1])
    behind = np.clip(0.5 + deep_mm / VOXEL_MM - (rows[-1] - y), 0, 1)
    return _cropped((organ * behind[None, :, None]).astype(np.float32))


def _blob(
    layers: Layers, muscles: Sequence[NDArray[np.float64]], kind: FocusKind,
    index: NDArray[np.intp], rng: Rng,
) -> Region | None:  # fmt: skip
    """A rough ellipsoid, cut by what its compartment ends at."""
    point = layers.grid.lps_mm(index + rng.uniform(-0.5, 0.5, 3))
    half = 0.5 * np.array([f.draw(rng) for f in (kind.length_mm, kind.width_mm, kind.depth_mm)])
    along, normal = rng.normal(size=3), rng.normal(size=3)
    if kind.along in ("fiber", "across"):
        along = fiber_at(muscles, point) + 0.1 * rng.normal(size=3)
        normal = skin_normal(layers, index)
    if kind.along == "across":
        along, normal = normal + 0.2 * rng.normal(size=3), along
    if kind.along == "skin":
        normal = skin_normal(layers, index)
        along = np.array([0.0, 0.0, 1.0]) + 0.6 * rng.normal(size=3)
    solid = Ball(point, half, frame_from_normal(normal, along))
    found = depth_in_box(solid, layers.axes, 4.0)
    if found is None:
        return None
    box, depth = found
    rough = 0.08 * float(half.min())
    depth = depth + rough * _noise(layers, box, max(float(half.min()), 4.0), rng)
    share = np.clip(0.5 + depth / VOXEL_MM, 0, 1)
    allowed = allowed_mask(layers, kind.site, kind.compartment)[box]
    return box, (share * allowed).astype(np.float32)


def _noise(layers: Layers, box: Box, grain_mm: float, rng: Rng) -> Values:
    x, y, z = layers.axes
    mesh = np.meshgrid(x[box[0]].ravel(), y[:, box[1]].ravel(), z[:, :, box[2]].ravel(),
                       indexing="ij")  # fmt: skip
    points = np.stack(mesh, axis=-1).astype(float)
    return wave_noise(points, grain_mm, int(rng.integers(2**31))).astype(np.float32)


def _tube(layers: Layers, kind: FocusKind, rng: Rng) -> Region | None:
    """A piece of a vessel and its wall."""
    vessels = usable_vessels(layers, kind.site == "vein")
    vessel = vessels[int(rng.integers(len(vessels)))]
    steps = np.linalg.norm(np.diff(vessel.points, axis=0), axis=1)
    run = np.concatenate([[0], np.cumsum(steps)])
    fine = np.arange(0, run[-1], 4.0)
    points = np.column_stack([np.interp(fine, run, vessel.points[:, k]) for k in range(3)])
    low = layers.grid.lps_mm([0, 0, 4])[2]
    high = layers.grid.lps_mm([0, 0, layers.suv.shape[2] - 5])[2]
    inside = np.flatnonzero((points[:, 2] > low) & (points[:, 2] < high))
    count = max(int(kind.length_mm.draw(rng) / 4.0), 3)
    if len(inside) < 3:
        return None
    first = int(rng.choice(inside[: max(len(inside) - count, 1)]))
    piece = points[first : first + count]
    if len(piece) < 3:
        return None
    radius = vessel.radius_mm + kind.depth_mm.draw(rng) - 1.0
    solid = Tube(piece, np.full((len(piece), 2), radius), np.array([1.0, 0.3, 0.0]))
    found = depth_in_box(solid, layers.axes)
    if found is None:
        return None
    box, depth = found
    share = np.clip(0.5 + depth / VOXEL_MM, 0, 1) * (layers.body & ~layers.bone)[box]
    return box, share.astype(np.float32)
