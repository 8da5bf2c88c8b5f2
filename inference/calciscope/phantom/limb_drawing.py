"""Painting legs onto a grid, slice by slice: HU before any blur, tissue labels, muscle names."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.labels import Label
from calciscope.phantom import legs
from calciscope.phantom.legs import Leg, Profile
from calciscope.volume import Volume

Plane = NDArray[np.float64]
AIR_HU = -1000.0


@dataclass(eq=False)
class Canvas:
    """Grids being painted, all of the shape of `grid` (canonical).

    Attributes:
        hu: float32, edges anti-aliased in-plane, not blurred.
        tissues: uint8 `labels.Label`.
        muscles: uint8 index into `legs.MUSCLES`.
    """

    grid: Volume
    hu: NDArray[np.float32]
    tissues: NDArray[np.uint8]
    muscles: NDArray[np.uint8]

    @classmethod
    def blank(cls, grid: Volume) -> "Canvas":
        """All air."""
        shape = grid.shape
        return cls(
            grid,
            np.full(shape, AIR_HU, np.float32),
            np.zeros(shape, np.uint8),
            np.zeros(shape, np.uint8),
        )


@dataclass(eq=False)
class _Slice:
    """One axial plane of a canvas around one leg, with its leg-frame coordinates."""

    u: Plane
    v: Plane
    hu: Plane
    tissues: NDArray[np.uint8]
    muscles: NDArray[np.uint8]
    pixel_mm: float

    def paint(self, depth_mm: Plane, hu: float | Plane, label: Label | None) -> None:
        """Blend `hu` in where depth (mm inside the surface) is positive, edges anti-aliased."""
        alpha = np.clip(0.5 + depth_mm / self.pixel_mm, 0.0, 1.0)
        self.hu += alpha * (hu - self.hu)
        if label is not None:
            self.tissues[alpha >= 0.5] = label


def draw_leg(canvas: Canvas, leg: Leg, streaks: NDArray[np.float32]) -> None:
    """Paint one leg.

    Args:
        canvas: is changed.
        leg: its shape.
        streaks: smooth random field in -1..1 on the canvas grid: fat streaks and uneven muscle.
    """
    grid = canvas.grid
    x = grid.lps_mm(np.stack([np.arange(grid.shape[0])] + [np.zeros(grid.shape[0])] * 2, -1))[:, 0]
    y = grid.lps_mm(np.stack([np.zeros(grid.shape[1]), np.arange(grid.shape[1]),
                              np.zeros(grid.shape[1])], -1))[:, 1]  # fmt: skip
    zs = grid.affine[2, 3] + grid.spacing_mm[2] * np.arange(grid.shape[2])
    for k, z_mm in enumerate(zs):
        z = z_mm / leg.length
        if z_mm < leg.amputated_below_mm or z < legs.SKIN[0][0]:
            continue
        cx, cy = leg.axis_at(z_mm)
        rx, ry, v0 = legs.at(legs.SKIN, z) * leg.girth
        reach = 1.25 * max(rx, ry + abs(v0)) + 4
        i0, i1 = np.searchsorted(x, [cx - reach, cx + reach])
        j0, j1 = np.searchsorted(y, [cy - reach, cy + reach])
        if i0 >= i1 or j0 >= j1:
            continue
        u, v = leg.local(x[i0:i1, None], y[None, j0:j1], z_mm)
        box = (slice(i0, i1), slice(j0, j1), k)
        part = _Slice(
            u, v, canvas.hu[box].astype(float), canvas.tissues[box], canvas.muscles[box],
            float(grid.spacing_mm[0]),
        )  # fmt: skip
        _draw_slice(part, leg, z, (rx, ry, v0), streaks[box].astype(float))
        canvas.hu[box] = part.hu


def _ellipse_depth(u: Plane, v: Plane, half_u: float, half_v: float) -> Plane:
    """Distance inside an ellipse's outline, to first order."""
    square_u, square_v = (u / half_u) ** 2, (v / half_v) ** 2
    scaled = np.sqrt(square_u + square_v)
    gradient = np.sqrt(square_u / half_u**2 + square_v / half_v**2)
    return (1 - scaled) * (scaled + 1e-9) / (gradient + 1e-9 / half_u)


