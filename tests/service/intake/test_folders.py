"""Watched folders: what is taken, what is left, and that nothing is lost by a stop."""

import errno
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from pydicom.uid import MediaStorageDirectoryStorage
from tests.service.conftest import HandClock
from tests.service.intake.conftest import House, KilledError, ct_slice

from calciscope.service import files
from calciscope.service.intake import folders
from calciscope.service.intake.folders import REMEMBER_AGAIN_SECONDS, FolderIntake
from calciscope.service.intake.scan import Candidate, RestingFiles
from calciscope.service.journal.arrivals import Arrivals
from calciscope.service.settings.ways_in import WatchedFolder

Watch = Callable[..., FolderIntake]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def watch(inbox: Path, clock: HandClock) -> Watch:
    def make(house: House, take: str = "move") -> FolderIntake:
        settings = WatchedFolder(path=inbox, take=take, stable_seconds=5)  # type: ignore[arg-type]
        return FolderIntake(settings, 0, house.store, house.journal, clock, house.gate, house.meter)

    return make


def settle(intake: FolderIntake, clock: HandClock) -> None:
    """See everything, let it come to rest, and take it."""
    intake.tick()
    clock.advance(6)
    while intake.tick():
        pass


def instances(house: House) -> int:
    return sum(job.instances for job in house.journal.jobs.listed())


def drop(folder: Path, *numbers: int) -> list[Path]:
    paths = [folder / f"{number}.dcm" for number in numbers]
    for number, path in zip(numbers, paths, strict=True):
        path.write_bytes(ct_slice(number))
    return paths


