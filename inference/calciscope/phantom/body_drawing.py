"""Painting posed bodies onto a grid: skin, fat, muscle with septa, organs, vessels, bone, metal."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from calciscope.labels import IGNORE, Label
from calciscope.phantom.anatomy.parts import Anatomy, Bone, Organ
from calciscope.phantom.anatomy.solids import (
    OUTSIDE,
    Axes,
    Box,
    Depth,
    Tube,
    depth_in_box,
    grid_axes,
)
from calciscope.phantom.limb_drawing import Canvas
from calciscope.resampling import nearest_indices, resample_array

Rng = np.random.Generator

VISCERA = 255
"""Value of the muscle map where no mineral may be placed."""

FLESH_PAD_MM = 9.0
"""How far outside the skin depth is known: clothes and casts lie there."""

METAL_HU = 8000.0


@dataclass(frozen=True)
class Build:
    """What a person is made of, at the tube voltage used.

    Attributes:
        fat: factor on the thickness of subcutaneous fat; skin_mm: of the skin.
        fatty: share of muscle replaced by fat; uneven: by how much it differs among muscles.
        edema_hu: stranding added to subcutaneous fat; lumpy_mm: unevenness of the outline.
        cortex: factor on cortical thickness (0.4: osteoporosis).
        spongiosa_hu, marrow_hu, cortical_hu, muscle_hu, fat_hu, vessel_hu: HU.
        grain: relative contrast of trabeculae; patchy: of uneven loss of spongiosa.
        growth_plates: whether the epiphyses are open.
        cover_mm: least soft tissue over bone.
        contrast_hu: of arteries filled with contrast agent (None: not filled).
        bowel_contrast_hu: of oral contrast and contrast in urine.
        prone: whether gas rises to the back.
    """

    fat: float = 1.0
    skin_mm: float = 1.8
    fatty: float = 0.05
    uneven: float = 0.3
    edema_hu: float = 0.0
    lumpy_mm: float = 2.0
    cortex: float = 1.0
    spongiosa_hu: float = 294.0
    marrow_hu: float = -49.0
    cortical_hu: float = 1555.0
    muscle_hu: float = 52.0
    fat_hu: float = -98.0
    vessel_hu: float = 55.0
    grain: float = 0.3
    patchy: float = 0.2
    growth_plates: bool = False
    cover_mm: float = 3.0
    contrast_hu: float | None = None
    bowel_contrast_hu: float = 300.0
    prone: bool = False


@dataclass(eq=False)
class _Painter:
    """A canvas with its coordinates and the random fields of one person."""

    canvas: Canvas
    axes: Axes
    build: Build
    pixel_mm: float
    streaks: NDArray[np.float32]
    grain: NDArray[np.float32]

    def blend(self, box: Box, depth: Depth, hu: float | Depth, label: int | None) -> None:
        """Mix `hu` in where depth is positive, edges anti-aliased; None leaves the labels."""
        alpha = np.clip(0.5 + depth / np.float32(self.pixel_mm), 0, 1)
        target = self.canvas.hu[box]
        target += alpha * (np.float32(hu) - target)
        if label is not None:
            self.canvas.tissues[box][alpha >= 0.5] = label

    def grain_in(self, box: Box) -> Depth:
        """Trabecular noise, about -1..1, repeated over the grid."""
        n = self.grain.shape[0]
        index = [np.arange(s.start, s.stop) % n for s in box]
        return self.grain[np.ix_(*index)]


def draw_body(
    canvas: Canvas, limbs: Sequence[Anatomy], build: Build, streaks: NDArray[np.float32], rng: Rng
) -> Depth:
    """Paint one person.

    Args:
        canvas: is changed; all air so far.
        limbs: posed parts in LPS mm; limbs that meet are pressed flat, they do not merge.
        build: of the person.
        streaks: smooth random field in -1..1 on the canvas grid.
        rng: of texture and septa.

    Returns:
        Depth under the skin (mm), negative in the air and known 9 mm far there.
    """
    white = rng.standard_normal((48, 48, 48), dtype=np.float32)
    grain = ndimage.gaussian_filter(white, 0.9, mode="wrap")
    painter = _Painter(
        canvas, grid_axes(canvas.grid), build, float(canvas.grid.spacing_mm[0]), streaks,
        np.clip(grain / (2 * grain.std()), -1, 1),
    )  # fmt: skip
    lumps = _lumps(canvas.grid.shape, canvas.grid.spacing_mm, rng)
    skin, fascia = _outline(painter, limbs, lumps)
    _paint_flesh(painter, skin, fascia)
    inside = fascia > 0
    _paint_muscles(painter, [m for limb in limbs for m in limb.muscles], inside, rng)
    for limb in limbs:
        for organ in limb.organs:
            _paint_organ(painter, organ, skin)
    for limb in limbs:
        _paint_vessels(painter, limb, skin)
    for limb in limbs:
        _paint_bones(painter, limb.bones)
    for limb in limbs:
        for metal in limb.hardware:
            found = depth_in_box(metal, painter.axes)
            if found:
                painter.blend(*found, METAL_HU, Label.FOREIGN)
    return skin


def _lumps(shape: tuple[int, ...], spacing_mm: NDArray[np.float64], rng: Rng) -> Depth:
    """Smooth random values, about -1..1, with bumps of 45 mm."""
    cells = [max(int(n * s / 45), 2) for n, s in zip(shape, spacing_mm, strict=True)]
    return resample_array(rng.normal(0, 0.5, cells).astype(np.float32), shape)


def _outline(painter: _Painter, limbs: Sequence[Anatomy], lumps: Depth) -> tuple[Depth, Depth]:
    """Depth under skin and under fascia, over all limbs."""
    build = painter.build
    shape = lumps.shape
    whole = [np.full(shape, OUTSIDE) for _ in range(2)]
    for limb in limbs:
        skin, fascia = np.full(shape, OUTSIDE), np.full(shape, OUTSIDE)
        for flesh in limb.flesh:
            found = depth_in_box(flesh.solid, painter.axes, FLESH_PAD_MM)
            if not found:
                continue
            box, depth = found
            depth = depth + np.float32(build.lumpy_mm) * lumps[box]
            fat = np.float32(flesh.fat_mm * build.fat) * (1 + 0.45 * lumps[box][:, ::-1])
            np.maximum(skin[box], depth, out=skin[box])
            under = depth - np.float32(flesh.skin_mm * build.skin_mm) - fat
            np.maximum(fascia[box], under, out=fascia[box])
        for bone in limb.bones:
            # Nothing of a bone comes through the skin.
            found = depth_in_box(bone.solid, painter.axes, build.cover_mm + 2)
            if found:
                box, depth = found
                cover = np.minimum(depth, 4) + np.float32(build.cover_mm)
                np.maximum(skin[box], cover, out=skin[box])
        # Limbs that meet press each other flat.
        other = whole[0]
        if (np.minimum(skin, other) > -1).any():
            first, second = (
                np.minimum(other, (other - skin) / 2),
                np.minimum(skin, (skin - other) / 2),
            )
            thin = np.float32(build.skin_mm + 1.5)
            whole[1] = np.minimum(whole[1], first - thin)
            fascia = np.minimum(fascia, second - thin)
            whole[0], skin = first, second
        np.maximum(whole[0], skin, out=whole[0])
        np.maximum(whole[1], fascia, out=whole[1])
    return whole[0], whole[1]


def _paint_flesh(painter: _Painter, skin: Depth, fascia: Depth) -> None:
    """Skin, fat with stranding, and muscle."""
    build, streaks = painter.build, painter.streaks
    everything = (slice(None), slice(None), slice(None))
    painter.blend(everything, skin, 45.0, Label.SUBCUTANEOUS)
    fat = np.float32(build.fat_hu) + np.float32(build.edema_hu) * np.clip(0.4 + streaks, 0, 1)
    painter.blend(everything, skin - np.float32(build.skin_mm), fat, None)
    muscle = np.float32(build.muscle_hu) + 6 * streaks
    painter.blend(everything, np.minimum(fascia, skin - np.float32(build.skin_mm)), muscle,
                  Label.MUSCLE)  # fmt: skip


def _paint_muscles(
    painter: _Painter, muscles: Sequence[NDArray[np.float64]], inside: NDArray[np.bool_], rng: Rng
) -> None:
    """Number the muscles by the nearest line, part them by septa, and replace some by fat."""
    canvas, build = painter.canvas, painter.build
    if not muscles or not inside.any():
        return
    points, numbers = _sampled(muscles)
    spacing = canvas.grid.spacing_mm
    coarse = tuple(max(int(n * s / 3.0), 2) for n, s in zip(inside.shape, spacing, strict=True))
    index = [nearest_indices(c, n) for c, n in zip(coarse, inside.shape, strict=True)]
    pick = [nearest_indices(n, c) for c, n in zip(coarse, inside.shape, strict=True)]
    where = np.argwhere(ndimage.binary_dilation(inside[np.ix_(*pick)]))
    if len(where) == 0:
        return
    places = [painter.axes[k].ravel()[pick[k][where[:, k]]] for k in range(3)]
    # Bent and a little rough, or the muscles would be polygons.
    cells = [max(n // 8, 2) for n in coarse]
    bends = [resample_array(rng.normal(0, 7, cells).astype(np.float32), coarse) for _ in range(3)]
    bent = np.column_stack([bend[tuple(where.T)] for bend in bends])
    world = np.column_stack(places) + bent + rng.normal(0, 0.4, where.shape)
    # Muscles are long: distance along the limb counts less.
    squeeze = np.array([1, 1, 0.6])
    count = min(10, len(points))
    found, nearest = cKDTree(points * squeeze).query(world * squeeze, k=count)
    distance = np.asarray(found).reshape(len(world), -1)
    owner = numbers[np.asarray(nearest).reshape(len(world), -1)]
    other = np.where(owner != owner[:, :1], distance, np.inf).min(axis=1)
    gap = np.full(coarse, 30.0, np.float32)
    gap[tuple(where.T)] = np.minimum(other - distance[:, 0], 30).astype(np.float32)
    names = np.zeros(coarse, np.uint8)
    names[tuple(where.T)] = owner[:, 0] + 1
    names = names[np.ix_(*index)]
    canvas.muscles[inside] = names[inside]
    gap = resample_array(gap, inside.shape)
    share = np.clip(build.fatty + build.uneven * build.fatty * rng.normal(size=len(muscles) + 1), 0,
                    0.95).astype(np.float32)  # fmt: skip
    wasted = np.clip((painter.streaks - 1.0 + 2.2 * share[names]) * 4, 0, 1)
    septa = np.clip(1.2 - gap / np.float32(1.6 + 4 * build.fatty), 0, 0.8)
    mix = np.maximum(wasted, septa) * inside
    canvas.hu += mix * (np.float32(build.fat_hu) - canvas.hu)


def _sampled(lines: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Points every 8 mm of polylines, and the number of their line."""
    points, numbers = [], []
    for n, nodes in enumerate(lines):
        for a, b in pairwise(nodes):
            steps = max(int(np.linalg.norm(b - a) / 8), 1)
            points.append(a + np.linspace(0, 1, steps + 1)[:, None] * (b - a))
            numbers.append(np.full(steps + 1, n))
    return np.concatenate(points), np.concatenate(numbers)