def _outline(leg: Leg, part: _Slice, z: float, rx: float, ry: float, v0: float) -> Plane:
    """Depth under the skin."""
    u, v = part.u, part.v - v0
    angle = np.arctan2(v / ry, u / rx)
    bulge = sum(
        a * np.cos((n + 2) * angle + p + 0.004 * z)
        for n, (a, p) in enumerate(zip(leg.harmonics, leg.phases, strict=True))
        if a
    )
    return _ellipse_depth(u / (1 + bulge), v / (1 + bulge), rx, ry)


def _draw_slice(
    part: _Slice, leg: Leg, z: float, skin: tuple[float, float, float], streaks: Plane
) -> None:
    depth = _outline(leg, part, z, *skin)
    angle = np.arctan2(part.v, part.u)
    # Thin over the tibial crest (front, medial), thicker in the thigh.
    crest = np.exp(-(((angle + 1.75) / 0.5) ** 2)) * (10 < z < 370)
    subcutis = leg.subcutis_mm * np.interp(z, [0, 100, 300, 420, 560], [0.7, 0.9, 1, 1.1, 1.5])
    fascia = depth - leg.skin_mm - subcutis * (1 - 0.5 * crest)
    part.paint(depth, 40.0, Label.SUBCUTANEOUS)
    fat = leg.fat_hu + leg.edema_hu * np.clip(0.4 + streaks, 0, 1)
    part.paint(depth - leg.skin_mm, fat, Label.SUBCUTANEOUS)
    infiltrated = np.clip((streaks - 1.0 + 2.2 * leg.fatty) * 4, 0, 1)
    muscle = leg.muscle_hu + 6 * streaks
    part.paint(fascia, muscle + infiltrated * (leg.fat_hu - muscle), Label.MUSCLE)
    inside = fascia > 0.5
    _name_muscles(part, leg, z, fascia, inside)
    _septa(part, leg, inside)
    _vessels(part, leg, z, inside)
    if z < 175:
        tendon = _ellipse_depth(part.u, part.v - (skin[1] + skin[2] - 12), 6.5, 3.2)
        part.paint(np.minimum(tendon, depth - 3), 100.0, None)
    _bones(part, leg, z)


def _name_muscles(
    part: _Slice, leg: Leg, z: float, fascia: Plane, inside: NDArray[np.bool_]
) -> None:
    """Write muscle indices: sectors around the tibia in the shank, around the femur above."""
    name = {m: n for n, m in enumerate(legs.MUSCLES)}
    u, v = part.u, part.v
    result = np.zeros(u.shape, np.uint8)
    if 10 < z < 370:
        tu, tv = legs.at(legs.TIBIA, z)[:2]
        angle = np.rad2deg(np.arctan2(v - tv, u - tu))
        distance = np.hypot(u - tu, v - tv)
        result[(angle > -95) & (angle <= -18)] = name["tibialis anterior"]
        result[(angle > -18) & (angle <= 14)] = name["extensor digitorum longus"]
        result[(angle > 14) & (angle <= 40)] = name["fibularis longus/brevis"]
        posterior = (angle > 40) | (angle < -150)
        result[posterior] = np.where(
            u[posterior] > 2, name["soleus lateral"], name["soleus medial"]
        )
        result[posterior & (distance < 32)] = name["tibialis posterior / FHL"]
        thickness = 15.0 * float(np.clip((z - 135) / 40, 0, 1))
        superficial = posterior & (fascia < thickness) & (v > 0)
        result[superficial] = np.where(
            u[superficial] > 0, name["gastrocnemius lateral"], name["gastrocnemius medial"]
        )
    elif z > 430:
        fu, fv = legs.at(legs.FEMUR, z)[:2]
        angle = np.rad2deg(np.arctan2(v - fv, u - fu))
        result[:] = name["hamstrings"]
        result[(angle > -75) & (angle < 45)] = name["vastus lateralis"]
        result[(angle >= -110) & (angle <= -75)] = name["rectus femoris"]
        result[(angle < -110) | (angle > 160)] = name["vastus medialis"]
        result[(angle > 115) & (angle <= 160)] = name["adductors"]
    part.muscles[inside] = result[inside]


