"""From logits of the hot-spot network to probabilities."""

import numpy as np
from numpy.typing import NDArray


def softmax(logits: NDArray[np.float64], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities (N, K) of logits (N, K); a temperature above 1 makes them less sure."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def with_priors(
    probabilities: NDArray[np.float64],
    trained: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Probabilities (N, K) where classes are as frequent as expected, not as in training.

    Saerens 2002, Neural Computation 14:21: p(k) x expected(k) / trained(k), normalized.
    """
    changed = probabilities * (expected / np.maximum(trained, 1e-9))
    return np.asarray(changed / changed.sum(axis=-1, keepdims=True))