def _paint_organ(painter: _Painter, organ: Organ, skin: Depth) -> None:
    found = depth_in_box(organ.solid, painter.axes)
    if not found:
        return
    box, depth = found
    depth = np.minimum(depth, skin[box] - np.float32(2 * painter.build.skin_mm + 2))
    wall = np.float32(organ.wall_mm)
    if organ.wall_mm:
        painter.blend(box, depth, 42.0, Label.MUSCLE)
    hu, label = _content(painter, organ, box)
    painter.blend(box, depth - wall, hu, label)
    if organ.level:
        # Gas rises to the front of a supine patient, to the back of a prone one.
        y = painter.axes[1][:, box[1]]
        low, high = organ.solid.bounds_mm()
        share = 1 - organ.level if painter.build.prone else organ.level
        above = np.float32(low[1] + share * (high[1] - low[1])) - y
        above = -above if painter.build.prone else above
        painter.blend(box, np.minimum(depth - wall, above), -960.0, IGNORE)
    if organ.hidden:
        painter.canvas.muscles[box][depth > -1] = VISCERA


def _content(painter: _Painter, organ: Organ, box: Box) -> tuple[float | Depth, int]:
    """HU and label of what fills an organ."""
    build = painter.build
    if organ.content == "stool":
        return 10 + 60 * painter.grain_in(box), Label.MUSCLE
    if organ.content == "lung":
        return -830 + 90 * painter.grain_in(box), IGNORE
    table: dict[str, tuple[float, int]] = {
        "fat": (build.fat_hu, Label.SUBCUTANEOUS),
        "gas": (-960.0, IGNORE),
        "bowel": (22.0, Label.MUSCLE),
        "urine": (5.0, Label.MUSCLE),
        "organ": (48.0, Label.MUSCLE),
        "fluid": (12.0, Label.MUSCLE),
        "cartilage": (95.0, Label.MUSCLE),
        "tendon": (95.0, Label.MUSCLE),
        "flesh": (build.muscle_hu, Label.MUSCLE),
        "liver": (56.0, Label.MUSCLE),
        "spleen": (50.0, Label.MUSCLE),
        "kidney": (32.0, Label.MUSCLE),
        "blood": (42.0, Label.MUSCLE),
        "gland": (28.0, Label.SUBCUTANEOUS),
        "implant": (70.0, Label.FOREIGN),
        "oral contrast": (build.bowel_contrast_hu, Label.FOREIGN),
        "contrast urine": (2 * build.bowel_contrast_hu, Label.FOREIGN),
    }
    return table[organ.content]


