"""OUT receives all results or none, and never loses a file of others."""

import errno
import os
from pathlib import Path

import pytest

from calciscope.errors import OutputError
from calciscope.writers.output_folder import RESULT_NAMES, Results, output_folder


def contents(folder: Path) -> dict[str, str]:
    """Relative path to text of every file below `folder`, hidden ones and folders included."""
    return {
        p.relative_to(folder).as_posix(): p.read_text() if p.is_file() else "<folder>"
        for p in folder.rglob("*")
    }


def write_run(staging: Path, text: str, names: tuple[str, ...]) -> None:
    for name in names:
        (staging / name).parent.mkdir(exist_ok=True)
        (staging / name).write_text(text)


FULL = ("findings.json", "report.html", "dicom/segmentation.dcm")


def test_a_new_folder_appears_with_all_files_and_its_parents(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "out"
    with output_folder(out) as staging:
        write_run(staging, "1", FULL)
        assert not (tmp_path / "a").exists()
    assert contents(tmp_path) == {
        "a": "<folder>",
        "a/b": "<folder>",
        "a/b/out": "<folder>",
        "a/b/out/dicom": "<folder>",
        "a/b/out/findings.json": "1",
        "a/b/out/report.html": "1",
        "a/b/out/dicom/segmentation.dcm": "1",
    }


def test_a_new_folder_has_the_permissions_of_any_new_folder(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with output_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_files_join_an_existing_folder_and_leave_others_alone(tmp_path: Path) -> None:
    (tmp_path / "out" / "dicom").mkdir(parents=True)
    (tmp_path / "out" / "notes.txt").write_text("mine")
    (tmp_path / "out" / "dicom" / "other.dcm").write_text("mine")
    with output_folder(tmp_path / "out") as staging:
        write_run(staging, "1", FULL)
    assert contents(tmp_path / "out") == {
        "notes.txt": "mine",
        "dicom": "<folder>",
        "dicom/other.dcm": "mine",
        "dicom/segmentation.dcm": "1",
        "findings.json": "1",
        "report.html": "1",
    }
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", RESULT_NAMES)
def test_any_result_that_exists_is_refused_before_the_work_starts(
    tmp_path: Path, name: str
) -> None:
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    place.write_text("old")
    before = contents(tmp_path)
    with pytest.raises(OutputError, match="--force") as refused, output_folder(tmp_path):
        pytest.fail("the block must not run")
    assert str(place) in str(refused.value)
    assert contents(tmp_path) == before


def test_a_file_that_appears_during_the_run_is_not_overwritten(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"report\.html exists already; add --force"),
        output_folder(tmp_path / "out") as staging,
    ):
        write_run(staging, "1", FULL)
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "report.html").write_text("theirs")
    assert contents(tmp_path) == {"out": "<folder>", "out/report.html": "theirs"}


def test_a_broken_link_counts_as_existing(tmp_path: Path) -> None:
    (tmp_path / "report.html").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="--force"), output_folder(tmp_path):
        pytest.fail("the block must not run")


def test_force_replaces_an_earlier_run_as_a_whole_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with output_folder(out) as staging:
        write_run(staging, "old", (*FULL, "hot_spots.nii.gz"))
    (out / "notes.txt").write_text("mine")
    with output_folder(out, force=True) as staging:
        write_run(staging, "new", ("findings.json", "report.html"))
    # Stale results of the other study are gone; the empty folder of its DICOM may stay.
    assert contents(out) == {
        "findings.json": "new",
        "report.html": "new",
        "notes.txt": "mine",
        "dicom": "<folder>",
    }
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_force_removes_nothing_where_no_earlier_run_is(tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_text("mine")
    with output_folder(tmp_path, force=True) as staging:
        write_run(staging, "new", ("findings.json",))
    assert contents(tmp_path) == {"report.pdf": "mine", "findings.json": "new"}


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("error", [ValueError("no CT"), KeyboardInterrupt(), SystemExit(1)])
def test_a_failing_block_leaves_out_as_it_was(
    tmp_path: Path, exists: bool, error: BaseException
) -> None:
    out = tmp_path / "deep" / "out"
    if exists:
        out.mkdir(parents=True)
        write_run(out, "old", FULL)
    before = contents(tmp_path)
    with pytest.raises(type(error)), output_folder(out, force=True) as staging:
        write_run(staging, "half", ("report.html", "tissues.nii.gz"))
        raise error
    assert contents(tmp_path) == before


@pytest.mark.parametrize("failing_call", range(6))
def test_a_failure_at_any_rename_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_call: int
) -> None:
    """Three old files leave and three new ones come: six renames, each made to fail."""
    out = tmp_path / "out"
    out.mkdir()
    write_run(out, "old", ("findings.json", "report.html", "tissues.nii.gz"))
    before = contents(tmp_path)
    fail_at(monkeypatch, failing_call)
    with (
        pytest.raises(OutputError, match=r"cannot write to .*out \(Input/output error\)"),
        output_folder(out, force=True) as staging,
    ):
        write_run(staging, "new", FULL)
    assert contents(tmp_path) == before


