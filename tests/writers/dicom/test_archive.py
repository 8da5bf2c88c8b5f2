"""A hospital archive written by others, Orthanc, stores every object and gives it back."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pydicom
import pytest
from PIL import Image
from tests.ports import free_port

from calciscope.writers.capture_pages import CapturePage
from calciscope.writers.dicom.objects import ReportPages, write_dicom_objects

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
DICOM_JSON = {"Accept": "application/dicom+json"}
BOUNDARY = "calciscope-boundary"
START_S = 30

pytestmark = pytest.mark.skipif(
    shutil.which("Orthanc") is None or not PLUGIN.exists(),
    reason="needs the Debian packages orthanc and orthanc-dicomweb",
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DICOMweb address of an empty Orthanc on this machine."""
    folder = tmp_path_factory.mktemp("orthanc")
    port = free_port()
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "Plugins": [str(PLUGIN)],
        "HttpPort": port,
        "DicomPort": free_port(),
        "AuthenticationEnabled": False,
        "RemoteAccessAllowed": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stdout=log, stderr=log)
    root = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_S
        while True:
            try:
                urlopen(f"{root}/system", timeout=2).close()
                break
            except (URLError, ConnectionError):
                log_text = (folder / "log").read_text(encoding="utf-8", errors="replace")
                assert server.poll() is None, log_text
                assert time.monotonic() < deadline, log_text
                time.sleep(0.1)
        yield f"{root}/dicom-web"
    finally:
        server.terminate()
        server.wait(timeout=20)


def store(archive: str, study: str, paths: list[Path]) -> Any:
    """STOW-RS (PS3.18 10.5)."""
    parts = b"".join(
        f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        + path.read_bytes()
        + b"\r\n"
        for path in paths
    )
    kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    request = Request(
        f"{archive}/studies/{study}",
        data=parts + f"--{BOUNDARY}--\r\n".encode(),
        headers={"Content-Type": kind, **DICOM_JSON},
        method="POST",
    )
    with urlopen(request, timeout=30) as response:
        return json.load(response)


def query(archive: str, path: str) -> Any:
    """QIDO-RS (PS3.18 10.6)."""
    with urlopen(Request(f"{archive}/{path}", headers=DICOM_JSON), timeout=30) as response:
        return json.load(response)


def retrieve(archive: str, dataset: pydicom.Dataset) -> pydicom.Dataset:
    """WADO-RS of one instance (PS3.18 10.4)."""
    address = (
        f"{archive}/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}"
    )
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    with urlopen(Request(address, headers={"Accept": accept}), timeout=30) as response:
        header = f"Content-Type: {response.headers['Content-Type']}\r\n\r\n".encode()
        message = message_from_bytes(header + response.read())
    (part,) = message.get_payload()
    return pydicom.dcmread(BytesIO(part.get_payload(decode=True)))


def test_orthanc_stores_lists_and_returns_every_object(
    archive: str, tmp_path: Path, two_lesions: Any
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

    listed = query(archive, "studies/1.2.3/series?includefield=00080060")
    assert sorted(s["00080060"]["Value"][0] for s in listed) == ["DOC", "OT", "SEG", "SEG", "SR"]
    for dataset in written.values():
        assert retrieve(archive, dataset) == dataset

    # The same again is recognized as the same.
    store(archive, "1.2.3", paths)
    assert len(query(archive, "studies/1.2.3/instances")) == 5