def _paint_vessels(painter: _Painter, limb: Anatomy, skin: Depth) -> None:
    """Arteries with two veins in a sleeve of fat; veins of the subcutis alone."""
    build = painter.build
    for vessel in limb.vessels:

        def paint(radius: float, shift: float, hu: float, label: int | None,
                  points: NDArray[np.float64] = vessel.points) -> None:  # fmt: skip
            moved = points + shift * np.array([1.0, 0.2, 0.0])
            solid = Tube(moved, np.full((len(moved), 2), radius), np.array([1.0, 0.3, 0.0]))
            found = depth_in_box(solid, painter.axes)
            if found:
                box, depth = found
                painter.blend(box, np.minimum(depth, skin[box] - 1.5), hu, label)

        r = vessel.radius_mm
        if vessel.superficial:
            paint(r, 0.0, build.vessel_hu, None)
            continue
        paint(2.0 * r + 1.5, 0.0, build.fat_hu, None)
        paint(1.15 * r, 2.1 * r, build.vessel_hu, None)
        paint(0.9 * r, -2.0 * r, build.vessel_hu, None)
        if build.contrast_hu is None:
            paint(r, 0.0, build.vessel_hu, None)
        else:
            paint(r, 0.0, build.contrast_hu, Label.FOREIGN)


