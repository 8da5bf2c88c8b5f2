"""Fixtures that every test may use."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from calciscope.models.manifest import ModelManifest, standard_labels
from calciscope.preprocessing import PreprocessingSpec
from calciscope.volume import Volume

# A busy machine is not a wrong result.
settings.register_profile("calciscope", deadline=None)
settings.load_profile("calciscope")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real CTs for development, which lie beside the checkout and are never part of it."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def toy_manifest() -> ModelManifest:
    """The manifest of a model whose network is a stand-in."""
    return ModelManifest(
        name="toy",
        version="0",
        sha256="",
        preprocessing=PreprocessingSpec(),
        commit="",
        created="",
        license="Apache-2.0",
        training_data={},
        labels=standard_labels(),
    )


@pytest.fixture(scope="session")
def stored() -> Callable[[Volume, tuple[int, ...], tuple[bool, ...]], Volume]:
    """Stores the same voxels with their axes in another order and direction."""

    def store(volume: Volume, order: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
        array = volume.array.transpose(order)
        affine = volume.affine.copy()
        affine[:3, :3] = volume.affine[:3, list(order)]
        for axis, flip in enumerate(flips):
            if flip:
                array = np.flip(array, axis)
                affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
                affine[:3, axis] *= -1
        return Volume(array, affine)

    return store
