"""Routes of the list of studies."""

import hashlib

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from calciscope.service.journal.overview import Overview
from calciscope.service.web.chart import SPANS, Charts
from calciscope.service.web.desk import Desk, visit_of
from calciscope.service.web.list_view import list_view
from calciscope.service.web.query import PERIODS, Query

SAID = {
    "retried": "Begun anew; it is on its way again.",
    "sending": "The results are being sent again.",
    "forgotten": "Forgotten; when the study is sent again, it counts as new.",
}
"""What was done, as the address of the next page says it."""


def version_of(text: str) -> str:
    """Of a part of a page that renews itself."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stamped(text: str) -> str:
    """The part with its version in it, which the browser sends back when it asks again."""
    return text.replace("@VERSION@", version_of(text), 1)


def renewal(text: str, seen: str) -> Response:
    """The part; nothing, where it is as the browser has it."""
    return Response(status_code=204) if version_of(text) == seen else HTMLResponse(stamped(text))


def list_routes(desk: Desk) -> APIRouter:
    """The list, the part of it that renews itself, and the chart."""
    router = APIRouter()
    charts = Charts(Overview(desk.journal.database), desk.clock)

    async def part(request: Request, query: Query) -> str:
        now = desk.clock.now()
        view = await desk.ask(lambda: list_view(desk.journal, query, now, desk.page.show_patient))
        health = await desk.ask(desk.health)
        return desk.text("list_live.html.j2", visit_of(request), view=view, health=health)

    async def figures(request: Request) -> str:
        span = request.query_params.get("span", "")
        drawn = await desk.ask(lambda: charts.of(span))
        return desk.text("chart.html.j2", visit_of(request), chart=drawn, spans=SPANS)

    @router.get("/")
    async def whole(request: Request) -> Response:
        query = Query.read(request.query_params)
        fragment = await part(request, query)
        return desk.html(
            "list.html.j2",
            request,
            query=query,
            periods=PERIODS,
            live=stamped(fragment),
            chart=await figures(request),
            said=SAID.get(request.query_params.get("said", ""), ""),
            show_patient=desk.page.show_patient,
        )

    @router.get("/live")
    async def renewed(request: Request) -> Response:
        query = Query.read(request.query_params)
        return renewal(await part(request, query), request.query_params.get("seen", ""))

    @router.get("/throughput")
    async def throughput(request: Request) -> Response:
        return HTMLResponse(await figures(request))

    return router