def _paint_bones(painter: _Painter, bones: Sequence[Bone]) -> None:
    """Bone by bone: joint cartilage, cortex, cavity; the solids of one unit share a cavity."""
    units: dict[str, list[Bone]] = {}
    for n, bone in enumerate(bones):
        units.setdefault(bone.unit or f"#{n}", []).append(bone)
    for unit in units.values():
        found = [(b, depth_in_box(b.solid, painter.axes, 4.0)) for b in unit]
        drawn = [(bone, *place) for bone, place in found if place]
        for bone, box, depth in drawn:
            painter.blend(box, depth + np.float32(bone.gap_mm), 80.0, Label.MUSCLE)
        for _, box, depth in drawn:
            painter.blend(box, depth, painter.build.cortical_hu, Label.BONE)
            painter.canvas.muscles[box][depth > 0] = 0
        for bone, box, depth in drawn:
            _paint_cavity(painter, bone, box, depth)


def _paint_cavity(painter: _Painter, bone: Bone, box: Box, depth: Depth) -> None:
    """Spongiosa and marrow under the cortex, with trabeculae, loss and growth plates."""
    build = painter.build
    wall: float | Depth = max(bone.cortex_mm * build.cortex, 0.25)
    spongy: float | Depth = bone.spongy
    end: Depth | None = None
    if bone.ends_spongy and isinstance(bone.solid, Tube):
        end, length = _distance_to_end(bone.solid, painter.axes, box)
        near = np.clip(1 - (end - 0.07 * length) / (0.14 * length), 0, 1)
        thin = min(1.3, bone.cortex_mm) * build.cortex
        wall = wall + near * (thin - wall)
        spongy = spongy + near * (1 - spongy)
    grain = painter.grain_in(box)
    loss = 1 + np.float32(build.patchy) * painter.streaks[box]
    full = (build.spongiosa_hu - build.marrow_hu) * spongy * loss * (1 + build.grain * grain)
    # Spongiosa is denser under the cortex than in the middle.
    full = full * (0.75 + 0.5 * np.exp(-np.maximum(depth, 0) / 6))
    painter.blend(box, depth - wall, np.float32(build.marrow_hu) + full, None)
    if build.growth_plates and end is not None:
        plate = 0.05 * length + 1.2 * painter.streaks[box]
        painter.blend(box, np.minimum(depth - 0.3, 1.6 - np.abs(end - plate - 1.6)),
                      0.8 * build.cortical_hu * 0.5, None)  # fmt: skip
        painter.blend(box, np.minimum(depth, 0.9 - np.abs(end - plate)), 110.0, None)


def _distance_to_end(solid: Tube, axes: Axes, box: Box) -> tuple[Depth, float]:
    """Distance (mm) to the nearer end along the straight axis of a bone, and its length."""
    first, last = solid.nodes[0], solid.nodes[-1]
    length = float(np.linalg.norm(last - first))
    w = ((last - first) / length).astype(np.float32)
    part = axes[0][box[0]], axes[1][:, box[1]], axes[2][:, :, box[2]]
    along = part[0] * w[0] + part[1] * w[1] + (part[2] * w[2] - np.float32(w @ first))
    return np.asarray(np.minimum(along, np.float32(length) - along)), length
