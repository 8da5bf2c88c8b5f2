"""Patterns of solids with a name, scanned in several directions on several grids."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.masks import component_voxels
from calciscope.ct.pattern_measures import measure_pattern
from calciscope.ct.patterns import pattern_of, pattern_rules
from calciscope.ct.settings import MeasurementSettings
from calciscope.ct.shape import measure_shape
from calciscope.errors import InputError
from calciscope.findings import PatternMeasures
from calciscope.patterns import LesionPattern
from calciscope.volume import Volume

Points = NDArray[np.float64]
Solid = Callable[[Points], Points]

SETTINGS = MeasurementSettings()
BLUR_MM = 0.5
"""SD of the scanner's blur in the plane."""


def rod(length: float, diameter: float) -> Solid:
    def distance(p: Points) -> Points:
        half = (length - diameter) / 2
        along = p[..., 0] - np.clip(p[..., 0], -half, half)
        return np.sqrt(along**2 + p[..., 1] ** 2 + p[..., 2] ** 2) - diameter / 2

    return distance


def plate(*size: float) -> Solid:
    return lambda p: np.asarray((np.abs(p) - np.array(size) / 2).max(axis=-1))


def ball(diameter: float) -> Solid:
    return lambda p: np.linalg.norm(p, axis=-1) - diameter / 2


def shell(diameter: float, wall: float) -> Solid:
    middle = (diameter - wall) / 2
    return lambda p: np.abs(np.linalg.norm(p, axis=-1) - middle) - wall / 2


def sheath(radius: float, thickness: float, width: float, angle: float) -> Solid:
    """A sheet bent around an axis."""

    def distance(p: Points) -> Points:
        from_axis = np.hypot(p[..., 0], p[..., 1])
        turn = np.abs(np.arctan2(p[..., 1], p[..., 0])) - angle / 2
        parts = [np.abs(from_axis - radius) - thickness / 2, np.abs(p[..., 2]) - width / 2]
        return np.maximum.reduce([*parts, turn * from_axis])

    return distance


def net(size: float, mesh: float, strand: float) -> Solid:
    """Strands along two directions, `mesh` apart."""

    def distance(p: Points) -> Points:
        lines = [
            np.abs(c - np.clip(np.round(c / mesh) * mesh, -size / 2, size / 2))
            for c in (p[..., 0], p[..., 1])
        ]
        parts = [np.minimum(*lines), np.abs(p[..., 2])]
        ends = [np.abs(p[..., axis]) - size / 2 for axis in (0, 1)]
        return np.maximum.reduce([*parts, *ends]) - strand / 2

    return distance


SOLIDS = {
    "rod 10 x 3": (rod(10, 3), 10, "linear"),
    "rod 12 x 4": (rod(12, 4), 12, "linear"),
    "plate 18 x 12 x 2": (plate(18, 12, 2), 22, "sheet"),
    "plate 40 x 30 x 3": (plate(40, 30, 3), 50, "sheet"),
    "slab 40 x 20 x 10": (plate(40, 20, 10), 44, "mass"),
    "sheath": (sheath(20, 3, 20, 4.5), 46, "sheet"),
    "ball of 3": (ball(3), 3, "punctate"),
    "ball of 6": (ball(6), 6, "punctate"),
    "ball of 20": (ball(20), 20, "mass"),
    "shell of 12": (shell(12, 2), 12, "rim"),
    "shell of 24": (shell(24, 3), 24, "rim"),
    "net": (net(40, 10, 2.5), 62, "net"),
}
GRIDS = [(1.0, 1.0, 1.0), (0.8, 0.8, 2.5), (0.98, 0.98, 2.5), (0.5, 0.5, 1.25)]
TURNS = [None, 1, 2]


