"""The compartment of a lesion: a vote of the tissue in and around it.

Who votes, within the lesion and the shell of 3 mm around it:

- voxels of muscle and of subcutis, in the lesion too (what the network saw beneath);
- outside lesions, bone votes for joint and vascular calcification for vascular. Within a lesion
  these labels say no more than that it is dense, and do not vote;
- other tissue inside the body (organs, anything not named) votes for indeterminate;
- air, metal, contrast and bone within other lesions do not vote.

The compartment is the majority, at least half of the votes; otherwise it is indeterminate. In the
fractions, voxels of muscle and subcutis within 2 mm of their common border are counted as fascia,
so that a sheet on the fascia shows as such while its compartment stays the one it lies in more.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from calciscope.ct.neighborhood import Neighborhood
from calciscope.ct.settings import MeasurementSettings
from calciscope.labels import Compartment, Label
from calciscope.volume import Array

FASCIA = "fascia"
"""Key of the share of fascia among the compartment fractions."""

LESION_COMPARTMENTS = (
    Compartment.MUSCLE,
    Compartment.SUBCUTANEOUS,
    Compartment.VASCULAR,
    Compartment.JOINT,
    Compartment.INDETERMINATE,
)
"""Compartments that a lesion can get."""

_MAJORITY = 0.5


@dataclass(frozen=True)
class CompartmentVote:
    """Outcome of the vote.

    Attributes:
        compartment: the majority, or indeterminate.
        fractions: shares of the votes by compartment and for fascia; they sum to 1.
    """

    compartment: Compartment
    fractions: dict[str, float]


def vote_compartment(near: Neighborhood, settings: MeasurementSettings) -> CompartmentVote:
    """Let the tissue in and around a lesion vote for its compartment.

    Args:
        near: the lesion with at least shell + fascia margin around it.
        settings: width of the shell and of the fascia.
    """
    voters = (near.distance_mm <= settings.compartment_shell_mm) & near.body
    outside = ~near.inside
    ballots: dict[Compartment, Array] = {
        Compartment.MUSCLE: near.tissue == Label.MUSCLE,
        Compartment.SUBCUTANEOUS: near.tissue == Label.SUBCUTANEOUS,
        Compartment.VASCULAR: (near.tissue == Label.VASCULAR) & outside,
        Compartment.JOINT: near.bone & outside,
        Compartment.INDETERMINATE: (near.tissue == Label.BACKGROUND) & outside,
    }
    votes = {name: int((ballot & voters).sum()) for name, ballot in ballots.items()}
    total = sum(votes.values())
    fractions = {name.value: 0.0 for name in LESION_COMPARTMENTS} | {FASCIA: 0.0}
    if total == 0:
        fractions[Compartment.INDETERMINATE.value] = 1.0
        return CompartmentVote(Compartment.INDETERMINATE, fractions)
    for name, count in votes.items():
        fractions[name.value] = count / total
    winner = max(votes, key=lambda name: votes[name])
    if votes[winner] < _MAJORITY * total:
        winner = Compartment.INDETERMINATE
    for name, other in (
        (Compartment.MUSCLE, Compartment.SUBCUTANEOUS),
        (Compartment.SUBCUTANEOUS, Compartment.MUSCLE),
    ):
        border = ballots[name] & voters & _within(near, ballots[other], settings.fascia_margin_mm)
        share = int(border.sum()) / total
        fractions[name.value] -= share
        fractions[FASCIA] += share
    return CompartmentVote(winner, fractions)


def _within(near: Neighborhood, target: Array, distance_mm: float) -> Array:
    """Voxels within a distance of a target mask."""
    if not target.any():
        return np.zeros(target.shape, dtype=bool)
    spacing = tuple(near.ct.spacing_mm)
    return np.asarray(ndimage.distance_transform_edt(~target, sampling=spacing) <= distance_mm)
