"""Results sent to archives written by others: Orthanc with its DICOMweb plugin, and DCMTK."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from PIL import Image
from tests.orthanc import PASSWORD, TITLE, USER, Orthanc, needs_orthanc
from tests.ports import free_port
from tests.writers.conftest import make_findings, make_lesion, make_study  # noqa: F401
from tests.writers.dicom.conftest import two_lesions  # noqa: F401

from calciscope.service.data_folder import DataFolder
from calciscope.service.delivery.dicomweb import DicomwebSender
from calciscope.service.delivery.dimse import DimseSender
from calciscope.service.delivery.parcel import Parcel, read_parcel
from calciscope.service.delivery.queue import DeliveryQueue
from calciscope.service.delivery.sender import DeliveryError, DestinationAwayError
from calciscope.service.delivery.senders import sender_for
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import JobState
from calciscope.service.observers import SilentMeter
from calciscope.service.settings.destinations import DicomwebDestination, DimseDestination
from calciscope.writers.capture_pages import CapturePage
from calciscope.writers.dicom.objects import ReportPages, write_dicom_objects

STORESCP = Path("/usr/bin/storescp")
"""DCMTK's; pynetdicom brings a program of the same name."""
PATIENCE_S = 60

needs_dcmtk = pytest.mark.skipif(not STORESCP.exists(), reason="needs the Debian package dcmtk")


@pytest.fixture
def results(tmp_path: Path, two_lesions: Any) -> Parcel:  # noqa: F811
    """Two SEG, an SR, a PDF and a picture, as the writers make them."""
    study, lesions, findings, tissues = two_lesions()
    stream = BytesIO()
    Image.new("RGB", (4, 3), (1, 2, 3)).save(stream, format="PNG")
    pages = ReportPages(b"%PDF-1.4\n%%EOF\n", (CapturePage("Summary", stream.getvalue()),))
    folder = tmp_path / "results/dicom"
    folder.mkdir(parents=True)
    write_dicom_objects(
        folder, study, lesions, tissues, findings, pages, created=datetime(2026, 1, 2)
    )
    parcel = read_parcel(1, "1.2.3", 1, folder.parent)
    assert len(parcel.objects) == 5
    return parcel


@pytest.fixture
def orthanc(tmp_path: Path) -> Orthanc:
    return Orthanc(tmp_path / "orthanc")


def by_dimse(archive: Orthanc, **changes: Any) -> DimseDestination:
    given = {
        "name": "dimse", "kind": "dimse", "host": "127.0.0.1", "port": archive.dicom_port,
        "ae_title": TITLE, "timeout_seconds": PATIENCE_S,
    }  # fmt: skip
    return DimseDestination.model_validate(given | changes)


def by_web(archive: Orthanc, folder: Path) -> DicomwebDestination:
    password = folder / "password"
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    password.chmod(0o600)
    return DicomwebDestination(
        name="web", kind="dicomweb", url=archive.web, user=USER, password_file=password
    )


SERIES = ["DOC", "OT", "SEG", "SEG", "SR"]


@needs_orthanc
@pytest.mark.parametrize("way", ["dimse", "web"])
def test_orthanc_lists_everything_under_the_study(
    orthanc: Orthanc, results: Parcel, tmp_path: Path, way: str
) -> None:
    target = by_dimse(orthanc) if way == "dimse" else by_web(orthanc, tmp_path)
    notes: dict[str, str] = {}
    with orthanc.running():
        sender_for(target).send(results, {}, notes.__setitem__)
        assert orthanc.listed() == {"1.2.3": SERIES}
        # The same again, as after a kill before it was noted, doubles nothing.
        sender_for(target).send(results, {}, notes.__setitem__)
        assert orthanc.instances() == sorted(each.sop_uid for each in results.objects)
    assert notes == {each.sop_uid: "0000" for each in results.objects}


@needs_orthanc
def test_orthanc_commits_on_the_port_and_tells_of_a_loss(orthanc: Orthanc, results: Parcel) -> None:
    """Orthanc answers on an association that it opens itself."""
    commitment = {
        "wait_seconds": PATIENCE_S, "port": orthanc.service_port, "address": "127.0.0.1"
    }  # fmt: skip
    sender = DimseSender(by_dimse(orthanc, commitment=commitment))
    notes: dict[str, str] = {}
    sender.start()
    try:
        with orthanc.running():
            sender.send(results, {}, notes.__setitem__)
            assert set(notes.values()) == {"committed"}
            orthanc.forget()
            stored = dict.fromkeys(notes, "0000")
            with pytest.raises(DeliveryError) as caught:
                sender.send(results, stored, notes.__setitem__)
            assert caught.value.code == "commitment_failed"
            assert {status.split()[0] for status in notes.values()} == {"lost"}
            sender.send(results, dict(notes), notes.__setitem__)
            assert set(notes.values()) == {"committed"}
            assert orthanc.listed() == {"1.2.3": SERIES}
    finally:
        sender.close()


