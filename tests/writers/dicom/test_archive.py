"""A hospital archive written by others, Orthanc, stores every object and gives it back."""

from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from PIL import Image
from tests.orthanc import Orthanc, needs_orthanc

from calciscope.writers.capture_pages import CapturePage
from calciscope.writers.dicom.objects import ReportPages, write_dicom_objects

DICOM_JSON = {"Accept": "application/dicom+json"}
BOUNDARY = "calciscope-boundary"


@pytest.fixture
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    orthanc = Orthanc(tmp_path_factory.mktemp("orthanc"))
    with orthanc.running():
        yield orthanc


def store(archive: Orthanc, study: str, paths: list[Path]) -> Any:
    """STOW-RS (PS3.18 10.5)."""
    parts = b"".join(
        f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        + path.read_bytes()
        + b"\r\n"
        for path in paths
    )
    kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    with archive.client as client:
        answer = client.post(
            f"dicom-web/studies/{study}",
            content=parts + f"--{BOUNDARY}--\r\n".encode(),
            headers={"Content-Type": kind, **DICOM_JSON},
        )
    return answer.raise_for_status().json()


def retrieve(archive: Orthanc, dataset: pydicom.Dataset) -> pydicom.Dataset:
    """WADO-RS of one instance (PS3.18 10.4)."""
    address = (
        f"dicom-web/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}"
    )
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    with archive.client as client:
        answer = client.get(address, headers={"Accept": accept}).raise_for_status()
    header = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(header + answer.content)
    (part,) = message.get_payload()
    return pydicom.dcmread(BytesIO(part.get_payload(decode=True)))


@needs_orthanc
def test_orthanc_stores_lists_and_returns_every_object(
    archive: Orthanc, tmp_path: Path, two_lesions: Any
) -> None:
    study, lesions, findings, tissues = two_lesions()
    stream = BytesIO()
    Image.new("RGB", (4, 3), (1, 2, 3)).save(stream, format="PNG")
    pages = ReportPages(b"%PDF-1.4\n%%EOF\n", (CapturePage("Summary", stream.getvalue()),))
    write_dicom_objects(
        tmp_path, study, lesions, tissues, findings, pages, created=datetime(2026, 1, 2)
    )
    paths = sorted(tmp_path.glob("*.dcm"))
    written = {str(d.SOPInstanceUID): d for d in map(pydicom.dcmread, paths)}

    answer = store(archive, "1.2.3", paths)
    assert answer.get("00081198", {}).get("Value", []) == []  # Failed SOP Sequence
    assert len(answer["00081199"]["Value"]) == len(paths) == 5

    listed = archive.query("studies/1.2.3/series?includefield=00080060")
    assert sorted(s["00080060"]["Value"][0] for s in listed) == ["DOC", "OT", "SEG", "SEG", "SR"]
    for dataset in written.values():
        assert retrieve(archive, dataset) == dataset

    # The same again is recognized as the same.
    store(archive, "1.2.3", paths)
    assert len(archive.query("studies/1.2.3/instances")) == 5
