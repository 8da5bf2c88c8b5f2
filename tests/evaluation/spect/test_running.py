"""Cases from the disk to results: truth and foci of a case that is known to the voxel."""

from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.evaluation.spect.cases import read_spect_case
from calciscope.evaluation.spect.conditions import standard_conditions
from calciscope.evaluation.spect.judging import count_level, judge_case
from calciscope.evaluation.spect.result_files import read_result
from calciscope.evaluation.spect.rows import ANSWER, RULE
from calciscope.evaluation.spect.running import judge_cases
from calciscope.evaluation.spect.scenes import scene_of
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment

from .tiny import TinyJudges, write_tiny_case

CONDITIONS = standard_conditions(("other",))


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return write_tiny_case(tmp_path / "cases" / "held_out-1")


def test_one_case_to_the_voxel(case: Path) -> None:
    result = judge_case(read_spect_case(case), TinyJudges().load(), CONDITIONS)
    (spot,) = result.hot_spots
    assert spot.truth is Compartment.MUSCLE and spot.runner_up is Compartment.BONE
    # 4 voxels of 4.8 mm along each edge.
    assert spot.volume_ml == pytest.approx(4**3 * 4.8**3 / 1000, abs=1e-3)
    assert spot.uptake_max == 6.0 and not spot.false
    # Of the 10 fine voxels of the focus along x the last 3 are bone where y is in the lower half.
    assert spot.share == pytest.approx(1 - 0.3 * 0.5, abs=0.02)
    (focus,) = result.foci
    assert focus.found and focus.assessable and focus.total_uptake == pytest.approx(64.0)
    assert result.tissues_by == "CT network" and result.body_part == "calf"


def test_every_condition_is_answered_by_its_model(case: Path) -> None:
    result = judge_case(read_spect_case(case), TinyJudges().load(), CONDITIONS)
    assert set(result.answers) == {RULE, *(condition.key for condition in CONDITIONS)}
    said = {
        key: HOT_SPOT_COMPARTMENTS[int(np.argmax(rows[0]))] for key, rows in result.answers.items()
    }
    assert said[ANSWER] is said["shift 15 mm"] is said["SPECT only"] is Compartment.MUSCLE
    assert said[RULE] is Compartment.BONE and said["other"] is Compartment.JOINT


def test_counts_are_relative_to_the_standard_scan() -> None:
    # 30 s a view rather than 15, 120 views rather than 60.
    meta = {"spect_protocol": {"seconds_per_view": 30.0, "views": 120}}
    assert count_level(meta) == pytest.approx(4.0)
    assert count_level({}) is None


def test_without_a_network_the_true_labels_stand_in(tmp_path: Path) -> None:
    record = read_spect_case(write_tiny_case(tmp_path / "held_out-2", answers=False))
    result = judge_case(record, TinyJudges().load(), CONDITIONS[:1])
    assert result.tissues_by == "true labels"
    scene = scene_of(record)
    assert (scene.tissues.array == record.labels.array).all()
    assert scene.body.array.dtype == bool and scene.body.array.any()


def test_results_are_kept_and_read_again(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    told: list[str] = []
    for _ in range(2):
        (result,) = judge_cases(
            [case], TinyJudges(), CONDITIONS, folder, workers=1,
            tell=lambda name, share: told.append(f"{name} {share:g}"),
        )  # fmt: skip
    assert told == ["held_out-1 1"]
    assert result.hot_spots[0].truth is Compartment.MUSCLE
    assert len(result.answers[ANSWER][0]) == 11


def test_another_model_is_judged_anew(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    judge_cases([case], TinyJudges(), CONDITIONS, folder, workers=1)
    (result,) = judge_cases([case], TinyJudges(Compartment.BREAST), CONDITIONS, folder, workers=1)
    said = HOT_SPOT_COMPARTMENTS[int(np.argmax(result.answers[ANSWER][0]))]
    assert said is Compartment.BREAST


@pytest.mark.parametrize("content", ["", "[]", "{", '{"version": 1, "key": "k"}'])
def test_half_a_result_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "case.json").write_text(content)
    assert read_result("case", "k", tmp_path) is None


def test_a_broken_table_of_foci_is_refused(case: Path) -> None:
    text = (case / "case.json").read_text().replace('"center_mm"', '"centre_mm"')
    (case / "case.json").write_text(text)
    with pytest.raises(InputError, match=r"held_out-1 has no usable table of foci .*make the case"):
        judge_case(read_spect_case(case), TinyJudges().load(), CONDITIONS)


@pytest.mark.slow
def test_processes_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A spawned process searches where this one does; the judges are defined beside this file.
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3]))
    cases = [write_tiny_case(tmp_path / f"held_out-{n}") for n in range(3)]
    one = judge_cases(cases, TinyJudges(), CONDITIONS, tmp_path / "one", workers=1)
    two = judge_cases(cases, TinyJudges(), CONDITIONS, tmp_path / "two", workers=2)
    assert [r.case_id for r in two] == ["held_out-0", "held_out-1", "held_out-2"]
    assert [r.answers for r in two] == [r.answers for r in one]
