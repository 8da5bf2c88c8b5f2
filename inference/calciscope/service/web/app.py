"""The status page as one ASGI application."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from calciscope.errors import StaleStateError
from calciscope.service.clock import Clock, SystemClock
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.settings.house import StatusPage
from calciscope.service.settings.secrets import read_secret
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.web.desk import Desk
from calciscope.service.web.guard import Guard
from calciscope.service.web.house_routes import house_routes
from calciscope.service.web.interfaces import HealthCheck, MetricsText, Operator
from calciscope.service.web.list_routes import list_routes
from calciscope.service.web.study_routes import study_routes
from calciscope.service.web.visitors import Visitors


def create_app(
    journal: Journal,
    settings: ServiceSettings,
    data: DataFolder,
    operator: Operator,
    metrics_text: MetricsText,
    health: HealthCheck,
    clock: Clock | None = None,
    live: HealthCheck | None = None,
) -> FastAPI:
    """The page, its actions, metrics and health.

    Args:
        journal: that is shown; only `operator` changes anything.
        settings: of the service; without a status page in them, its defaults are taken.
        data: where results lie.
        operator: carries out what people ask for.
        metrics_text: makes the answer of /metrics.
        health: makes the answer of /health/ready.
        clock: of ages and sessions.
        live: makes the answer of /health/live; None answers that the page answers.

    Raises:
        SettingsError: the file of the token cannot be used.
    """
    page = settings.status_page or StatusPage()
    clock = clock or SystemClock()
    token = None if page.token_file is None else read_secret(page.token_file)
    visitors = Visitors(page, token, clock)
    desk = Desk(journal, page, data, operator, metrics_text, health, clock, visitors, live)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, title="Calciscope")
    for router in (house_routes(desk), list_routes(desk), study_routes(desk)):
        app.include_router(router)

    def refuse(status: int, sentence: str) -> Response:
        text = desk.text("message.html.j2", None, title="Not possible", text=sentence)
        return HTMLResponse(text, status)

    async def no_such_page(request: Request, error: Exception) -> Response:
        text = "There is no such page; begin from the list of studies."
        status = error.status_code if isinstance(error, HTTPException) else 404
        return desk.html("message.html.j2", request, status, title="Not found", text=text)

    async def no_such_job(request: Request, error: Exception) -> Response:
        text = "There is no such job any more; it may have been forgotten."
        return desk.html("message.html.j2", request, 404, title="Not found", text=text)

    app.add_exception_handler(HTTPException, no_such_page)
    app.add_exception_handler(RequestValidationError, no_such_page)
    app.add_exception_handler(StaleStateError, no_such_job)
    app.add_middleware(Guard, settings=page, visitors=visitors, refuse=refuse)
    app.state.desk = desk
    return app
