"""What the JSON of a case may say, and how what it may not say is told."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from calciscope.errors import InputError
from calciscope.evaluation.case_layouts import find_cases
from calciscope.evaluation.case_metadata import patient_of, read_metadata, strata_of
from calciscope.evaluation.evaluate import evaluate


def written(folder: Path, record: Any) -> Path:
    path = folder / "case.json"
    path.write_text(json.dumps(record))
    return path


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ({"acquisition": {"kvp": "120 kV"}}, "acquisition.kvp"),
        ({"acquisition": {"noise_hu": [12]}}, "acquisition.noise_hu"),
        ({"acquisition": {"slice_mm": float("nan")}}, "acquisition.slice_mm"),
        ({"acquisition": "CT"}, "acquisition"),
        ({"lesions": {"id": 1}}, "lesions"),
        ({"lesions": [{}, {"volume_mm3": "big"}]}, r"lesions\[1\].volume_mm3"),
        ({"lesions": [{"center_index": [1, 2]}]}, r"lesions\[0\].center_index"),
        ({"synthetic": "no"}, "synthetic"),
    ],
)
def test_a_wrong_value_is_told_by_file_and_key(
    tmp_path: Path, record: dict[str, Any], key: str
) -> None:
    with pytest.raises(InputError, match=rf"case\.json: {key} is"):
        read_metadata(written(tmp_path, record))


def test_json_nested_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text("[" * 100_000)
    with pytest.raises(InputError, match=r"case\.json is not JSON .*; write it again"):
        read_metadata(path)


def test_null_is_not_known(tmp_path: Path) -> None:
    record = {"acquisition": None, "lesions": None, "patient": None, "synthetic": None}
    assert read_metadata(written(tmp_path, record)) == {}
    inner = {"acquisition": {"kvp": None}, "lesions": [{"kind": "C1", "ha_mass_mg": None}]}
    meta = read_metadata(written(tmp_path, inner))
    assert meta == {"acquisition": {}, "lesions": [{"kind": "C1"}]}
    assert read_metadata(None) == {}


def test_words_are_text() -> None:
    strata = strata_of({"acquisition": {"kernel": ["I31f", 3], "kvp": "120"}, "body_part": 7})
    assert (strata.kernel, strata.body_part, strata.kvp) == ("I31f 3", "7", 120.0)
    assert strata_of({"acquisition": {"kernel": []}}).kernel is None


def test_a_patient_without_a_name_is_the_case() -> None:
    assert patient_of({}, "case-1") == "case-1"
    assert patient_of({"patient_id": "STS_"}, "case-1") == "STS_"


def test_every_case_is_checked_before_the_first_is_scored(
    tmp_path: Path, toys: SimpleNamespace
) -> None:
    class Counting(toys.Oracle):  # type: ignore[misc, name-defined]
        asked = 0

        def predict(self, case: Any) -> Any:
            Counting.asked += 1
            return super().predict(case)

    toys.write_prepared(tmp_path, "a")
    toys.write_prepared(tmp_path, "b", metal="some")
    with pytest.raises(InputError, match=r"b/case\.json: metal is 'some'"):
        evaluate(find_cases(tmp_path), [Counting()], 1)
    assert Counting.asked == 0
