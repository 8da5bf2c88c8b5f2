"""The scene of a case: what the program sees of it, from the CT network where its answers exist."""

from typing import Any

import numpy as np

from calciscope.ct.body import body_mask
from calciscope.evaluation.spect.cases import ANSWERS, SpectCaseRecord
from calciscope.labels import IGNORE, Label
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

BY_NETWORK = "CT network"
BY_TRUTH = "true labels"


def tissues_by(record: SpectCaseRecord) -> str:
    """Who says which tissue is where in the scene of a case."""
    return BY_NETWORK if _has_answers(record) else BY_TRUTH


def scene_of(record: SpectCaseRecord) -> SpectScene:
    """What detection and classification look at.

    Tissues, calcification and body are the answers of a CT network where they are saved with the
    case; else the true labels stand in, the body found in the CT as the program finds it.
    """
    ct = _read(record.ct)
    spect = _read(record.spect)
    if _has_answers(record):
        known: dict[str, Any] = {name: _read(getattr(record, name)) for name in ANSWERS}
        known["body"] = known["body"].with_array(known["body"].array > 0)
        return SpectScene(spect, True, ct, **known)
    labels = np.array(record.labels.array)
    labels[labels == IGNORE] = Label.BACKGROUND
    certain = np.where(labels == Label.CALCIFICATION, np.uint8(255), np.uint8(0))
    view = ct.canonical()
    body = view.to_native(body_mask(view.volume))
    return SpectScene(
        spect, True, ct, ct.with_array(labels), ct.with_array(certain), ct.with_array(body)
    )


def _has_answers(record: SpectCaseRecord) -> bool:
    return all(getattr(record, name) is not None for name in ANSWERS)


def _read(volume: Volume) -> Volume:
    """The volume in memory, since it is looked at several times."""
    return volume.with_array(np.array(volume.array))