def test_files_go_once_they_are_safe(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    (inbox / "deep" / "er").mkdir(parents=True)
    drop(inbox / "deep" / "er", 1, 2)
    settle(watch(house), clock)
    assert instances(house) == 2
    assert [path for path in inbox.rglob("*") if path.is_file()] == []


def test_growing_file_is_not_taken_before_it_rests(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    intake = watch(house)
    content, path = ct_slice(1), inbox / "1.dcm"
    path.write_bytes(content[:300])
    intake.tick()
    clock.advance(4)
    path.write_bytes(content)
    intake.tick()
    clock.advance(4)
    intake.tick()
    assert instances(house) == 0
    clock.advance(1)
    intake.tick()
    assert instances(house) == 1


def test_wall_clock_that_jumps_does_not_make_a_file_rest(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    intake = watch(house)
    drop(inbox, 1)
    intake.tick()
    clock.set_wall(clock.now() + 1e6)
    intake.tick()
    assert instances(house) == 0


def test_stalled_copy_is_left_and_taken_when_it_goes_on(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    intake = watch(house)
    content, path = ct_slice(1), inbox / "1.dcm"
    path.write_bytes(content[:-30])
    settle(intake, clock)
    assert (instances(house), house.meter.codes) == (0, ["truncated"])
    path.write_bytes(content)
    settle(intake, clock)
    assert instances(house) == 1


@pytest.mark.parametrize("name", ["a.part", "a.TMP", "a.dcm.filepart", ".a.dcm", "~a.dcm"])
def test_unfinished_by_name(
    house: House, watch: Watch, inbox: Path, clock: HandClock, name: str
) -> None:
    (inbox / name).write_bytes(ct_slice(1))
    settle(watch(house), clock)
    assert instances(house) == 0
    assert (inbox / name).exists()


def test_links_and_pipes_are_passed_over(
    house: House, watch: Watch, inbox: Path, clock: HandClock, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (secret,) = drop(outside, 1)
    (inbox / "file.dcm").symlink_to(secret)
    (inbox / "folder").symlink_to(outside)
    (inbox / "loop").symlink_to(inbox)
    os.mkfifo(inbox / "pipe")
    settle(watch(house), clock)
    assert instances(house) == 0
    assert secret.exists()


def test_file_replaced_by_a_link_after_it_came_to_rest(
    house: House, watch: Watch, inbox: Path, clock: HandClock, tmp_path: Path
) -> None:
    intake = watch(house)
    (path,) = drop(inbox, 1)
    intake.tick()
    clock.advance(6)
    found = intake._resting.look()
    path.unlink()
    path.symlink_to(tmp_path / "data" / "journal.sqlite")
    intake._take(found)
    assert instances(house) == 0


def test_no_dicom_is_left_told_once_and_never_looked_at_again(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    (inbox / "letter.txt").write_text("not a picture")
    (inbox / "DICOMDIR").write_bytes(ct_slice(SOPClassUID=MediaStorageDirectoryStorage))
    settle(watch(house), clock)
    settle(watch(house), clock)
    assert sorted(house.meter.codes) == ["dicomdir", "not_dicom"]
    assert sorted(path.name for path in inbox.iterdir()) == ["DICOMDIR", "letter.txt"]


def test_result_of_ours_is_not_kept_and_so_stays(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    """A reader may have edited it: nobody else need have it."""
    own = ct_slice(2, Manufacturer="Calciscope", Modality="SEG")
    (inbox / "own.dcm").write_bytes(own)
    _archive(inbox / "mixed.zip", a=ct_slice(1), b=own)
    settle(watch(house), clock)
    settle(watch(house), clock)
    assert instances(house) == 1
    assert sorted(path.name for path in inbox.iterdir()) == ["mixed.zip", "own.dcm"]
    assert house.meter.codes == ["archive_in_part"]


def test_copied_files_stay_and_are_remembered_over_a_restart(
    start: Callable[[], House], watch: Watch, inbox: Path, clock: HandClock
) -> None:
    paths = drop(inbox, 1, 2)
    settle(watch(start(), "copy"), clock)
    house = start()
    settle(watch(house, "copy"), clock)
    assert instances(house) == 2
    assert (house.meter.instances, house.meter.duplicates) == (0, 0)
    assert all(path.exists() for path in paths)


def test_what_still_lies_there_outlives_retention(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    drop(inbox, 1)
    intake = watch(house, "copy")
    settle(intake, clock)
    clock.advance(REMEMBER_AGAIN_SECONDS)
    intake.tick()
    house.journal.removal.studies_closed(clock.now() - 10)
    settle(intake, clock)
    assert (house.meter.instances, house.meter.duplicates) == (1, 0)


def test_source_that_cannot_be_removed_is_remembered(
    house: House, watch: Watch, inbox: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(inbox, 1)

    def refuse(_self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EROFS, "Read-only file system")

    intake = watch(house)
    with monkeypatch.context() as patched:
        intake.tick()
        clock.advance(6)
        patched.setattr(Path, "unlink", refuse)
        intake.tick()
    settle(intake, clock)
    assert (house.meter.instances, house.meter.duplicates) == (1, 0)
    assert (inbox / "1.dcm").exists()


def test_other_bytes_under_a_known_uid_are_not_deleted(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    intake = watch(house)
    drop(inbox, 1)
    settle(intake, clock)
    (inbox / "again.dcm").write_bytes(ct_slice(1))
    (inbox / "altered.dcm").write_bytes(ct_slice(1, PatientID="other"))
    settle(intake, clock)
    assert [path.name for path in inbox.iterdir()] == ["altered.dcm"]
    assert house.meter.codes == ["other_content"]


def test_unreadable_file_holds_up_no_other(
    house: House, watch: Watch, inbox: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(inbox, 1, 2)
    really = os.open

    def refuse(path: object, flags: int, *rest: int, **named: object) -> int:
        if str(path).endswith("1.dcm"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return really(path, flags, *rest, **named)  # type: ignore[arg-type]

    intake = watch(house)
    with monkeypatch.context() as patched:
        patched.setattr(folders.os, "open", refuse)
        settle(intake, clock)
    assert (instances(house), house.meter.codes) == (1, ["unreadable"])
    settle(intake, clock)
    assert instances(house) == 2


def test_name_that_is_no_text(house: House, watch: Watch, inbox: Path, clock: HandClock) -> None:
    name = os.fsencode(inbox) + b"/\xff\xfe.dcm"
    with open(name, "wb") as stream:  # noqa: PTH123
        stream.write(ct_slice(1))
    intake = watch(house, "copy")
    settle(intake, clock)
    settle(intake, clock)
    assert (house.meter.instances, house.meter.duplicates) == (1, 0)


def test_nothing_is_taken_while_the_gate_is_closed(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    intake = watch(house)
    drop(inbox, 1)
    house.gate.closed = "the disk is nearly full"
    settle(intake, clock)
    assert instances(house) == 0
    house.gate.closed = ""
    settle(intake, clock)
    assert instances(house) == 1


def test_full_disk_leaves_the_source(
    house: House, watch: Watch, inbox: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = drop(inbox, 1, 2)
    intake = watch(house)

    def full(_paths: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "sync_all", full)
        with pytest.raises(OSError, match="No space"):
            settle(intake, clock)
    assert all(path.exists() for path in paths)
    settle(intake, clock)
    assert instances(house) == 2


def test_folder_that_is_away_does_not_make_files_begin_anew(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    intake = watch(house)
    drop(inbox, 1)
    intake.tick()
    away = inbox.rename(inbox.with_name("away"))
    with pytest.raises(FileNotFoundError):
        intake.tick()
    away.rename(inbox)
    clock.advance(6)
    intake.tick()
    assert instances(house) == 1


def test_file_from_a_far_future_holds_up_no_other(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    drop(inbox, 1)
    odd = inbox / "notes.txt"
    odd.write_text("no DICOM")
    # The year 2400: machines and shares with a broken clock write such dates.
    os.utime(odd, ns=(13_569_465_600 * 10**9,) * 2)
    if odd.stat().st_mtime_ns < 1 << 63:
        pytest.skip("this file system keeps no such dates")
    intake = watch(house)
    settle(intake, clock)
    assert instances(house) == 1
    settle(intake, clock)
    assert odd.exists()


def test_entry_whose_kind_the_share_does_not_tell_holds_up_no_other(
    inbox: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.dcm", "broken", "z.dcm"):
        (inbox / name).write_text(name)
    real = os.scandir

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self._entry = entry
            self.name = entry.name
            self.path = entry.path
            self.stat = entry.stat
            self.is_symlink = entry.is_symlink
            self.is_file = entry.is_file

        def is_dir(self, *, follow_symlinks: bool) -> bool:
            if self.name == "broken":
                raise OSError(errno.ESTALE, "Stale file handle")
            return self._entry.is_dir(follow_symlinks=follow_symlinks)

    class Entries:
        def __init__(self, place: str) -> None:
            self._entries = real(place)

        def __enter__(self) -> "Entries":
            return self

        def __exit__(self, *_: object) -> None:
            self._entries.close()

        def __iter__(self) -> Iterator[Entry]:
            return map(Entry, self._entries)

    monkeypatch.setattr(os, "scandir", Entries)
    resting = RestingFiles(inbox, 0.0, lambda *_: False, clock)
    assert sorted(each.path.name for each in resting.look()) == ["a.dcm", "z.dcm"]


def test_manifest_sets_what_is_expected_even_when_it_comes_first(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    intake = watch(house)
    path = inbox / "calciscope-manifest.json"
    path.write_text(json.dumps({"study_instance_uid": "1.2.3", "instances": 2}))
    settle(intake, clock)
    assert path.exists()
    drop(inbox, 1)
    settle(intake, clock)
    assert [job.expected for job in house.journal.jobs.listed()] == [2]
    assert not path.exists()


@pytest.mark.parametrize(
    "text",
    ["", "[", "[]", "{}", '{"study_instance_uid": "../x", "instances": 2}',
     '{"study_instance_uid": "1.2", "instances": true}',
     '{"study_instance_uid": "1.2", "instances": -1}', "[" * 50_000],
)  # fmt: skip
def test_manifest_that_is_none(
    house: House, watch: Watch, inbox: Path, clock: HandClock, text: str
) -> None:
    path = inbox / "calciscope-manifest.json"
    path.write_text(text)
    settle(watch(house), clock)
    assert path.exists()
    assert house.meter.codes == ["bad_manifest"]


def _archive(path: Path, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)


def test_archive_goes_when_all_it_holds_is_safe(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    contents = ct_slice(SOPClassUID=MediaStorageDirectoryStorage)
    members = {"DICOMDIR": contents, ".DS_Store": b"clutter", "empty/": b""}
    _archive(inbox / "a.zip", a=ct_slice(1), b__c=ct_slice(2), **members)
    settle(watch(house), clock)
    assert instances(house) == 2
    assert list(inbox.iterdir()) == []
    assert list(house.data.incoming.iterdir()) == []


def test_archive_with_a_broken_member_is_left_and_the_others_are_taken(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    _archive(inbox / "a.zip", a=ct_slice(1), b=ct_slice(2)[:-50])
    settle(watch(house), clock)
    assert instances(house) == 1
    assert house.meter.codes == ["truncated", "archive_in_part"]
    assert (inbox / "a.zip").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("3.dcm", b"a head that broke"), ("letter.pdf", b"%PDF-1.7"), ("ct.nii.gz", b"NIfTI")],
)
def test_archive_with_more_than_instances_is_left_and_these_are_taken(
    house: House, watch: Watch, inbox: Path, clock: HandClock, name: str, content: bytes
) -> None:
    _archive(inbox / "a.zip", a=ct_slice(1), b=ct_slice(2), **{name: content})
    settle(watch(house), clock)
    settle(watch(house), clock)
    assert instances(house) == 2
    assert house.meter.codes == ["archive_in_part"]
    assert (inbox / "a.zip").exists()


def test_archive_that_gives_way_to_a_link_while_it_is_opened(
    house: House,
    watch: Watch,
    inbox: Path,
    clock: HandClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = tmp_path / "secret.zip"
    _archive(inbox / "a.zip", a=ct_slice(1))
    _archive(secret, a=ct_slice(1), b=ct_slice(2))

    def swap(path: Path, stream: BinaryIO) -> bool:
        path.unlink()
        path.symlink_to(secret)
        return True

    monkeypatch.setattr(folders, "_is_archive", swap)
    settle(watch(house), clock)
    assert instances(house) == 1
    assert secret.exists()


@pytest.mark.parametrize("name", ["../../escape.dcm", "/etc/passwd", "..\\up.dcm"])
def test_archive_that_escapes_is_left(
    house: House, watch: Watch, inbox: Path, clock: HandClock, name: str
) -> None:
    _archive(inbox / "a.zip", **{name: ct_slice(1)})
    settle(watch(house), clock)
    assert (instances(house), house.meter.codes) == (0, ["bad_archive"])


def test_damaged_archive_is_left(house: House, watch: Watch, inbox: Path, clock: HandClock) -> None:
    (inbox / "a.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    settle(watch(house), clock)
    assert house.meter.codes == ["bad_archive"]
    assert list(house.data.incoming.iterdir()) == []


STEPS = [
    (files, "sync_all"),
    (files, "put_in_place"),
    (Arrivals, "register"),
    (FolderIntake, "_remove"),
    (Arrivals, "remember_files"),
]


@pytest.mark.parametrize("take", ["move", "copy"])
@pytest.mark.parametrize(("place", "step"), STEPS)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_killed_at_any_step(
    start: Callable[[], House],
    watch: Watch,
    inbox: Path,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
    take: str,
    place: object,
    step: str,
    after: bool,
    zipped: bool,
) -> None:
    if zipped:
        _archive(inbox / "a.zip", a=ct_slice(1), b=ct_slice(2), c=ct_slice(3))
    else:
        drop(inbox, 1, 2, 3)
    work = getattr(place, step)
    done = []

    def killed(*values: object) -> None:
        if after:
            work(*values)
        done.append(step)
        raise KilledError

    before = watch(start(), take)
    with monkeypatch.context() as patched:
        patched.setattr(place, step, killed)
        try:
            settle(before, clock)
        except KilledError:
            assert done
        else:
            assert (take, step) == ("move", "remember_files")
    house = start()
    settle(watch(house, take), clock)
    (job,) = house.journal.jobs.listed()
    assert (job.instances, job.revision) == (3, 1)
    assert {path.read_bytes() for path in house.stored_files()} == {
        ct_slice(number) for number in (1, 2, 3)
    }
    assert len(house.stored_files()) == 3
    left = len([path for path in inbox.iterdir() if path.is_file()])
    assert left == (0 if take == "move" else 1 if zipped else 3)
    assert list(house.data.incoming.iterdir()) == []


def test_candidates_wait_in_the_order_they_came_to_rest(
    house: House, watch: Watch, inbox: Path, clock: HandClock
) -> None:
    intake = watch(house)
    drop(inbox, 9)
    intake.tick()
    clock.advance(1)
    drop(inbox, 1)
    intake.tick()
    clock.advance(6)
    found: list[Candidate] = intake._resting.look()
    assert [each.path.name for each in found] == ["9.dcm", "1.dcm"]
