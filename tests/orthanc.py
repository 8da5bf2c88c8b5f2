"""Orthanc, a hospital archive written by others, with its DICOMweb plugin."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.ports import free_port

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
TITLE = "ORTHANC"
USER, PASSWORD = "calciscope", "hush"
PATIENCE_S = 60

needs_orthanc = pytest.mark.skipif(
    shutil.which("Orthanc") is None or not PLUGIN.exists(),
    reason="needs the Debian packages orthanc and orthanc-dicomweb",
)


@dataclass
class Orthanc:
    """An empty archive on this machine.

    Attributes:
        folder: for all that it keeps; made when it first runs.
        http_port: of its REST interface and of DICOMweb.
        dicom_port: where it takes C-STORE.
        service_port: where it looks for CALCISCOPE, with what it sends and with commitments.
    """

    folder: Path
    http_port: int = field(default_factory=free_port)
    dicom_port: int = field(default_factory=free_port)
    service_port: int = field(default_factory=free_port)

    @property
    def web(self) -> str:
        """Address of DICOMweb."""
        return f"http://127.0.0.1:{self.http_port}/dicom-web"

    @property
    def client(self) -> httpx.Client:
        """A new client of its REST interface and of DICOMweb, for one `with` block."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.http_port}/",
            auth=(USER, PASSWORD),
            timeout=PATIENCE_S,
            trust_env=False,
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve for the length of a block; it keeps what it has over several."""
        self.folder.mkdir(exist_ok=True)
        path, told = self.folder / "orthanc.json", self.folder / "log"
        path.write_text(json.dumps(self._settings()), encoding="utf-8")
        with told.open("ab") as log:
            server = subprocess.Popen(["Orthanc", str(path)], stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not self._answers():
                text = told.read_text(encoding="utf-8", errors="replace")
                assert server.poll() is None, text
                assert time.monotonic() < deadline, text
                time.sleep(0.1)
            yield
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE_S)

    def query(self, path: str) -> Any:
        """What is found (QIDO-RS, PS3.18 10.6)."""
        with self.client as client:
            answer = client.get(f"dicom-web/{path}", headers={"Accept": "application/dicom+json"})
        return answer.raise_for_status().json()

    def listed(self) -> dict[str, list[str]]:
        """Modalities of the series of each study."""
        studies: dict[str, list[str]] = {}
        for series in self.query("series?includefield=00080060"):
            study = series["0020000D"]["Value"][0]
            studies.setdefault(study, []).append(series["00080060"]["Value"][0])
        return {study: sorted(modalities) for study, modalities in studies.items()}

    def instances(self) -> list[str]:
        """SOP Instance UIDs of all that it has."""
        return sorted(each["00080018"]["Value"][0] for each in self.query("instances"))

    def forget(self) -> None:
        """It loses everything."""
        with self.client as client:
            for study in client.get("studies").json():
                client.delete(f"studies/{study}")

    def _settings(self) -> dict[str, object]:
        service = {"AET": "CALCISCOPE", "Host": "127.0.0.1", "Port": self.service_port}
        return {
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "index"),
            "Plugins": [str(PLUGIN)],
            "HttpPort": self.http_port,
            "DicomPort": self.dicom_port,
            "DicomAet": TITLE,
            "DicomCheckCalledAet": True,
            "DicomModalities": {"calciscope": service | {"AllowStorageCommitment": True}},
            "AuthenticationEnabled": True,
            "RegisteredUsers": {USER: PASSWORD},
            "RemoteAccessAllowed": False,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }

    def _answers(self) -> bool:
        try:
            self.query("studies")
        except httpx.HTTPError:
            return False
        return True