def _septa(part: _Slice, leg: Leg, inside: NDArray[np.bool_]) -> None:
    """Thin fat between muscles: voxels where the name changes."""
    names = part.muscles
    border = np.zeros(names.shape, bool)
    border[:-1] |= (names[:-1] != names[1:]) & (names[:-1] > 0) & (names[1:] > 0)
    border[:, :-1] |= (names[:, :-1] != names[:, 1:]) & (names[:, :-1] > 0) & (names[:, 1:] > 0)
    part.hu[border & inside] += 0.5 * (leg.fat_hu - part.hu[border & inside])


#: z, u, v of arteries with their veins, mm; drawn where they lie inside the fascia
VESSELS: tuple[Profile, ...] = (
    ((0, 2, -30), (60, 8, -20), (330, 14, -8), (360, 8, 18)),
    ((0, -18, 14), (60, -14, 6), (330, 0, 8), (360, 2, 20), (430, 0, 30), (560, -22, 6),
     (840, -26, -20)),
    ((20, 18, 10), (200, 12, -4), (320, 8, 4), (345, 4, 14)),
)  # fmt: skip


def _vessels(part: _Slice, leg: Leg, z: float, inside: NDArray[np.bool_]) -> None:
    for profile in VESSELS:
        if not legs.spans(profile, z):
            continue
        u, v = legs.at(profile, z)
        radius = 3.5 if z > 420 else 1.6
        sleeve = _ellipse_depth(part.u - u, part.v - v, 2.2 * radius + 2, 1.6 * radius + 1.5)
        part.paint(np.where(inside, sleeve, -1e3), leg.fat_hu, None)
        for shift in (-0.9 * radius, radius):
            tube = _ellipse_depth(part.u - u - shift, part.v - v, radius * 0.8, radius * 0.8)
            part.paint(np.where(inside, tube, -1e3), leg.vessel_hu, None)


def _bones(part: _Slice, leg: Leg, z: float) -> None:
    for profile in (legs.TIBIA, legs.FIBULA, legs.FEMUR):
        if legs.spans(profile, z):
            u, v, half_u, half_v, triangle, cortex, spongy = legs.at(profile, z)
            du, dv = part.u - u, part.v - v
            angle = np.arctan2(dv, du)
            # Three corners, one to the front.
            swell = 1 + triangle * np.cos(3 * (angle + np.pi / 2))
            depth = _ellipse_depth(du / swell, dv / swell, half_u * leg.bone, half_v * leg.bone)
            front = 1.3 if profile is legs.TIBIA else 1.0
            wall = cortex * leg.cortex * (1 + (front - 1) * np.clip(-np.sin(angle), 0, 1))
            _bone(part, leg, depth, wall, spongy)
    if 378 < z < 388:
        part.paint(_ellipse_depth(part.u, part.v + 3, 34, 22), 105.0, Label.MUSCLE)
    for name, (u, v, zc), (ru, rv, rz) in legs.ROUND_BONES:
        section = 1 - ((z - zc) / (rz * leg.bone)) ** 2
        if section > 0 and name not in leg.bones_left_out:
            root = float(np.sqrt(section)) * leg.bone
            depth = _ellipse_depth(part.u - u, part.v - v, ru * root, rv * root)
            _bone(part, leg, depth, np.full(depth.shape, 1.3 * leg.cortex), 1.0)


def _bone(part: _Slice, leg: Leg, depth: Plane, wall: Plane, spongy: float) -> None:
    part.paint(depth, leg.cortical_hu, Label.BONE)
    cavity = leg.marrow_hu + spongy * (leg.spongiosa_hu - leg.marrow_hu)
    part.paint(depth - wall, cavity, Label.BONE)
