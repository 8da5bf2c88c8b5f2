"""The rule that the network has to beat: a hot spot is of the tissue that most of it lies in."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.anatomy import Anatomy, find_anatomy
from calciscope.ct.settings import MeasurementSettings
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment, Label
from calciscope.locations import Region
from calciscope.spect.on_grid import label_shares
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

COMPARTMENT_OF: Mapping[Label, Compartment] = MappingProxyType(
    {
        Label.SUBCUTANEOUS: Compartment.SUBCUTANEOUS,
        Label.MUSCLE: Compartment.MUSCLE,
        Label.BONE: Compartment.BONE,
        Label.VASCULAR: Compartment.VASCULAR,
    }
)
"""What a label of the CT stands for; calcification and metal say nothing."""

COLUMN: Mapping[Compartment, int] = MappingProxyType(
    {compartment: n for n, compartment in enumerate(HOT_SPOT_COMPARTMENTS)}
)


class Classifier(Protocol):
    """What tells the compartments of hot spots."""

    def classify(
        self, scene: SpectScene, hot_spot_ids: Volume, ids: Sequence[int]
    ) -> NDArray[np.float32]:
        """Probabilities of `HOT_SPOT_COMPARTMENTS`, shape (len(ids), 11); rows sum to 1."""


class MajorityTissue:
    """Shares of the CT's tissues within the hot spot.

    What the CT shows within the body without a name is urinary in the pelvis and abdominal
    elsewhere, and what lies outside of the body an artefact. Joints cannot be told from bone.
    """

    def classify(
        self, scene: SpectScene, hot_spot_ids: Volume, ids: Sequence[int]
    ) -> NDArray[np.float32]:
        """Shares as probabilities; all alike where the CT shows nothing that has a name."""
        shares = label_shares(scene.tissues, hot_spot_ids)
        body = label_shares(scene.body.with_array(scene.body.array.astype(np.uint8)), hot_spot_ids)
        anatomy = find_anatomy(
            scene.body,
            scene.tissues.with_array(scene.tissues.array == Label.BONE),
            MeasurementSettings(),
        )
        within = body.share(Label.SUBCUTANEOUS)
        counts = np.zeros((len(ids), len(HOT_SPOT_COMPARTMENTS)), np.float32)
        unnamed = shares.share(Label.BACKGROUND)
        named = {label: shares.share(label) for label in COMPARTMENT_OF}
        for row, number in enumerate(ids):
            mask = hot_spot_ids.array == number
            for label, compartment in COMPARTMENT_OF.items():
                counts[row, COLUMN[compartment]] = named[label][mask].sum()
            inside = np.minimum(unnamed, within)[mask].sum()
            counts[row, COLUMN[_organ(anatomy, hot_spot_ids, mask)]] += inside
            counts[row, COLUMN[Compartment.ARTEFACT]] = unnamed[mask].sum() - inside
        counts = np.maximum(counts, 0)
        total = counts.sum(axis=1, keepdims=True)
        alike = np.full_like(counts, 1.0 / counts.shape[1])
        return np.where(total > 0, counts / np.maximum(total, 1e-6), alike)


def _organ(anatomy: Anatomy, grid: Volume, mask: NDArray[np.bool_]) -> Compartment:
    """What unnamed tissue of the body is, by where it lies."""
    if not mask.any():
        return Compartment.ABDOMINAL
    center = grid.lps_mm(np.argwhere(mask).mean(axis=0))
    pelvis = anatomy.locate(center).region is Region.PELVIS
    return Compartment.URINARY if pelvis else Compartment.ABDOMINAL
