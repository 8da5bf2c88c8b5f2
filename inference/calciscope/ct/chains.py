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

from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import Chain, Lesion
from calciscope.labels import Compartment


@dataclass(frozen=True, eq=False)
class Member:
    """A lesion that may be part of a chain.

    Attributes:
        lesion: as measured.
        points_lps_mm: its voxel centers, shape (N, 3).
        bone_axis: unit vector along the bone beside it, shape (3,).
    """

    lesion: Lesion
    points_lps_mm: NDArray[np.float64]
    bone_axis: NDArray[np.float64]


def find_chains(members: Sequence[Member], settings: MeasurementSettings) -> tuple[Chain, ...]:
    """Find the chains among the lesions beside a bone, those of most lesions first.

    Args:
        members: all lesions that have a bone beside them.
        settings: limits of links and of what is linear.
    """
    if len(members) < settings.chain_minimum_lesions:
        return ()
    count, group = connected_components(_links(members, settings), directed=False)
    found = []
    for number in range(count):
        part = [members[i] for i in np.flatnonzero(group == number).tolist()]
        if len(part) >= settings.chain_minimum_lesions:
            found.append(part)
    found.sort(key=lambda part: (-len(part), part[0].lesion.id))
    return tuple(_chain(number, part, settings) for number, part in enumerate(found, start=1))


def _links(members: Sequence[Member], settings: MeasurementSettings) -> coo_array:
    """Which lesions are linked, shape (n, n)."""
    centers = np.array([member.lesion.centroid_lps_mm for member in members])
    axes = np.array([member.bone_axis for member in members])
    sides = np.array([member.lesion.laterality.value for member in members])
    apart = centers[None] - centers[:, None]
    along = np.einsum("ijk,ik->ij", apart, axes)
    across = np.sqrt(np.maximum((apart**2).sum(axis=2) - along**2, 0.0))
    near = (np.abs(along) <= settings.chain_link_mm) & (across <= settings.chain_offset_mm)
    # The shafts of thigh and shank differ a little: linked is what either of the two axes links.
    return coo_array((near | near.T) & (sides[None] == sides[:, None]))


def _chain(number: int, part: Sequence[Member], settings: MeasurementSettings) -> Chain:
    lesions = [member.lesion for member in part]
    points = np.concatenate([member.points_lps_mm for member in part])
    bone = np.mean([member.bone_axis for member in part], axis=0)
    bone /= np.linalg.norm(bone)
    values, vectors = np.linalg.eigh(np.cov(points.T))
    cosine = abs(float(vectors[:, 2] @ bone))
    angle = float(np.degrees(np.arccos(min(cosine, 1.0))))
    linearity = float((values[2] - values[1]) / values[2])
    extent = points @ vectors[:, 2]
    return Chain(
        id=number,
        lesion_ids=tuple(sorted(lesion.id for lesion in lesions)),
        compartment=_most(lesions),
        laterality=lesions[0].laterality,
        region=max(lesions, key=lambda lesion: lesion.volume_pv_mm3).region,
        length_mm=float(extent.max() - extent.min()),
        angle_to_bone_axis_deg=angle,
        linearity=linearity,
        linear_along_axis=angle <= settings.chain_angle_deg
        and linearity >= settings.chain_linearity,
        volume_pv_mm3=sum(lesion.volume_pv_mm3 for lesion in lesions),
        ha_mass_mg=sum(lesion.ha_mass_mg for lesion in lesions),
    )


def _most(lesions: Sequence[Lesion]) -> Compartment:
    """The compartment of most of the volume."""
    volumes: dict[Compartment, float] = {}
    for lesion in lesions:
        volumes[lesion.compartment] = volumes.get(lesion.compartment, 0.0) + lesion.volume_pv_mm3
    return max(volumes, key=lambda compartment: volumes[compartment])
