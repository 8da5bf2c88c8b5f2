"""Time and memory of `calciscope run` on a CT of 512 x 512 x 400, engine by engine.

    python benchmarks/run_ct.py [--threads N] [--model VERSION] [--shape 512 512 400]

From a DICOM series to all outputs. Each engine runs in a process of its own, so that peak memory
is its own. "cpu" is processor time of all threads, which a busy machine disturbs less than seconds
on the clock; "speed" is relative to ONNX Runtime in the same run.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calciscope.phantom.dicom import write_ct_series
from calciscope.pipeline import Analyzer
from calciscope.volume import Volume

SPACING_MM = (0.8, 0.8, 1.0)
ENGINES = ("onnxruntime", "openvino")
LOAD = "load model"
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


def measure(study: Path, engine_name: str, version: str | None, threads: int | None) -> None:
    """Analyze one study and print what it took as one line of JSON."""
    start = time.perf_counter()
    analyzer = Analyzer(version, engine_name, threads)
    loaded = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        findings = analyzer.run(study, Path(folder) / "out")
    total = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    record = {
        "engine": f"{analyzer.engine_text} {analyzer.engine.device}",
        "lesions": findings.ct.burden.total.count,
        "seconds": {LOAD: loaded - start, **findings.provenance.times_s, "total": total},
        "peak_gb": usage.ru_maxrss / KIB_PER_GB,
        "cpu": usage.ru_utime + usage.ru_stime,
    }
    print(json.dumps(record))


def compare(shape: tuple[int, int, int], version: str | None, threads: int | None) -> None:
    """Run every engine on the same study and print a table."""
    records = []
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        write_ct_series(
            Volume.from_spacing(synthetic_legs(shape), SPACING_MM), study, uid_seed="benchmark"
        )
        for engine in ENGINES:
            command = [sys.executable, __file__, "--measure", str(study), "--engine", engine]
            command += ["--model", version] if version else []
            command += ["--threads", str(threads)] if threads else []
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            records.append(json.loads(answer.stdout))
    print(f"CT {shape} at {SPACING_MM} mm, {records[0]['lesions']} lesions; seconds")
    print(f"{'':<16}" + "".join(f"{record['engine']:>24}" for record in records))
    for stage in records[0]["seconds"]:
        print(f"{stage:<16}" + "".join(f"{r['seconds'][stage]:>24.2f}" for r in records))
    print(f"{'cpu':<16}" + "".join(f"{r['cpu']:>24.2f}" for r in records))
    print(f"{'peak GB':<16}" + "".join(f"{r['peak_gb']:>24.2f}" for r in records))
    reference = records[0]["seconds"]["total"]
    print(
        f"{'speed':<16}" + "".join(f"{reference / r['seconds']['total']:>24.2f}" for r in records)
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=(512, 512, 400))
    parser.add_argument("--model", help="version of ct-calcification; default: the newest")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--engine", default="auto", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.engine, arguments.model, arguments.threads)
    else:
        compare(tuple(arguments.shape), arguments.model, arguments.threads)


if __name__ == "__main__":
    main()
