"""What the pages say, and what their buttons do."""

import re
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from tests.service.conftest import HandClock
from tests.service.web.conftest import Serve
from tests.service.web.hospital import HOSTILE, Hospital, Well, make_result

from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import JobState
from calciscope.service.web.query import ROWS


def test_an_empty_journal_says_what_to_do(serve: Serve) -> None:
    text = serve().client.get("/").text
    assert "No study has arrived yet" in text
    assert "calciscope watch --check" in text
    assert "Research use, not a diagnosis" in text


def test_the_list_shows_states_reasons_and_counts(serve: Serve, hospital: Hospital) -> None:
    for number, state in enumerate(JobState):
        hospital.bring(hospital.send(f"1.{number}"), state)
    text = serve().client.get("/").text
    for words in ("Receiving", "Collecting", "Queued", "Analyzing", "Delivering", "Delivered"):
        assert f"</svg>{words}</span>" in re.sub(r"\s*</svg>\s*", "</svg>", text)
    assert "The worker needed more than 8 GiB of memory." in text
    assert "41 of 240 images have not arrived within 90 minutes." in text
    assert "<b>8</b><span>All</span>" in text


@pytest.mark.parametrize("shown", [False, True])
def test_patients_are_shown_only_where_the_settings_say_so(
    serve: Serve, hospital: Hospital, shown: bool
) -> None:
    job = hospital.send("1.1", name="Rossi^Giulia", patient_id="PID-4711")
    page = serve(show_patient=shown)
    for path in ("/", "/live", "/?text=rossi", f"/jobs/{job}", f"/jobs/{job}/forget"):
        text = page.client.get(path).text.replace('value="rossi"', "").replace("text=rossi", "")
        assert ("Rossi, Giulia" in text) == shown, path
        assert ("PID-4711" in text) == (shown and "forget" not in path), path


def test_hostile_headers_are_text(serve: Serve, hospital: Hospital) -> None:
    job = hospital.send("1.1", name=HOSTILE, patient_id='"><svg onload=alert(2)>')
    page = serve(show_patient=True)
    for path in ("/", f"/jobs/{job}", f"/jobs/{job}/forget"):
        text = page.client.get(path).text
        assert "&lt;/a&gt;&lt;/table&gt;&lt;script&gt;" in text
        assert "<script>" not in text and "<svg onload" not in text and "\u202e" not in text


def test_filters_and_pages(serve: Serve, hospital: Hospital) -> None:
    for number in range(ROWS + 5):
        hospital.send(f"1.{number}")
    hospital.bring(1, JobState.FAILED)
    page = serve()
    first, second = page.client.get("/").text, page.client.get("/?page=2").text
    assert (first.count('<tr id="job-'), second.count('<tr id="job-')) == (ROWS, 5)
    assert f"1–{ROWS} of {ROWS + 5}" in first and 'href="/?page=2"' in first
    assert page.client.get("/?page=900").text.count('<tr id="job-') == 5
    only = page.client.get("/?show=failed").text
    assert only.count('<tr id="job-') == 1
    assert "No study fits" in page.client.get("/?show=refused").text
    assert "Nothing waits for a person" not in page.client.get("/?show=attention").text


def test_the_list_is_sent_again_only_when_it_changed(serve: Serve, hospital: Hospital) -> None:
    hospital.send("1.1")
    page = serve()
    text = page.client.get("/live").text
    seen = text.partition('"seen": "')[2].partition('"')[0]
    assert page.client.get("/live", params={"seen": seen}).status_code == 204
    hospital.send("1.2")
    renewed = page.client.get("/live", params={"seen": seen})
    assert (renewed.status_code, renewed.text.count('<tr id="job-')) == (200, 2)


def test_a_study_page_tells_the_whole_story(
    serve: Serve, hospital: Hospital, clock: HandClock
) -> None:
    job = hospital.send("1.1", expected=240)
    clock.advance(75)
    hospital.bring(job, JobState.DONE, ("ARCHIVE", "PACS"))
    hospital.trouble(job, reason="the archive refused 2 of 9 objects")
    later = hospital.send("1.1", first=4)
    text = serve().client.get(f"/jobs/{job}").text
    assert "1 min 15 s" in text and "3 of 240" in text
    assert "The archive refused" not in text and "the archive refused 2 of 9 objects." in text
    assert f'<a href="/jobs/{later}">see job {later}</a>' in text
    assert "Legs 1.0 B30" in text and "Revision 2" in text
    assert text.count("deliveries/retry") == 1


def test_retry_begins_a_failed_job_anew(serve: Serve, hospital: Hospital, journal: Journal) -> None:
    job = hospital.bring(hospital.send("1.1"), JobState.FAILED)
    page = serve()
    form = {"form_token": page.form_token(f"/jobs/{job}"), "back": "list?show=failed"}
    answer = page.client.post(f"/jobs/{job}/retry", data=form)
    assert answer.headers["location"] == "/?show=failed&said=retried"
    assert journal.jobs.get(job).state == JobState.WAITING
    assert "Begun anew" in page.client.get(answer.headers["location"]).text
    assert page.operator.asked == [("retry", job, "local")]
    again = page.client.post(f"/jobs/{job}/retry", data=form)
    assert again.status_code == 409
    assert f"job {job} is waiting and cannot become ready" in again.text


