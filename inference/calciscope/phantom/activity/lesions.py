"""Mineral of the CT in the activity map: active in a sleeve around it, or inert."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import Compartment
from calciscope.phantom.activity.foci import Focus, Region, paint_focus, rounded
from calciscope.phantom.activity.layers import VOXEL_MM, Layers
from calciscope.phantom.activity.settings import ActivitySettings
from calciscope.phantom.mineral import Lesion, rasterize
from calciscope.spect.findings import ConcordanceClass
from calciscope.volume import Volume

Rng = np.random.Generator
Group = list[tuple[int, Lesion]]
"""Lesions of one request (a chain, a cluster) with their ids in the lesion table."""

LINK_MM = 45.0
"""Lesions of one kind and compartment that follow each other this closely are one group."""

REACH_MM = 8.0

CHAIN = "C3"
"""Kind of mineral whose rods follow each other along a muscle fiber."""


def compartment_of(lesion: Lesion) -> Compartment | None:
    """Compartment of the uptake of a lesion; None for what takes up nothing, such as metal."""
    if lesion.kind.startswith("J") or lesion.name == "B3_osteophyte":
        return Compartment.JOINT
    table = {"muscle": Compartment.MUSCLE, "subcutaneous": Compartment.SUBCUTANEOUS,
             "vascular": Compartment.VASCULAR}  # fmt: skip
    return table.get(lesion.compartment)


def grouped(lesions: Sequence[Lesion]) -> list[Group]:
    """Lesions that were placed by one request, as far as order and distance tell."""
    groups: list[Group] = []
    for number, lesion in enumerate(lesions, start=1):
        last = groups[-1][-1][1] if groups else None
        near = last is not None and last.name == lesion.name
        if (
            last is not None
            and near
            and compartment_of(last) == compartment_of(lesion)
            and np.linalg.norm(last.center_mm - lesion.center_mm) < LINK_MM
        ):
            groups[-1].append((number, lesion))
        else:
            groups.append([(number, lesion)])
    return groups


def paint_lesions(
    layers: Layers, lesions: Sequence[Lesion], settings: ActivitySettings, rng: Rng
) -> list[Focus]:
    """Decide which groups of mineral are active, and paint them; gives a row for each group."""
    foci: list[Focus] = []
    hot = 0
    groups = [g for g in grouped(lesions) if compartment_of(g[0][1]) is not None]
    order: list[int] = rng.permutation(len(groups)).tolist()
    for n in order:
        group = groups[n]
        compartment = compartment_of(group[0][1])
        if compartment is None:
            continue
        share = {Compartment.VASCULAR: "hot_vessel_lesions", Compartment.JOINT: "hot_joint_lesions"}
        active = rng.uniform() < settings.shares[share.get(compartment, "hot_lesions")]
        active = active and hot < round(settings.lesions["most_hot_groups"].draw(rng))
        focus = _paint_group(layers, group, compartment, active, settings, len(foci) + 1, rng)
        if focus:
            hot += active
            foci.append(focus)
    return foci


def _paint_group(
    layers: Layers, group: Group, compartment: Compartment, active: bool,
    settings: ActivitySettings, number: int, rng: Rng,
) -> Focus | None:  # fmt: skip
    beyond = settings.lesions["beyond_mm"].draw(rng) if active else 0.0
    suv = settings.lesions["suv" if active else "cold_suv"].draw(rng)
    chain = group[0][1].name == CHAIN and len(group) > 1
    joined = active and chain and rng.uniform() < settings.shares["joined_chains"]
    region = sleeve(layers, [lesion for _, lesion in group], compartment, beyond, joined)
    if region is None:
        return None
    if active:
        painted = paint_focus(layers, region, suv, compartment)
    else:
        painted = _paint_cold(layers, region, suv)
    if painted is None:
        return None
    volume, center, length = painted
    mineral = group[0][1].is_calcification
    classified = (
        ConcordanceClass.CALCIFIED_HOT if active else ConcordanceClass.CALCIFIED_COLD
    ) if mineral else None  # fmt: skip
    return Focus(
        number, compartment, group[0][1].name, round(suv, 2), round(volume, 2),
        rounded(center), classified,
        tuple(n for n, _ in group), False, round(length, 1),
    )  # fmt: skip


def _paint_cold(
    layers: Layers, region: Region, suv: float
) -> tuple[float, np.ndarray, float] | None:
    """Mineral that takes up next to nothing in the place of its tissue."""
    box, share = region
    if not (share > 0).any():
        return None
    part = layers.suv[box]
    part += share * (np.float32(suv) - part)
    index = np.argwhere(share > 0)
    start = np.array([s.start for s in box])
    center = layers.grid.lps_mm(start + index.mean(axis=0))
    return (
        float(share.sum()) * VOXEL_MM**3 / 1000, center,
        float((np.ptp(index, axis=0).max() + 1) * VOXEL_MM),
    )  # fmt: skip


def sleeve(
    layers: Layers,
    lesions: Sequence[Lesion],
    compartment: Compartment,
    beyond_mm: float,
    joined: bool = False,
) -> Region | None:
    """The mineral of some lesions and what lies within a distance of it, in its compartment.

    Joined, the uptake bridges the gaps between lesions that follow each other.
    """
    cover = np.zeros(layers.suv.shape, np.float32)
    for lesion in lesions:
        patch = rasterize(lesion, layers.grid, step_mm=1.0)
        if patch is not None:
            np.maximum(cover[patch.box], patch.cover, out=cover[patch.box])
    if not cover.any():
        return None
    pad = int(np.ceil(REACH_MM / VOXEL_MM))
    found = ndimage.find_objects((cover > 0).astype(np.uint8))[0]
    box = tuple(
        slice(max(s.start - pad, 0), min(s.stop + pad, n))
        for s, n in zip(found, layers.grid.shape, strict=True)
    )
    part = cover[box]
    if beyond_mm <= 0:
        return (box[0], box[1], box[2]), part
    # From the middle of the voxels that hold most of it: fractions shift the surface.
    core = part >= min(0.5, 0.7 * float(part.max()))
    if joined:
        core |= _lines(lesions, layers.grid)[box]
    away = np.asarray(ndimage.distance_transform_edt(~core, VOXEL_MM)) - 0.5 * VOXEL_MM
    share = np.clip(0.5 + (beyond_mm - away) / VOXEL_MM, 0, 1)
    own = layers.of_compartment(compartment)[box] | (part > 0.1)
    return (box[0], box[1], box[2]), (share * own).astype(np.float32)


def _lines(lesions: Sequence[Lesion], grid: Volume) -> NDArray[np.bool_]:
    """Voxels on the lines from the center of each lesion to that of the next."""
    found = np.zeros(grid.shape, bool)
    for one, other in pairwise(lesions):
        away = float(np.linalg.norm(other.center_mm - one.center_mm))
        places = np.linspace(one.center_mm, other.center_mm, int(2 * away / VOXEL_MM) + 2)
        index = np.rint(grid.index(places)).astype(int)
        index = index[((index >= 0) & (index < grid.shape)).all(axis=1)]
        found[tuple(index.T)] = True
    return found
