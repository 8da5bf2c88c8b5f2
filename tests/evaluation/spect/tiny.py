"""A SPECT/CT case small enough to be judged in a blink, and classifiers without a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.spect.cases import write_spect_case
from calciscope.evaluation.spect.judging import Classifier
from calciscope.evaluation.spect.rows import RULE
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment, Label
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

MUSCLE = HOT_SPOT_COMPARTMENTS.index(Compartment.MUSCLE)
BONE = HOT_SPOT_COMPARTMENTS.index(Compartment.BONE)
FOCUS_MM = (60.0, 60.0, 60.0)


def write_tiny_case(folder: Path, answers: bool = True) -> Path:
    """A muscle of 120 mm with a focus of 20 mm, SUV 8, whose truth is 0.75 muscle, 0.25 bone."""
    activity = np.full((60, 60, 60), 0.5, np.float16)
    activity[25:35, 25:35, 25:35] = 8.0
    compartments = np.full(activity.shape, MUSCLE, np.uint8)
    # A quarter of the focus lies in bone: x from 65 mm on.
    compartments[32:] = BONE
    compartments[32:, 30:] = MUSCLE
    spect = np.full((25, 25, 25), 0.5, np.float32)
    spect[11:15, 11:15, 11:15] = 6.0
    labels = np.full((40, 40, 40), Label.MUSCLE, np.uint8)
    fine = Volume.from_spacing(activity, (2.0, 2.0, 2.0), (1.0, 1.0, 1.0))
    ct = Volume.from_spacing(np.full(labels.shape, 60, np.int16), (3.0, 3.0, 3.0))
    volumes = {
        "ct": ct,
        "labels": ct.with_array(labels),
        "spect": Volume.from_spacing(spect, (4.8, 4.8, 4.8)),
        "activity": fine,
        "compartments": fine.with_array(compartments),
    }
    if answers:
        volumes["tissues"] = ct.with_array(labels)
        volumes["calcification"] = ct.with_array(np.zeros(labels.shape, np.uint8))
        volumes["body"] = ct.with_array(np.ones(labels.shape, np.uint8))
    focus = {
        "id": 1, "compartment": "muscle", "kind": "rod", "suv": 8.0, "volume_ml": 8.0,
        "center_mm": list(FOCUS_MM), "classified": None, "lesion_ids": [],
        "physiologic": False, "length_mm": 20.0,
    }  # fmt: skip
    meta = {
        "seed": 1, "body_part": "calf", "settings": "held_out", "foci": [focus],
        "misregistration": {"matrix": np.eye(4).tolist(), "shift_mm": 0.0},
        "spect_protocol": {"seconds_per_view": 30.0},
    }  # fmt: skip
    write_spect_case(folder, volumes, meta)
    return folder


@dataclass(frozen=True)
class Always:
    """Says one compartment of everything, with this probability."""

    compartment: Compartment
    probability: float = 0.9

    def classify(
        self, scene: SpectScene, hot_spot_ids: Volume, ids: Sequence[int]
    ) -> NDArray[np.float32]:
        row = np.full(len(HOT_SPOT_COMPARTMENTS), (1 - self.probability) / 10, np.float32)
        row[HOT_SPOT_COMPARTMENTS.index(self.compartment)] = self.probability
        return np.tile(row, (len(ids), 1))


@dataclass(frozen=True)
class TinyJudges:
    """Judges that a process can make anew."""

    said: Compartment = Compartment.MUSCLE

    @property
    def key(self) -> str:
        return str(self.said)

    def load(self) -> Mapping[str, Classifier]:
        return {
            "": Always(self.said),
            RULE: Always(Compartment.BONE),
            "other": Always(Compartment.JOINT),
        }
