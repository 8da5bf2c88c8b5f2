"""Chains: lesions that follow one another along the bone beside them.

Two lesions of one side are linked where their centers lie within 20 mm of each other along the
bone's axis and within 6 mm across it; a chain is three linked lesions or more. It is linear along
the axis where its own axis is within 20 degrees of the bone's and its linearity is 0.7 or more:
what the case report saw on radiographs of the legs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from calciscope.ct.burden import figures_of, volume_by_compartment
from calciscope.ct.settings import MeasurementSettings
from calciscope.ct.shape import angle_deg, measure_shape
from calciscope.findings import Chain, Lesion
from calciscope.volume import Volume


@dataclass(frozen=True, eq=False)
class Member:
    """A lesion that may be part of a chain.

    Attributes:
        lesion: as measured.
        voxels: its indices, shape (N, 3).
        bone_axis: unit vector along the bone beside it, shape (3,).
    """

    lesion: Lesion
    voxels: NDArray[np.intp]
    bone_axis: NDArray[np.float64]


def find_chains(
    members: Sequence[Member], grid: Volume, settings: MeasurementSettings
) -> tuple[Chain, ...]:
    """Find the chains among the lesions beside a bone, those of most lesions first.

    Args:
        members: all lesions that have a bone beside them.
        grid: that their voxels lie on.
        settings: limits of links and of what is linear.
    """
    if len(members) < settings.chain_minimum_lesions:
        return ()
    count, group = connected_components(_links(members, settings), directed=False)
    parts: list[list[Member]] = [[] for _ in range(count)]
    for member, number in zip(members, group.tolist(), strict=True):
        parts[number].append(member)
    found = [part for part in parts if len(part) >= settings.chain_minimum_lesions]
    found.sort(key=lambda part: (-len(part), part[0].lesion.id))
    return tuple(_chain(n, part, grid, settings) for n, part in enumerate(found, start=1))


def _links(members: Sequence[Member], settings: MeasurementSettings) -> coo_array:
    """Which lesions are linked, shape (n, n)."""
    centers = np.array([member.lesion.centroid_lps_mm for member in members])
    axes = np.array([member.bone_axis for member in members])
    sides = np.array([member.lesion.laterality.value for member in members])
    reach = float(np.hypot(settings.chain_link_mm, settings.chain_offset_mm))
    first, second = cKDTree(centers).query_pairs(reach, output_type="ndarray").T
    apart = centers[second] - centers[first]
    linked = np.zeros(len(first), dtype=bool)
    # The shafts of thigh and shank differ a little: linked is what either of the two axes links.
    for axis in (axes[first], axes[second]):
        along = (apart * axis).sum(axis=1)
        across = np.sqrt(np.maximum((apart**2).sum(axis=1) - along**2, 0.0))
        linked |= (np.abs(along) <= settings.chain_link_mm) & (across <= settings.chain_offset_mm)
    linked &= sides[first] == sides[second]
    shape = (len(members), len(members))
    return coo_array((linked[linked], (first[linked], second[linked])), shape=shape)


def _chain(
    number: int, part: Sequence[Member], grid: Volume, settings: MeasurementSettings
) -> Chain:
    lesions = [member.lesion for member in part]
    total = figures_of(lesions)
    shape = measure_shape(np.concatenate([member.voxels for member in part]), grid)
    bone = np.sum([member.bone_axis for member in part], axis=0)
    angle = angle_deg(shape.direction, bone / np.linalg.norm(bone))
    return Chain(
        id=number,
        lesion_ids=tuple(sorted(lesion.id for lesion in lesions)),
        compartment=next(iter(volume_by_compartment(lesions))),
        laterality=lesions[0].laterality,
        region=max(lesions, key=lambda lesion: lesion.volume_pv_mm3).region,
        length_mm=shape.longest_diameter_mm,
        angle_to_bone_axis_deg=angle,
        linearity=shape.linearity,
        linear_along_axis=angle <= settings.chain_angle_deg
        and shape.linearity >= settings.chain_linearity,
        volume_pv_mm3=total.volume_pv_mm3,
        ha_mass_mg=total.ha_mass_mg,
    )