def test_a_delivery_is_sent_again(serve: Serve, hospital: Hospital) -> None:
    job = hospital.bring(hospital.send("1.1"), JobState.DONE)
    hospital.trouble(job)
    page = serve()
    form = {"form_token": page.form_token(f"/jobs/{job}"), "destination": "PACS"}
    answer = page.client.post(f"/jobs/{job}/deliveries/retry", data=form)
    assert answer.headers["location"] == f"/jobs/{job}?said=sending"
    assert page.operator.asked == [("send PACS", job, "local")]
    other = page.client.post(f"/jobs/{job}/deliveries/retry", data={**form, "destination": "X"})
    assert other.status_code == 409


def test_forgetting_is_asked_for_first(serve: Serve, hospital: Hospital) -> None:
    job = hospital.bring(hospital.send("1.1"), JobState.FAILED)
    page = serve()
    assert "Forget this study?" in page.client.get(f"/jobs/{job}/forget").text
    form = {"form_token": page.form_token(f"/jobs/{job}/forget")}
    answer = page.client.post(f"/jobs/{job}/forget", data=form)
    assert answer.headers["location"] == "/?said=forgotten"
    assert page.client.get(f"/jobs/{job}").status_code == 404
    assert page.client.get(f"/jobs/{job}/live").status_code == 404


def test_the_report_is_there_once_the_result_is(serve: Serve, hospital: Hospital) -> None:
    job = hospital.bring(hospital.send("1.1"), JobState.RUNNING)
    page = serve()
    assert page.client.get(f"/jobs/{job}/report").status_code == 404
    assert page.client.get(f"/jobs/{job}/results").status_code == 204
    make_result(page.data, job, "<h1>Legs</h1>")
    # The journal says when a result is whole, not the file system.
    assert page.client.get(f"/jobs/{job}/report").status_code == 404
    page.operator.journal.jobs.finish(job, "key", ())
    assert page.client.get(f"/jobs/{job}/report").text == "<h1>Legs</h1>"
    assert "<iframe" in page.client.get(f"/jobs/{job}/results").text
    paper = page.client.get(f"/jobs/{job}/report.pdf")
    assert f'filename="calciscope-job-{job}.pdf"' in paper.headers["content-disposition"]


@pytest.mark.parametrize(
    "path",
    [
        "/jobs/0",
        "/jobs/-1",
        "/jobs/x",
        "/jobs/1/../../etc",
        f"/jobs/{10**30}",
        "/static/..%2fapp.py",
        "/static/app.py",
        "/docs",
    ],
)
def test_what_is_not_there_is_not_found(serve: Serve, path: str) -> None:
    assert serve().client.get(path).status_code == 404


def test_health_and_trouble_are_shown(serve: Serve) -> None:
    page = serve()
    assert page.client.get("/health/ready").json() == {"ready": True, "reasons": []}
    page.health[0] = Well(False, ("The disk is <full>.",))
    answer = page.client.get("/health/ready")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["The disk is <full>."])
    assert page.client.get("/health/live").json() == {"live": True}
    page.health[1] = Well(False, ("work hangs",))
    hung = page.client.get("/health/live")
    assert (hung.status_code, hung.json()) == (503, {"live": False})
    text = page.client.get("/").text
    assert "The service is not ready" in text and "The disk is &lt;full&gt;." in text
    page.health[0] = Well(True, ("2 deliveries wait for 'OLD'",))
    text = page.client.get("/").text
    assert "The service is not ready" not in text
    assert "2 deliveries wait for &#39;OLD&#39;." in text


def _picture(file: Path) -> None:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 900, 600, 3
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation, dataset.PlanarConfiguration = 7, 0, 0
    dataset.PhotometricInterpretation = "RGB"
    dataset.PixelData = np.full((900, 600, 3), 200, dtype=np.uint8).tobytes()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)


def test_thumbnails_are_small_and_a_missing_one_is_blank(serve: Serve, hospital: Hospital) -> None:
    job = hospital.bring(hospital.send("1.1"), JobState.DELIVERED)
    page = serve()
    make_result(page.data, job)
    assert page.client.get(f"/jobs/{job}/thumbnail").headers["content-type"] == "image/svg+xml"
    (page.data.result(job) / "dicom" / "picture_01.dcm").write_bytes(b"not DICOM")
    _picture(page.data.result(job) / "dicom" / "picture_02.dcm")
    answer = page.client.get(f"/jobs/{job}/thumbnail")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG") and len(answer.content) < 20_000
    assert page.client.get(f"/jobs/{job}/thumbnail").content == answer.content


def test_picture_under_a_number_that_has_no_result_is_not_shown(
    serve: Serve, hospital: Hospital
) -> None:
    job = hospital.bring(hospital.send("1.1"), JobState.RUNNING)
    page = serve()
    for number in (job, job + 1):
        make_result(page.data, number)
        _picture(page.data.result(number) / "dicom" / "picture_02.dcm")
        answer = page.client.get(f"/jobs/{number}/thumbnail")
        assert answer.headers["content-type"] == "image/svg+xml"
    assert page.client.get(f"/jobs/{10**30}/thumbnail").status_code == 200
