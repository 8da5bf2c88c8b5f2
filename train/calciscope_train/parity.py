"""Does an ONNX file say what the torch network says?"""

from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import torch
from numpy.typing import NDArray

from calciscope.errors import ModelError
from calciscope_train.network import CalcificationUNet

MAX_DIFFERENCE = 2e-3
"""Largest allowed difference of a logit, fp32 on both sides; folding BatchNorm rounds anew."""

MIN_AGREEMENT = 0.9999
"""Smallest allowed share of voxels with the same label."""


def check_parity(
    network: CalcificationUNet, path: Path, patch_size: tuple[int, int, int], seed: int = 0
) -> tuple[float, float]:
    """Compare both on random patches of two shapes and batch sizes.

    Args:
        network: in evaluation mode.
        path: the ONNX file.
        patch_size: a shape that the model will meet.
        seed: of the patches.

    Returns:
        Largest difference of a logit, smallest share of voxels with the same label.

    Raises:
        ModelError: they differ more than rounding explains.
    """
    generator = np.random.default_rng(seed)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    differences, agreements = [], []
    for shape in (
        (1, network.inputs, *patch_size),
        (3, network.inputs, *network.required_multiple),
    ):
        patch = smooth_noise(generator, shape)
        with torch.no_grad():
            expected = network(torch.from_numpy(patch)).numpy()
        found = np.asarray(session.run(None, {name: patch})[0])
        differences.append(float(np.abs(expected - found).max()))
        agreements.append(float((expected.argmax(1) == found.argmax(1)).mean()))
    difference, agreement = max(differences), min(agreements)
    if difference > MAX_DIFFERENCE or agreement < MIN_AGREEMENT:
        raise ModelError(
            f"{path.name} differs from torch by {difference:.2g} in logits and agrees on "
            f"{agreement:.2%} of labels; export it again with another version of torch"
        )
    return difference, agreement


def smooth_noise(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Windowed input with flat and busy places, in [-1, 1]."""
    coarse = generator.normal(size=(*shape[:2], *(max(1, s // 8) for s in shape[2:])))
    for axis, size in enumerate(shape[2:], start=2):
        index = np.arange(size) * coarse.shape[axis] // size
        coarse = coarse.take(index, axis=axis)
    noisy = coarse + 0.1 * generator.normal(size=shape)
    return np.clip(noisy, -1.0, 1.0).astype(np.float32)
