"""Whatever comes in: a result or a refusal in one sentence, and nothing else.

A sample of what `python benchmarks/fuzz_readers.py` runs by the thousand, each time the same.
"""

import importlib
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
INPUTS = 400


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        return importlib.import_module("fuzz_inputs")


def test_every_kind_is_read_while_it_is_whole(fuzz: ModuleType, tmp_path: Path) -> None:
    for seed in fuzz.seeds():
        assert fuzz.outcome(seed, tmp_path / "case") == "result", seed.kind


def test_broken_inputs_never_surprise(fuzz: ModuleType, tmp_path: Path) -> None:
    all_seeds = fuzz.seeds()
    ends: Counter[str] = Counter()
    kinds: set[str] = set()
    for number in range(INPUTS):
        case, _ = fuzz.broken(all_seeds, 0, number)
        ends[fuzz.outcome(case, tmp_path / "case")] += 1
        kinds.add(case.kind)
    # About a third of the breaks touch what does not matter, such as a description.
    assert ends["result"] + ends["refused"] == INPUTS
    assert min(ends.values()) > INPUTS / 5
    assert kinds == {seed.kind for seed in all_seeds}


def test_the_same_number_breaks_the_same_way(fuzz: ModuleType) -> None:
    all_seeds = fuzz.seeds()
    first, second = (fuzz.broken(all_seeds, 7, 12)[0].files for _ in range(2))
    assert first == second
    assert fuzz.broken(all_seeds, 7, 13)[0].files != first
