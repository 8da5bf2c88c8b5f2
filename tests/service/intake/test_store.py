"""The store: nothing is lost and nothing doubled, wherever the process ends."""

import errno
from collections.abc import Callable
from io import BytesIO

import pydicom
import pytest
from tests.service.intake.conftest import House, KilledError, ct_slice

from calciscope.service import files
from calciscope.service.intake.header import RefusedInstanceError
from calciscope.service.intake.store import InstanceStore
from calciscope.service.journal.arrivals import Arrivals

Start = Callable[[], House]

STEPS = [(files, "sync_all"), (files, "put_in_place"), (Arrivals, "register"), (files, "remove")]


def take(house: House, *contents: bytes) -> list[str]:
    staged = [house.store.stage([content]) for content in contents]
    return [kept.verdict for kept in house.store.keep(staged, "folder 0")]


def names(house: House) -> set[str]:
    return {str(path.relative_to(house.data.instances)) for path in house.stored_files()}


def test_instance_lies_in_the_store_and_in_the_journal(house: House) -> None:
    content = ct_slice(1, NumberOfSeriesRelatedInstances="9", InstitutionName="Clinic")
    assert take(house, content) == ["new"]
    assert [path.read_bytes() for path in house.stored_files()] == [content]
    assert house.known_files() == names(house)
    (job,) = house.journal.jobs.listed()
    (series,) = house.journal.jobs.series(job)
    assert (series.expected, series.attributes["InstitutionName"]) == (9, "Clinic")
    assert (job.patient_name, job.instances) == ("Doe^Jane", 1)
    assert list(house.data.incoming.iterdir()) == []


def test_name_in_the_store_holds_nothing_of_the_header(house: House) -> None:
    take(house, ct_slice(1))
    (name,) = names(house)
    folder, _, file = name.partition("/")
    assert len(folder) == 2
    assert set(file.removesuffix(".dcm")) <= set("0123456789abcdef-")


def test_same_instance_again_is_a_duplicate_and_its_file_stays(house: House) -> None:
    take(house, ct_slice(1))
    assert take(house, ct_slice(1)) == ["duplicate"]
    assert house.known_files() == names(house)
    assert (house.meter.instances, house.meter.duplicates) == (1, 1)


def test_same_instance_twice_in_one_batch(house: House) -> None:
    assert take(house, ct_slice(1), ct_slice(1)) == ["new", "duplicate"]
    assert house.known_files() == names(house)


def test_other_bytes_under_a_known_uid_are_not_kept(house: House) -> None:
    take(house, ct_slice(1))
    assert take(house, ct_slice(1, PatientName="Roe^Jane")) == ["other_content"]
    assert house.known_files() == names(house)
    assert house.meter.codes == ["other_content"]


def test_file_meta_of_another_way_of_transfer_is_no_other_content(house: House) -> None:
    """C-STORE brings the data set alone; who receives it writes the file meta (PS3.10 7.1)."""
    again = pydicom.dcmread(BytesIO(ct_slice(1)))
    again.file_meta.SourceApplicationEntityTitle = "ARCHIVE"
    again.preamble = b"II*\0" + bytes(124)
    buffer = BytesIO()
    again.save_as(buffer)
    assert buffer.getvalue() != ct_slice(1)
    assert take(house, ct_slice(1), buffer.getvalue()) == ["new", "duplicate"]
    assert house.known_files() == names(house)


def test_same_bytes_in_another_transfer_syntax_are_other_content(house: House) -> None:
    claimed = ct_slice(1).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")
    assert take(house, ct_slice(1), claimed) == ["new", "other_content"]


def test_results_of_ours_that_an_archive_sends_on_make_no_revision(house: House) -> None:
    own = ct_slice(2, Manufacturer="Calciscope", Modality="SEG")
    assert take(house, ct_slice(1), own, ct_slice(3)) == ["new", "own_result", "new"]
    (job,) = house.journal.jobs.listed()
    assert job.instances == 2
    assert house.known_files() == names(house)
    assert take(house, own) == ["own_result"]
    assert len(house.journal.jobs.listed()) == 1
    # A phantom of ours is a study like any other.
    assert take(house, ct_slice(4, Manufacturer="Calciscope")) == ["new"]


def test_uid_of_another_study_is_not_kept(house: House) -> None:
    take(house, ct_slice(1))
    assert take(house, ct_slice(1, study="9.9")) == ["other_study"]
    assert house.known_files() == names(house)


def test_file_that_retention_removed_is_put_back(house: House) -> None:
    take(house, ct_slice(1))
    (job,) = house.journal.jobs.listed()
    house.journal.jobs.take(job.id, "legs", 0)
    house.journal.jobs.make_ready(job.id, 1)
    house.journal.jobs.claim()
    house.journal.jobs.finish(job.id, "key", [])
    assert house.journal.removal.inputs_of_closed(2e9) == 1
    for path in house.stored_files():
        path.unlink()
    assert take(house, ct_slice(1)) == ["duplicate"]
    assert house.known_files() == names(house) != set()


def test_no_instance_leaves_nothing_behind(house: House) -> None:
    for content in (b"", b"text", ct_slice(1)[:-20], bytes(200)):
        with pytest.raises(RefusedInstanceError):
            house.store.stage([content])
    assert list(house.data.incoming.iterdir()) == []


def test_instance_beyond_the_limit_is_refused_while_it_comes(house: House) -> None:
    store = InstanceStore(
        house.data, house.journal, frozenset(), house.meter, house.gate, limit_bytes=3000
    )
    given = iter([bytes(2000)] * 10)
    with pytest.raises(RefusedInstanceError, match="too_large"):
        store.stage(given)
    assert len(list(given)) == 8
    assert list(house.data.incoming.iterdir()) == []


@pytest.mark.parametrize(("place", "step"), STEPS)
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_and_sent_again(
    start: Start, monkeypatch: pytest.MonkeyPatch, place: object, step: str, after: bool
) -> None:
    """The sender keeps what it was not told to be safe, and sends it again."""
    contents = [ct_slice(number) for number in (1, 2, 3)]
    before = start()
    take(before, ct_slice(3, PatientName="Roe^Jane"))
    work = getattr(place, step)

    def killed(*values: object) -> None:
        if after:
            work(*values)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(place, step, killed)
        with pytest.raises(KilledError):
            take(before, *contents)
    house = start()
    assert house.known_files() <= names(house), "the journal knows a file that is not there"
    take(house, *contents)
    assert house.known_files() <= names(house)
    (job,) = house.journal.jobs.listed()
    assert (job.instances, job.revision) == (3, 1)
    stored = {path.read_bytes() for path in house.stored_files()}
    assert {contents[0], contents[1]} <= stored
    assert list(house.data.incoming.iterdir()) == []


def test_killed_while_a_file_is_being_written(start: Start) -> None:
    def chunks() -> object:
        yield ct_slice(1)[:500]
        raise KilledError

    with pytest.raises(KilledError):
        start().store.stage(chunks())  # type: ignore[arg-type]
    house = start()
    assert list(house.data.incoming.iterdir()) == []
    assert house.stored_files() == []


def test_full_disk_leaves_nothing_and_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_paths: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "sync_all", full)
    staged = house.store.stage([ct_slice(1)])
    with pytest.raises(OSError, match="No space"):
        house.store.keep([staged], "folder 0")
    assert list(house.data.incoming.iterdir()) == []
    assert house.journal.jobs.listed() == []
