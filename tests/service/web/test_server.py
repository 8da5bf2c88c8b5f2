"""Serving the page on a thread."""

import threading

import pytest
from tests.service.web.conftest import Serve
from tests.service.web.hospital import Hospital

from calciscope.errors import ServiceError
from calciscope.service.settings.house import StatusPage
from calciscope.service.web.desk import THREADS
from calciscope.service.web.server import PageServer


def test_a_port_in_use_is_told_with_the_cure(serve: Serve) -> None:
    page = serve()
    port = int(page.url.rpartition(":")[2])
    server = PageServer(StatusPage(port=port), page.app)
    with pytest.raises(ServiceError, match="give status_page another address or port"):
        server.start()
    assert not server.healthy


def test_the_journal_sees_the_same_few_threads_whatever_is_asked(
    serve: Serve, hospital: Hospital
) -> None:
    hospital.send("1.1")
    page = serve()
    askers = [
        threading.Thread(target=lambda: [page.client.get("/live") for _ in range(5)])
        for _ in range(8)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    named = [each for each in threading.enumerate() if each.name.startswith("status-page_")]
    assert 1 <= len(named) <= THREADS