def test_the_six_renames_are_all_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write_run(out, "old", ("findings.json", "report.html", "tissues.nii.gz"))
    calls = fail_at(monkeypatch, 6)
    with output_folder(out, force=True) as staging:
        write_run(staging, "new", FULL)
    assert [Path(c).name for c in calls] == [
        "findings.json",
        "tissues.nii.gz",
        "report.html",
        "segmentation.dcm",
        "report.html",
        "findings.json",
    ]


def test_a_failing_rename_of_a_new_folder_leaves_no_parent_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, 0)
    with pytest.raises(OutputError), output_folder(tmp_path / "a" / "out") as staging:
        write_run(staging, "new", FULL)
    assert contents(tmp_path) == {}


def fail_at(monkeypatch: pytest.MonkeyPatch, call: int) -> list[Path]:
    """Let the rename number `call` fail, once; returns the sources as they are renamed."""
    calls: list[Path] = []
    rename = Path.rename

    def failing(source: Path, place: Path) -> Path:
        calls.append(source)
        if len(calls) == call + 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(source, place)

    monkeypatch.setattr(Path, "rename", failing)
    return calls


def test_a_full_disk_is_one_clear_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"\(No space left on device\); choose another folder"),
        output_folder(tmp_path / "out"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_unreadable_input_is_not_blamed_on_out(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), output_folder(tmp_path / "out"):
        (tmp_path / "input.dcm").read_bytes()


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with (
        pytest.raises(OutputError, match="is a file, not a folder"),
        output_folder(tmp_path / "out", force=True),
    ):
        pytest.fail("the block must not run")


def test_a_folder_that_bears_the_name_of_a_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with (
        pytest.raises(OutputError, match="is a folder; move it"),
        output_folder(tmp_path, force=True),
    ):
        pytest.fail("the block must not run")


def test_a_mounted_folder_is_staged_inside_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount cannot be renamed into from beside it; `os.access` refuses the parent here."""
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with output_folder(out) as staging:
        assert staging.parent == out
        write_run(staging, "1", FULL)
    assert sorted(contents(out)) == [
        "dicom",
        "dicom/segmentation.dcm",
        "findings.json",
        "report.html",
    ]


PAGES = Results(("whole.json", "page.html"), ("figures",), never_beside=("findings.json",))
"""Results of other work than a run."""


def test_other_work_has_its_own_names_and_replaces_its_folder_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with output_folder(out, results=PAGES) as staging:
        write_run(staging, "old", ("whole.json", "page.html", "figures/a.svg", "figures/b.svg"))
    (out / "report.pdf").write_text("mine")
    with pytest.raises(OutputError, match="--force"), output_folder(out, results=PAGES):
        pytest.fail("the block must not run")
    with output_folder(out, force=True, results=PAGES) as staging:
        write_run(staging, "new", ("whole.json", "figures/b.svg"))
    assert contents(out) == {
        "whole.json": "new",
        "figures": "<folder>",
        "figures/b.svg": "new",
        "report.pdf": "mine",
    }


def test_the_results_of_other_work_are_never_replaced(tmp_path: Path) -> None:
    write_run(tmp_path, "run", FULL)
    before = contents(tmp_path)
    with (
        pytest.raises(OutputError, match=r"holds findings\.json"),
        output_folder(tmp_path, force=True, results=PAGES),
    ):
        pytest.fail("the block must not run")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("failing_call", range(7))
def test_a_failure_puts_a_folder_back_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_call: int
) -> None:
    out = tmp_path / "out"
    names = ("whole.json", "page.html", "figures/a.svg", "figures/b.svg")
    with output_folder(out, results=PAGES) as staging:
        write_run(staging, "old", names)
    before = contents(tmp_path)
    # Three things leave (two files, the folder) and four come; the first named comes last.
    calls = fail_at(monkeypatch, failing_call)
    with pytest.raises(OutputError), output_folder(out, True, PAGES) as staging:
        write_run(staging, "new", names)
    assert contents(tmp_path) == before
    assert calls[0].name == "whole.json"
    assert failing_call < 6 or calls[6].name == "whole.json"