@needs_orthanc
def test_orthanc_that_does_not_know_us_gets_nothing(
    orthanc: Orthanc, results: Parcel, tmp_path: Path
) -> None:
    (tmp_path / "wrong").write_text("wrong", encoding="utf-8")
    (tmp_path / "wrong").chmod(0o600)
    web = by_web(orthanc, tmp_path).model_copy(update={"password_file": tmp_path / "wrong"})
    with orthanc.running():
        with pytest.raises(DestinationAwayError) as caught:
            DicomwebSender(web).send(results, {}, {}.__setitem__)
        assert caught.value.code == "login"
        with pytest.raises(DestinationAwayError) as caught:
            DimseSender(by_dimse(orthanc, ae_title="OTHER")).send(results, {}, {}.__setitem__)
        assert caught.value.code == "rejected"
        assert orthanc.listed() == {}


@needs_orthanc
@pytest.mark.usefixtures("refused_sockets")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("way", ["dimse", "web"])
def test_orthanc_that_was_down_gets_everything_once_it_is_back(
    orthanc: Orthanc,
    tmp_path: Path,
    journal: Journal,
    data: DataFolder,
    done: Callable[..., int],
    clock: Any,
    way: str,
) -> None:
    target = by_dimse(orthanc) if way == "dimse" else by_web(orthanc, tmp_path)
    studies = [f"1.2.840.5.{number}" for number in range(3)]
    jobs = [done(target.name, study=study) for study in studies]
    queue = DeliveryQueue(target, sender_for(target), journal, data, clock, SilentMeter())
    for _ in range(5):
        assert not queue.tick()
        clock.advance(600)
    reasons = [journal.deliveries.of_job(job)[0].reason for job in jobs]
    assert any("cannot be reached" in reason for reason in reasons)
    with orthanc.running():
        while queue.tick():
            pass
        assert orthanc.listed() == dict.fromkeys(studies, SERIES)
    assert {journal.jobs.get(job).state for job in jobs} == {JobState.DELIVERED}


@contextmanager
def storescp(folder: Path, *options: str) -> Iterator[int]:
    """DCMTK's archive, which writes each object into a folder."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    with (folder.parent / "storescp.log").open("ab") as log:
        server = subprocess.Popen(
            [str(STORESCP), *options, "-od", str(folder), str(port)], stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not _listens(port):
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE_S)


def _listens(port: int) -> bool:
    """With --refuse even the echo is rejected, which shows it too."""
    echo = subprocess.run(
        ["/usr/bin/echoscu", "127.0.0.1", str(port)], capture_output=True, check=False
    )
    return echo.returncode == 0 or b"Association Rejected" in echo.stdout + echo.stderr


def to_dcmtk(port: int, timeout_seconds: float = PATIENCE_S) -> DimseSender:
    return DimseSender(
        DimseDestination(
            name="dcmtk",
            kind="dimse",
            host="127.0.0.1",
            port=port,
            ae_title="DCMTK",
            timeout_seconds=timeout_seconds,
        )
    )


def _pixels_taken_out(dataset: pydicom.Dataset) -> bytes:
    pixels: bytes = dataset.get("PixelData", b"")
    dataset.pop("PixelData", None)
    return pixels


@needs_dcmtk
@pytest.mark.parametrize("syntax", ["+xa", "+xi"])
def test_dcmtk_writes_what_was_sent(results: Parcel, tmp_path: Path, syntax: str) -> None:
    """+xi takes Implicit VR Little Endian alone."""
    with storescp(tmp_path / "stored", syntax) as port:
        to_dcmtk(port).send(results, {}, {}.__setitem__)
    stored = {
        str(each.SOPInstanceUID): each
        for each in map(pydicom.dcmread, (tmp_path / "stored").iterdir())
    }
    assert len(stored) == 5
    for each in results.objects:
        sent, back = pydicom.dcmread(each.path), stored[each.sop_uid]
        # Of Pixel Data alone Implicit VR changes the VR, to OW (PS3.5 A.1).
        assert _pixels_taken_out(sent) == _pixels_taken_out(back)
        assert sent.to_json_dict() == back.to_json_dict()


@needs_dcmtk
@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--abort-after",), "no_answer"),
        (("--abort-during",), "no_answer"),
        (("--sleep-during", "600"), "no_answer"),
        # It hangs up at once, which may overtake the rejection within pynetdicom: ten times.
        *[(("--refuse",), "rejected")] * 10,
    ],
)
def test_dcmtk_that_misbehaves_is_not_taken_at_its_word(
    results: Parcel, tmp_path: Path, options: tuple[str, ...], code: str
) -> None:
    notes: dict[str, str] = {}
    with storescp(tmp_path / "stored", *options) as port:
        with pytest.raises(DeliveryError) as caught:
            sender = to_dcmtk(port, 2 if "--sleep-during" in options else PATIENCE_S)
            sender.send(results, {}, notes.__setitem__)
        assert (caught.value.code, notes) == (code, {})
    with storescp(tmp_path / "stored") as port:
        to_dcmtk(port).send(results, {}, notes.__setitem__)
    assert len(notes) == 5
