"""Results that appear whole, and are recognized."""

from pathlib import Path

import pytest

from calciscope.service.data_folder import DataFolder
from calciscope.service.work.outcome import Outcome, OutcomeKind
from calciscope.service.work.publishing import ResultRecord, copy_result, publish, record_of

RECORD = ResultRecord(7, "key", 1)


def results(data: DataFolder, name: str = "a", text: str = "{}") -> Path:
    """What a worker leaves."""
    folder = data.work / name
    (folder / "dicom").mkdir(parents=True)
    (folder / "findings.json").write_text(text)
    (folder / "dicom" / "report.dcm").write_bytes(b"report")
    return folder


def test_results_get_their_name_with_a_record(data: DataFolder) -> None:
    outcome = Outcome(OutcomeKind.DONE, times_s={"read": 0.12345}, peak_ram_mb=9.0)
    publish(results(data), ResultRecord.of(7, "key", 2, outcome), data)
    assert record_of(data, 7) == ResultRecord(7, "key", 2, {"read": 0.123}, 9.0)
    assert (data.result(7) / "dicom" / "report.dcm").read_bytes() == b"report"


def test_earlier_results_are_replaced_as_a_whole(data: DataFolder) -> None:
    old = results(data, "old", "old")
    (old / "hot_spots.nii.gz").touch()
    publish(old, RECORD, data)
    publish(results(data, "new", "new"), RECORD, data)
    assert (data.result(7) / "findings.json").read_text() == "new"
    assert not (data.result(7) / "hot_spots.nii.gz").exists()
    assert list(data.work.iterdir()) == []


def test_what_cannot_be_written_leaves_what_was_there(data: DataFolder) -> None:
    publish(results(data, "old", "old"), RECORD, data)
    with pytest.raises(OSError, match="No such file"):
        publish(data.work / "absent", RECORD, data)
    assert (data.result(7) / "findings.json").read_text() == "old"


@pytest.mark.parametrize("text", ["", "[]", '{"job_id": 7}', '{"job_id": 7, "odd": 1}', "\0"])
def test_a_record_that_is_not_whole_is_none(data: DataFolder, text: str) -> None:
    data.result(7).mkdir()
    (data.result(7) / "job.json").write_text(text)
    assert record_of(data, 7) is None


def test_a_copy_is_whole_and_costs_no_space(data: DataFolder) -> None:
    publish(results(data), RECORD, data)
    copy_result(data, 7, data.work / "copy")
    publish(data.work / "copy", ResultRecord(8, "key", 2), data)
    first, second = data.result(7) / "findings.json", data.result(8) / "findings.json"
    assert first.stat().st_ino == second.stat().st_ino
    assert record_of(data, 7) == RECORD
    assert record_of(data, 8) == ResultRecord(8, "key", 2)
