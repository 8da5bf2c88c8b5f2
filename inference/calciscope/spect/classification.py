"""The hot-spot network at work: probabilities of the 11 compartments for hot spots of a scene."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calciscope.labels import HOT_SPOT_COMPARTMENTS
from calciscope.models.engine import Engine, create_engine
from calciscope.models.hot_spot_manifest import HotSpotManifest
from calciscope.models.registry import find_hot_spot_model
from calciscope.spect.patch_inputs import input_length, network_inputs
from calciscope.spect.patches import extract, patch_source
from calciscope.spect.probabilities import softmax, with_priors
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

BATCH = 8
"""Rows that an engine runs at a time; short batches are filled up, so that one shape compiles."""


class CompartmentClassifier:
    """Names the compartment of hot spots; a `Classifier` of the analysis.

    Args:
        manifest: a verified hot-spot model.
        engine: its loaded network.
        expected_priors: how often each compartment is expected where this model is used; None
            takes what the manifest says, which may be nothing.
    """

    def __init__(
        self,
        manifest: HotSpotManifest,
        engine: Engine,
        expected_priors: Sequence[float] | None = None,
    ) -> None:
        if expected_priors is not None:
            manifest = replace(manifest, expected_priors=tuple(expected_priors))
        self.manifest = manifest
        self._engine = engine

    @property
    def minimum_probability(self) -> float:
        """Below it a hot spot should stay indeterminate."""
        return self.manifest.minimum_probability

    def classify(
        self, scene: SpectScene, hot_spot_ids: Volume, ids: Sequence[int]
    ) -> NDArray[np.float32]:
        """Probabilities, (n, 11), rows sum to 1, in order of HOT_SPOT_COMPARTMENTS.

        Raises:
            InputError: the hot spots are not on the grid of the uptake, or an id is not there.
        """
        if len(ids) == 0:
            return np.zeros((0, len(HOT_SPOT_COMPARTMENTS)), dtype=np.float32)
        source = patch_source(scene, hot_spot_ids, self.manifest.patches)
        rows = (network_inputs(extract(source, int(i)), self.manifest.patches) for i in ids)
        return self.probabilities(self.logits(rows))

    def logits(self, rows: Iterator[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Logits (n, 11) of rows of network input."""
        batch = np.zeros((BATCH, input_length(self.manifest.patches)), dtype=np.float32)
        results: list[NDArray[np.float64]] = []
        filled = 0
        for row in rows:
            batch[filled] = row
            filled += 1
            if filled == BATCH:
                results.append(self._engine.run(batch).astype(np.float64))
                filled = 0
        if filled:
            results.append(self._engine.run(batch)[:filled].astype(np.float64))
        return np.concatenate(results) if results else np.zeros((0, len(HOT_SPOT_COMPARTMENTS)))

    def probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float32]:
        """Calibrated probabilities (n, 11) of logits (n, 11)."""
        manifest = self.manifest
        result = softmax(logits, manifest.temperature)
        if manifest.expected_priors:
            trained, expected = (
                np.array(manifest.trained_priors),
                np.array(manifest.expected_priors),
            )
            result = with_priors(result, trained, expected)
        return result.astype(np.float32)


def load_classifier(
    version: str | None = None,
    root: Path | None = None,
    engine: str = "auto",
    threads: int | None = None,
) -> CompartmentClassifier:
    """The newest hot-spot model that is installed, or the one asked for.

    Always fp32: the network takes little time, and rounding would move probabilities.

    Raises:
        ModelError: there is none, it does not pass its checks, or no engine takes it.
    """
    manifest = find_hot_spot_model(version, root)
    return CompartmentClassifier(manifest, create_engine(manifest, engine, threads, "fp32"))
