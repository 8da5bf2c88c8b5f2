"""What all routes share, and the few threads on which they ask the journal."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from calciscope.service.clock import Clock
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.settings.house import StatusPage
from calciscope.service.web.guard import Visit
from calciscope.service.web.interfaces import HealthCheck, MetricsText, Operator
from calciscope.service.web.static_files import versioned
from calciscope.service.web.thumbnails import Thumbnails
from calciscope.service.web.visitors import Visitors
from calciscope.service.web.words import sentence

THREADS = 4
"""The journal opens a connection for each thread that asks; these stay the same for months."""

Answer = TypeVar("Answer")


def templates() -> Environment:
    """The templates of the page: every value is escaped, every missing one is an error."""
    environment = Environment(
        loader=PackageLoader("calciscope.service.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"versioned": versioned, "sentence": sentence}
    return environment


@dataclass(frozen=True)
class Desk:
    """What routes need.

    Attributes:
        page: settings of the page.
        visitors: who is let in.
        live: whether the process is worth keeping; None answers by answering.
    """

    journal: Journal
    page: StatusPage
    data: DataFolder
    operator: Operator
    metrics_text: MetricsText
    health: HealthCheck
    clock: Clock
    visitors: Visitors
    live: HealthCheck | None = None
    templates: Environment = field(default_factory=templates)
    thumbnails: Thumbnails = field(default_factory=Thumbnails)
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, "status-page")
    )

    async def ask(self, question: Callable[[], Answer]) -> Answer:
        """Do something that may take a while, on a thread of the desk."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, question)

    def text(self, name: str, visit: Visit | None, **values: Any) -> str:
        """A template as text."""
        shown = {"visit": visit, "can_log_out": self._can_log_out(visit), **values}
        return self.templates.get_template(name).render(shown)

    def html(self, name: str, request: Request, status: int = 200, **values: Any) -> Response:
        """A template as an answer."""
        return HTMLResponse(self.text(name, visit_of(request), **values), status)

    def _can_log_out(self, visit: Visit | None) -> bool:
        return visit is not None and visit.who == "token" and self.visitors.takes_token


def visit_of(request: Request) -> Visit:
    """The visitor, as the guard has let them in."""
    visit: Visit = request.state.visit
    return visit
