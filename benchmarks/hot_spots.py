"""Time to name 50 hot spots: preparing the scene, cutting patches, the network.

    python benchmarks/hot_spots.py [--models FOLDER] [--engine NAME] [--threads N] [--repeats N]

The scene is a trunk of 380 x 220 x 400 mm at 1 x 1 x 2.5 mm with 50 hot spots at 4.8 mm. Engines
compile in the first turn, which is left out.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from calciscope.labels import Label
from calciscope.spect.classification import load_classifier
from calciscope.spect.patch_inputs import network_inputs
from calciscope.spect.patches import extract, patch_source
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

HOT_SPOTS = 50


def trunk() -> tuple[SpectScene, Volume]:
    """An ellipse of fat, muscle and bone with cubes of uptake."""
    shape, spacing = (380, 220, 160), (1.0, 1.0, 2.5)
    x, y, z = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in shape), indexing="ij",
                          sparse=True)  # fmt: skip
    radius = ((x - 190) / 180) ** 2 + ((y - 110) / 100) ** 2 + 0 * z
    tissues = np.zeros(shape, np.uint8)
    for limit, label in ((1.0, Label.SUBCUTANEOUS), (0.8, Label.MUSCLE), (0.05, Label.BONE)):
        tissues[radius < limit] = label
    ct = np.choose(tissues, [-1000, -100, 50, 900]).astype(np.int16)
    rng = np.random.default_rng(0)
    uptake = rng.gamma(4, 0.1, (80, 46, 84)).astype(np.float32)
    ids = np.zeros(uptake.shape, np.uint16)
    for number in range(1, HOT_SPOTS + 1):
        corner = rng.integers(2, np.array(uptake.shape) - 6)
        box = tuple(slice(a, a + 4) for a in corner)
        ids[box], uptake[box] = number, uptake[box] + 4
    grid = Volume.from_spacing(tissues, spacing)
    scene = SpectScene(
        Volume.from_spacing(uptake, (4.8,) * 3),
        True,
        grid.with_array(ct),
        grid,
        grid.with_array(np.zeros(shape, np.uint8)),
        grid.with_array(tissues > 0),
    )
    return scene, scene.uptake.with_array(ids)


def main() -> None:
    """Read the command line, run, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="folder of models; default: the installed")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    classifier = load_classifier(None, given.models, given.engine, given.threads)
    spec = classifier.manifest.patches
    scene, ids = trunk()
    present = [int(i) for i in np.unique(ids.array) if i]
    times: list[tuple[float, float, float]] = []
    for _ in range(given.repeats + 1):
        start = time.perf_counter()
        source = patch_source(scene, ids, spec)
        ready = time.perf_counter()
        rows = [network_inputs(extract(source, i), spec) for i in present]
        cut = time.perf_counter()
        classifier.probabilities(classifier.logits(iter(rows)))
        times.append((ready - start, cut - ready, time.perf_counter() - cut))
    source_s, patches_s, network_s = np.median(np.array(times[1:]), axis=0)
    print(f"{len(present)} hot spots, median of {given.repeats}")
    for name, seconds in (("scene", source_s), ("patches", patches_s), ("network", network_s)):
        print(f"{name:<10}{seconds:>7.3f} s")
    print(f"{'together':<10}{source_s + patches_s + network_s:>7.3f} s")


if __name__ == "__main__":
    main()
