"""Broken inputs by the thousand: each must end in a result or a named refusal.

    python benchmarks/fuzz_readers.py [--inputs 20000] [--seed 0] [--only NUMBER]

Files of every kind that Calciscope reads (DICOM in each transfer syntax, enhanced CT, NIfTI, .zip,
laboratory values, manifests, results) are broken byte by byte and element by element. Counted are
results and refusals; what ends otherwise is printed: another exception, a warning, a process that
died, more than 10 s, or more than 1 GB of memory taken at once. Input NUMBER of a seed is always
the same; --only repeats it with its traceback.
"""

import argparse
import faulthandler
import json
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from fuzz_inputs import Seed, broken, outcome, seeds

LONGEST_S = 10
MOST_KIB = 1_000_000
ADDRESS_SPACE = 12 << 30


def tried(all_seeds: list[Seed], seed: int, number: int, folder: Path) -> dict[str, object]:
    """What became of one input."""
    case, way = broken(all_seeds, seed, number)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        end = outcome(case, folder)
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        end = f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"
    spent = time.process_time() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if end in ("result", "refused") and spent > LONGEST_S:
        end = f"took {spent:.0f} s"
    if end in ("result", "refused") and grown > MOST_KIB:
        end = f"took {grown / 1e6:.1f} GB"
    return {"number": number, "kind": case.kind, "way": way, "end": end}


def work(seed: int, first: int, last: int) -> None:
    """Try inputs and write a line of JSON for each; the number goes first, in case of death."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    all_seeds = seeds()
    with tempfile.TemporaryDirectory() as name:
        for number in range(first, last):
            # Ends the process also where C code does not come back.
            faulthandler.dump_traceback_later(3 * LONGEST_S, exit=True)
            print(number, flush=True)
            print(json.dumps(tried(all_seeds, seed, number, Path(name) / "case")), flush=True)


def supervise(seed: int, inputs: int) -> int:
    """Run `work`, again after each death; the number of inputs that ended badly."""
    counts: Counter[tuple[str, str]] = Counter()
    bad: Counter[str] = Counter()
    first = 0
    while first < inputs:
        started = False
        command = [sys.executable, __file__, "--work", str(first), str(inputs), "--seed", str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                if not line.startswith("{"):
                    first, started = int(line), True
                    continue
                record = json.loads(line)
                end = record["end"]
                counts[record["kind"], end if end in ("result", "refused") else "bad"] += 1
                if end not in ("result", "refused"):
                    bad[end[:70]] += 1
                    if bad[end[:70]] <= 3:
                        print(f"{record['number']} {record['kind']}, {record['way']}: {end[:300]}")
                        sys.stdout.flush()
        if not started:
            sys.exit("the inputs could not be made")
        if process.returncode != 0:
            print(f"{first}: the process died ({process.returncode})", flush=True)
            counts["(died)", "bad"] += 1
        first += 1
        if process.returncode == 0:
            break
    _table(seed, counts)
    return sum(count for (_, end), count in counts.items() if end == "bad")


def _table(seed: int, counts: Counter[tuple[str, str]]) -> None:
    print(f"seed {seed}\n{'':<16}{'inputs':>9}{'results':>9}{'refused':>9}{'bad':>9}")
    for kind in [*sorted({kind for kind, _ in counts}), "all"]:
        ends = [
            sum(n for (k, e), n in counts.items() if e == end and kind in (k, "all"))
            for end in ("result", "refused", "bad")
        ]
        print(f"{kind:<16}" + "".join(f"{n:>9}" for n in (sum(ends), *ends)))


def main() -> None:
    """Read the command line; exit status 1 where an input ended badly."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="repeat this input and show its traceback")
    parser.add_argument("--work", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.seed, *given.work)
    elif given.only is not None:
        with tempfile.TemporaryDirectory() as name:
            case, way = broken(seeds(), given.seed, given.only)
            print(case.kind, way, outcome(case, Path(name) / "case"))
    else:
        sys.exit(min(1, supervise(given.seed, given.inputs)))


if __name__ == "__main__":
    main()
