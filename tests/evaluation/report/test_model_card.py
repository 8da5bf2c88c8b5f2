"""The model card: made from record and manifest, for that model only."""

from dataclasses import replace
from pathlib import Path

import pytest

from calciscope.errors import OutputError
from calciscope.evaluation.bootstrap import Interval
from calciscope.evaluation.records import EvaluationReport
from calciscope.evaluation.report import write_model_card
from calciscope.evaluation.report.weak_spots import weak_spots
from calciscope.models.manifest import ModelManifest, standard_labels
from calciscope.preprocessing import PreprocessingSpec


@pytest.fixture
def manifest() -> ModelManifest:
    return ModelManifest(
        name="ct-calcification",
        version="9.9.9",
        sha256="ab" * 32,
        preprocessing=PreprocessingSpec(),
        commit="0123456789abcdef",
        created="2026-11-01T00:00:00+00:00",
        license="Apache-2.0",
        training_data={"hosts": {"cases": 7}, "steps": 5, "limitations": ["Never saw a hand."]},
        labels=standard_labels(),
    )


@pytest.fixture
def card(report: EvaluationReport, manifest: ModelManifest, tmp_path: Path) -> str:
    path = tmp_path / "model_card.md"
    write_model_card(report, manifest, path)
    assert [p.name for p in tmp_path.iterdir()] == ["model_card.md"]
    return path.read_text(encoding="utf-8")


def test_the_sections_of_a_card_are_there(card: str) -> None:
    heads = [line for line in card.splitlines() if line.startswith("#")]
    assert heads == [
        "# ct-calcification 9.9.9", "## Training", "## Measured",
        "### Lesions inserted into real limbs (synthetic lesions)", "## Weakest", "## Limits",
        "## How it was measured",
    ]  # fmt: skip
    assert "**Research use, not a diagnosis.** Not a medical device." in card


def test_the_table_is_whole_and_holds_the_figures(card: str) -> None:
    rows = [line for line in card.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1
    assert rows[0] == "| | network | HU ≥ 130 outside bone |"
    assert rows[2] == "| Dice of lesions ≥ 30 mm³ ↑ | 0.77 [0.72, 0.82] | 0.54 [0.49, 0.59] |"
    assert rows[5] == "| HD95 (mm) ↓ | 7.12 [6.12, 8.12] | 7.12 [6.12, 8.12] |"


def test_training_limits_and_cautions_are_passed_on(card: str) -> None:
    assert "- hosts: cases: 7" in card
    assert "- steps: 5" in card
    assert "- Never saw a hand." in card
    assert "- All lesions are synthetic" in card
    assert "3 patients only" in card
    assert "limitations:" not in card


def test_weak_spots_are_read_from_the_figures(card: str) -> None:
    assert "found least by size: < 30 mm³ (5 of 12)" in card
    assert "false positives a case lie on bone 0.67, vessel 0.33" in card
    assert "false positives where there is no lesion (1 case)." in card
    assert "no reference lesion (" not in card
    # Two lesions of a kind are too few to call it weak.
    assert "C2_net (1 of 2)" not in card.split("## Weakest")[1]


def test_a_stratum_is_named_only_if_its_interval_lies_apart(report: EvaluationReport) -> None:
    data = report.datasets[0]

    def spots(high_of_best: float) -> str:
        rows = (
            replace(data.judged.strata[0], by="metal", name="metal", cases=5,
                    false_positives_per_case=Interval(50.0, 20.0, 80.0, 5)),
            replace(data.judged.strata[0], by="metal", name="no metal", cases=5,
                    false_positives_per_case=Interval(7.0, 4.0, high_of_best, 5)),
        )  # fmt: skip
        judged = replace(data.judged, strata=rows)
        return " ".join(weak_spots(replace(data, predictors=(judged,))))

    assert "most false positives by metal at metal: 50.0 [20.0, 80.0]" in spots(11.0)
    assert "by metal" not in spots(25.0)


def test_a_card_of_another_model_is_refused(
    report: EvaluationReport, manifest: ModelManifest, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match=r"not of ct-calcification 9\.9\.9"):
        write_model_card(report, replace(manifest, sha256="cd" * 32), tmp_path / "card.md")
    assert list(tmp_path.iterdir()) == []


def test_a_card_of_nothing_measured_says_so(
    report: EvaluationReport, manifest: ModelManifest, tmp_path: Path
) -> None:
    path = tmp_path / "card.md"
    write_model_card(replace(report, datasets=(), cautions=()), manifest, path)
    text = path.read_text(encoding="utf-8")
    assert "Nothing was measured." in text
    assert "All lesions are synthetic" not in text
