"""A page that is served, and a client that speaks to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from tests.service.conftest import HandClock
from tests.service.web.hospital import Hospital, JournalOperator, Well

from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.settings.house import StatusPage
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.web.app import create_app
from calciscope.service.web.server import PageServer


@dataclass
class Served:
    """A page on a port of its own."""

    url: str
    client: httpx.Client
    operator: JournalOperator
    health: list[Well]  # ready, live
    data: DataFolder
    app: FastAPI

    def form_token(self, path: str = "/") -> str:
        """The token in a form of a page."""
        text = self.client.get(path).text
        return text.partition('name="form_token" value="')[2].partition('"')[0]


Serve = Callable[..., Served]


def whole_settings(folder: Path, page: StatusPage) -> ServiceSettings:
    """Settings that say little but the page."""
    return ServiceSettings.model_validate(
        {
            "data": folder / "data",
            "intake": {"folders": [{"path": folder / "in"}]},
            "rules": [{"name": "legs"}],
            "status_page": page,
        }
    )


@pytest.fixture
def hospital(journal: Journal) -> Hospital:
    return Hospital(journal)


@pytest.fixture
def serve(tmp_path: Path, journal: Journal, clock: HandClock) -> Iterator[Serve]:
    """Serves the page with settings of the test."""
    with ExitStack() as stack:

        def begin(**values: object) -> Served:
            page = StatusPage.model_validate({"port": 0, **values})
            data = DataFolder(tmp_path / "data")
            data.make()
            operator, health = JournalOperator(journal), [Well(), Well()]
            app = create_app(
                journal,
                whole_settings(tmp_path, page),
                data,
                operator,
                lambda: b"calciscope_jobs 1\n",
                lambda: health[0],
                clock,
                lambda: health[1],
            )
            server = PageServer(page, app)
            url = f"http://127.0.0.1:{server.start()}"
            stack.callback(server.stop)
            client = stack.enter_context(httpx.Client(base_url=url, timeout=20))
            return Served(url, client, operator, health, data, app)

        yield begin
