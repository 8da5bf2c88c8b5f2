"""Kills the service again and again, and counts what became of every study.

    python benchmarks/service_kills.py [--kills 1000] [--seed 1]

See tests/service/kills/harness.py for what is done; the analysis is a stand-in.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.ports import free_port
from tests.service.kills.harness import KillTest


def main() -> None:
    """Kill, settle, count; exit status 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="calciscope-kills-") as folder:
        test = KillTest(Path(folder), given.seed, free_port())
        try:
            for done in range(0, given.kills, 50):
                test.kill_again_and_again(min(50, given.kills - done))
                print(f"{test.report.kills} kills", flush=True)
            report = test.settle(600)
        finally:
            test.close()
    print("\n".join(report.lines()))
    print(f"{time.perf_counter() - begin:.0f} s")
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
