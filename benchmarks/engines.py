"""Speed of one window in every engine and precision, and how far its labels agree with fp32.

    python benchmarks/engines.py [--model FOLDER] [--threads N] [--size 96 96 32] [--repeats N]

Engines run in turn within one process, so that a busy machine slows them alike: read the ratios.
"speed" is relative to OpenVINO in fp32. The input is a phantom's limb with mineral.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import ModelError
from calciscope.models.engine import Engine, create_engine
from calciscope.models.manifest import load_manifest
from calciscope.models.registry import find_model
from calciscope.preprocessing import PreprocessingSpec, network_input

CONFIGURATIONS = (
    ("openvino", "fp32"),
    ("openvino", "bf16"),
    ("openvino", "int8"),
    ("onnxruntime", "fp32"),
    ("onnxruntime", "int8"),
)


def limb_window(size: tuple[int, int, int], spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Network input (1, C, X, Y, Z) of a limb with bone and rods of mineral."""
    x, y, z = np.meshgrid(*(np.arange(n) - n / 2 for n in size), indexing="ij", sparse=True)
    radius = np.hypot(x, y) / (min(size[:2]) / 2)
    hu = np.full(size, -1000.0)
    for limit, value in ((0.95, -100.0), (0.75, 55.0), (0.3, 1200.0), (0.18, -40.0)):
        hu[np.broadcast_to(radius < limit, size)] = value
    for place in (-0.5, 0.5):
        rod = np.hypot(x - place * size[0] / 2, y) < 3
        hu[rod & (np.abs(z) < size[2] / 4)] = 420.0
    hu += np.random.default_rng(0).normal(0, 12, size)
    return network_input(hu[None], spec)


def main() -> None:
    """Read the command line, run, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="folder of a model; default: the newest")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--size", type=int, nargs=3, default=(96, 96, 32))
    parser.add_argument("--repeats", type=int, default=9)
    given = parser.parse_args()
    model = load_manifest(given.model) if given.model else find_model()
    window = limb_window(tuple(given.size), model.preprocessing)
    engines: dict[str, Engine] = {}
    for name, precision in CONFIGURATIONS:
        try:
            engine = create_engine(model, name, given.threads, precision)
        except ModelError as error:
            print(f"{name} {precision}: {error}")
            continue
        engines[f"{name} {engine.precision}"] = engine
    labels: dict[str, NDArray[np.intp]] = {}
    seconds: dict[str, list[float]] = {key: [] for key in engines}
    for turn in range(given.repeats + 1):
        for key, engine in engines.items():
            start = time.perf_counter()
            logits = engine.run(window)
            if turn:  # the first run compiles
                seconds[key].append(time.perf_counter() - start)
            labels[key] = logits.argmax(axis=1)
    first = next(iter(engines))
    print(f"{model.name} {model.version}, window {tuple(given.size)}, median of {given.repeats}")
    for key in engines:
        median = float(np.median(seconds[key]))
        speed = float(np.median(seconds[first])) / median
        agreement = float((labels[key] == labels[first]).mean())
        rate = window[0, 0].size / median / 1e6
        print(f"{key:<20}{median * 1e3:>9.1f} ms{rate:>8.2f} Mvoxel/s{speed:>7.2f} x"
              f"{agreement:>9.3%} of labels")  # fmt: skip


if __name__ == "__main__":
    main()
