"""A web server that answers as a test wants, for STOW-RS and webhooks."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from ssl import SSLContext
from typing import Any

import pydicom


@dataclass(frozen=True)
class Request:
    """What came."""

    path: str
    headers: dict[str, str]
    body: bytes

    def instances(self) -> list[str]:
        """SOP Instance UIDs of the DICOM files in a STOW-RS request, which must be sound."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = message_from_bytes(head + self.body)
        assert message.get_content_type() == "multipart/related"
        assert message.get_param("type") == "application/dicom"
        parts: list[Any] = list(message.get_payload())
        assert {part.get_content_type() for part in parts} == {"application/dicom"}
        files = [pydicom.dcmread(BytesIO(part.get_payload(decode=True))) for part in parts]
        return [str(each.SOPInstanceUID) for each in files]


Reply = tuple[int, bytes]


@dataclass
class WebServer:
    """What it was asked, and how it replies.

    Attributes:
        reply: status and body for a request; may hang first.
        headers: of every reply.
    """

    reply: Callable[[Request], Reply] = lambda request: (200, b"")
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def running(self, tls: SSLContext | None = None) -> Iterator["WebServer"]:
        """Serve for the length of a block."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {key.lower(): value for key, value in self.headers.items()}
                request = Request(self.path, headers, body)
                outer.requests.append(request)
                status, content = outer.reply(request)
                if status == 0:
                    # Breaks off without a word.
                    self.close_connection = True
                    return
                self.send_response(status)
                for key, value in outer.headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None: ...

        class Server(ThreadingHTTPServer):
            daemon_threads = False

            def handle_error(self, request: Any, client_address: Any) -> None: ...

        server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def stow_reply(
    status: int, stored: dict[str, int], failed: dict[str, int], as_list: bool = False
) -> Reply:
    """The DICOM JSON of an answer: warning and failure reasons by UID (PS3.18 I.2)."""
    record: dict[str, Any] = {}
    if stored:
        record["00081199"] = {"vr": "SQ", "Value": [_item(*x, "00081196") for x in stored.items()]}
    if failed:
        record["00081198"] = {"vr": "SQ", "Value": [_item(*x, "00081197") for x in failed.items()]}
    return status, json.dumps([record] if as_list else record).encode()


def _item(sop_uid: str, reason: int, tag: str) -> dict[str, Any]:
    item: dict[str, Any] = {"00081155": {"vr": "UI", "Value": [sop_uid]}}
    if reason:
        item[tag] = {"vr": "US", "Value": [reason]}
    return item
