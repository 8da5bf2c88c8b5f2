"""What the settings would do with a study, in words."""

from pathlib import Path

import pytest
from tests.service.intake.conftest import ct_slice

from calciscope.errors import InputError
from calciscope.service.intake.check import explain
from calciscope.service.settings.service import ServiceSettings

LEGS: dict[str, object] = {
    "name": "legs",
    "take": {"Modality": "CT", "SeriesDescription": "leg"},
    "destinations": ["share"],
    "mode": "sensitive",
    "register": True,
}


def told(tmp_path: Path, *rules: dict[str, object], **values: object) -> str:
    settings = ServiceSettings.model_validate(
        {
            "data": tmp_path / "data",
            "intake": {"folders": [{"path": tmp_path / "inbox"}], "study_instances": 20},
            "rules": rules or [LEGS],
            "destinations": [{"name": "share", "kind": "folder", "path": tmp_path / "out"}],
            **values,
        }
    )
    return "\n".join(explain(settings, tmp_path / "study"))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.dcm").write_bytes(ct_slice(number, SeriesNumber="2"))
    return folder


def test_study_that_is_taken(tmp_path: Path, study: Path) -> None:
    assert told(tmp_path).splitlines() == [
        "the study has 6 instances in 1 series",
        "  series 2 'Legs', CT, 6 instances: analyzed",
        "rule legs fits",
        "whole 60 s after its last instance",
        "analyzed with ct-calcification the newest version, mode sensitive, language en,"
        " priority 0",
        "results go to share",
        "options: register",
    ]
    assert not (tmp_path / "data").exists()


def test_missing_slices_and_instances(tmp_path: Path, study: Path) -> None:
    (study / "2.dcm").unlink()
    assert "missing: 1 slices of series 2" in told(tmp_path)
    assert "waited for up to 5400 s, then refused (incomplete)" in told(tmp_path)
    (study / "9.dcm").write_bytes(ct_slice(6, NumberOfStudyRelatedInstances="8"))
    assert "missing: 2 instances of the study; 1 slices" in told(tmp_path)


def test_counted_study(tmp_path: Path, study: Path) -> None:
    (study / "9.dcm").write_bytes(ct_slice(6, NumberOfStudyRelatedInstances="7"))
    assert "whole 2 s after its last instance: all 7 that its headers promise" in told(tmp_path)


@pytest.mark.parametrize(
    ("rule", "lines"),
    [
        ({"name": "mr", "take": {"Modality": "MR"}},
         ["rule mr does not fit: Modality is 'CT', where 'MR' is wanted", "refused (no_rule)"]),
        ({"name": "none", "ignore": True}, ["refused (ignored): rule none ignores such studies"]),
        ({"name": "x", "series": {"Modality": "NM"}},
         ["CT, 6 instances: unused, by its Modality", "refused (no_series)"]),
    ],
)  # fmt: skip
def test_study_that_is_refused(
    tmp_path: Path, study: Path, rule: dict[str, object], lines: list[str]
) -> None:
    text = told(tmp_path, rule)
    assert all(line in text for line in lines), text


def test_too_many_instances_doubled_ones_count_once(tmp_path: Path, study: Path) -> None:
    for number in range(30):
        (study / f"again {number}.dcm").write_bytes(ct_slice(1, SeriesNumber="2"))
    assert "too_many" not in told(tmp_path)
    for number in range(30):
        (study / f"{number}.dcm").write_bytes(ct_slice(number))
    assert "refused (too_many): more than 20" in told(tmp_path)


def test_conditions_that_two_series_fulfill_between_them(tmp_path: Path, study: Path) -> None:
    (study / "mr.dcm").write_bytes(ct_slice(1, series="5", Modality="MR", SeriesDescription="Head"))
    rule: dict[str, object] = {"name": "x", "take": {"Modality": "MR", "SeriesDescription": "leg"}}
    assert "no single series fulfills all" in told(tmp_path, rule)


def test_several_studies_and_a_broken_file(tmp_path: Path, study: Path) -> None:
    (study / "other.dcm").write_bytes(ct_slice(1, study="9", series="9.1"))
    (study / "broken.dcm").write_bytes(ct_slice(1)[:-9])
    text = told(tmp_path)
    assert "1 file would be left where found: truncated" in text
    assert "study 2 of 2 has 1 instances" in text


def test_no_instance_at_all(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    assert "holds no DICOM instance" in told(tmp_path)


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        told(tmp_path)
