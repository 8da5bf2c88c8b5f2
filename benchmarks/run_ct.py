"""Time and memory of CT segmentation on a volume of 512 x 512 x 400 voxels, engine by engine.

    python benchmarks/run_ct.py [--threads N] [--model FOLDER] [--shape 512 512 400]

Each engine runs in a process of its own, so that peak memory is its own. "cpu" is processor time
of all threads, which a busy machine disturbs less than seconds on the clock; "speed" is relative
to ONNX Runtime in the same run.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from calciscope.ct.segmentation import CtSegmenter
from calciscope.models.engine import create_engine
from calciscope.models.manifest import load_manifest
from calciscope.models.registry import find_model
from calciscope.volume import Volume

SPACING_MM = (0.8, 0.8, 1.0)
ENGINES = ("onnxruntime", "openvino")
STAGES = ("read", "load model", "preprocess", "body", "network", "restore", "total")
KIB_PER_GB = 1e6


def synthetic_legs(shape: tuple[int, int, int]) -> NDArray[np.int16]:
    """Two tapering legs with bones and some calcifications on a table; HU, axes L, P, S."""
    rng = np.random.default_rng(0)
    columns, rows, slices = shape
    x = (np.arange(columns) - columns / 2)[:, None] * SPACING_MM[0]
    y = (np.arange(rows) - rows / 2)[None, :] * SPACING_MM[1]
    hu = np.empty(shape, dtype=np.int16, order="F")
    for k in range(slices):
        radius = 45.0 + 40.0 * k / slices
        plane = np.full((columns, rows), -1000.0)
        plane[:, np.abs(y[0] - 110) < 2] = 60.0
        for center in (-95.0, 95.0):
            distance = np.hypot(x - center, y)
            plane[distance < radius] = -100.0
            plane[distance < radius - 12] = 50.0
            plane[distance < 14] = 1100.0
            plane[distance < 9] = -20.0
            if k % 40 < 8:
                plane[np.hypot(x - center - 25, y - 15) < 3] = 450.0
        hu[:, :, k] = plane + rng.normal(0.0, 15.0, plane.shape)
    return hu


def measure(ct: Path, model_folder: Path, engine_name: str, threads: int | None) -> None:
    """Segment one CT and print what it took as one line of JSON."""
    start = time.perf_counter()
    image = nibabel.nifti1.load(ct)
    volume = Volume.from_ras(np.asarray(image.dataobj), image.affine)
    read = time.perf_counter()
    model = load_manifest(model_folder)
    engine = create_engine(model, engine_name, threads)
    loaded = time.perf_counter()
    result = CtSegmenter(model, engine).segment(volume)
    stages = {"read": read - start, "load model": loaded - read, **result.timings}
    usage = resource.getrusage(resource.RUSAGE_SELF)
    record = {
        "engine": f"{engine.name} {engine.device} {engine.precision}",
        "seconds": {**stages, "total": time.perf_counter() - start},
        "peak_gb": usage.ru_maxrss / KIB_PER_GB,
        "cpu": usage.ru_utime + usage.ru_stime,
        "windows": result.windows,
        "network_mvoxel": result.network_voxels / 1e6,
    }
    print(json.dumps(record))


def compare(shape: tuple[int, int, int], model_folder: Path, threads: int | None) -> None:
    """Run every engine on the same CT and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        ct = Path(folder) / "ct.nii"
        affine = np.diag([-SPACING_MM[0], -SPACING_MM[1], SPACING_MM[2], 1.0])
        nibabel.nifti1.save(nibabel.nifti1.Nifti1Image(synthetic_legs(shape), affine), ct)
        records = []
        for engine in ENGINES:
            command = [sys.executable, __file__, "--measure", str(ct), "--engine", engine]
            command += ["--model", str(model_folder)]
            command += ["--threads", str(threads)] if threads else []
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            records.append(json.loads(answer.stdout))
    print(f"CT {shape} at {SPACING_MM} mm, model {model_folder.parent.name} {model_folder.name}")
    print(f"{records[0]['windows']} windows, {records[0]['network_mvoxel']:.1f} Mvoxel\n")
    print(
        f"{'engine':<24}"
        + "".join(f"{stage:>12}" for stage in (*STAGES, "cpu", "peak GB", "speed"))
    )
    reference = records[0]["seconds"]["total"]
    for record in records:
        cells = [*(record["seconds"][stage] for stage in STAGES)]
        cells += [record["cpu"], record["peak_gb"]]
        cells.append(reference / record["seconds"]["total"])
        print(f"{record['engine']:<24}" + "".join(f"{cell:>12.2f}" for cell in cells))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=(512, 512, 400))
    parser.add_argument("--model", type=Path, help="folder of a model; default: the newest")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--engine", default="auto", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    model = arguments.model or find_model().folder
    if arguments.measure:
        measure(arguments.measure, model, arguments.engine, arguments.threads)
    else:
        compare(tuple(arguments.shape), model, arguments.threads)


if __name__ == "__main__":
    main()