def scanned(
    solid: Solid, extent_mm: float, spacing: tuple[float, float, float], turn: int | None
) -> tuple[NDArray[np.bool_], Volume]:
    """The share of mineral in each blurred voxel, and where it is 45 % or more of its peak."""
    rotation = np.eye(3)
    if turn is not None:
        rotation = np.linalg.qr(np.random.default_rng(turn).normal(size=(3, 3)))[0]
    counts = [int(np.ceil((extent_mm + 8) / s)) | 1 for s in spacing]
    parts = [max(1, round(s / 0.5)) for s in spacing]
    axes = [
        ((np.arange(n * m) + 0.5) / m - n / 2) * s + 0.3 * s
        for n, m, s in zip(counts, parts, spacing, strict=True)
    ]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) @ rotation.T
    step = max(s / m for s, m in zip(spacing, parts, strict=True))
    share = np.clip(0.5 - solid(points) / step, 0, 1)
    for axis, blur in enumerate((BLUR_MM, BLUR_MM, 0.2)):
        share = ndimage.gaussian_filter1d(share, blur * parts[axis] / spacing[axis], axis=axis)
    blocks = [n for pair in zip(counts, parts, strict=True) for n in pair]
    share = share.reshape(blocks).mean(axis=(1, 3, 5))
    size = tuple(max(3, round(8 / s) | 1) for s in spacing)
    dense = (share >= 0.45 * ndimage.maximum_filter(share, size=size)) & (share > 0.2)
    voxels = max(component_voxels(dense), key=len)
    mask = np.zeros_like(dense)
    mask[tuple(voxels.T)] = True
    return mask, Volume.from_spacing(share, spacing)


def judged(mask: NDArray[np.bool_], grid: Volume) -> tuple[LesionPattern, PatternMeasures]:
    shape = measure_shape(np.argwhere(mask), grid)
    measures = measure_pattern(mask, 500.0 * grid.array, shape, grid)
    return pattern_of(measures, shape, grid, SETTINGS), measures


@pytest.mark.parametrize("spacing", GRIDS, ids=str)
@pytest.mark.parametrize("name", SOLIDS)
def test_solids_are_called_what_they_are(name: str, spacing: tuple[float, float, float]) -> None:
    solid, extent_mm, expected = SOLIDS[name]
    for turn in TURNS:
        assert judged(*scanned(solid, extent_mm, spacing, turn))[0] == expected, turn


@pytest.mark.parametrize("spacing", GRIDS, ids=str)
def test_single_voxels_are_punctate(spacing: tuple[float, float, float]) -> None:
    for count in ((1, 1, 1), (2, 1, 1), (1, 1, 2), (2, 2, 1)):
        mask = np.pad(np.ones(count, bool), 2)
        pattern, measures = judged(mask, Volume.from_spacing(mask.astype(float), spacing))
        assert pattern is LesionPattern.PUNCTATE
        assert measures.tunnels == 0
        assert measures.core_to_rim is None


def test_two_thick_slices_are_too_few_for_a_form() -> None:
    """3 x 3 voxels of 1 mm in two slices of 5 mm: 10 mm along z, but nobody knows."""
    mask = np.pad(np.ones((3, 3, 2), bool), 2)
    pattern, _ = judged(mask, Volume.from_spacing(mask.astype(float), (1.0, 1.0, 5.0)))
    assert pattern is LesionPattern.PUNCTATE


def test_a_faint_core_makes_a_rim_where_the_outline_is_filled() -> None:
    mask, grid = scanned(ball(16), 16, (1.0, 1.0, 1.0), None)
    depth = ndimage.distance_transform_edt(mask)
    assert judged(mask, grid)[0] is LesionPattern.MASS
    hollow = grid.with_array(np.where(depth > 3, 0.2, 1.0) * grid.array)
    pattern, measures = judged(mask, hollow)
    assert pattern is LesionPattern.RIM
    assert measures.core_to_rim == pytest.approx(0.3, abs=0.15)


@pytest.mark.parametrize("setting", ["rim_enclosed_share", "rim_core_share", "net_hull_fill"])
def test_a_share_of_nothing_is_refused(setting: str) -> None:
    with pytest.raises(InputError, match="more than 0"):
        replace(SETTINGS, **{setting: 0.0})


def test_the_rules_in_words_hold_every_limit() -> None:
    rules = pattern_rules(replace(SETTINGS, net_tunnels=7, sheet_breadth=2.75, punctate_mm=8.5))
    for part in (
        "up to 6 mm thick",
        "10 %",
        "60 %",
        "7 tunnels",
        "2.75",
        "8.5 mm",
        "not a diagnosis",
    ):
        assert part in rules
