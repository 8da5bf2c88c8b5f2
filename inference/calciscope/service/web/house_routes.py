"""Routes of the house: login, static files, metrics, health."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from calciscope.service.web import static_files
from calciscope.service.web.desk import Desk, visit_of
from calciscope.service.web.guard import cookie_header
from calciscope.service.web.times import exact

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LONG = {"cache-control": "public, max-age=31536000, immutable"}


def house_routes(desk: Desk) -> APIRouter:
    """Everything that is not about studies."""
    router = APIRouter()

    @router.get("/static/{name}")
    async def static(name: str) -> Response:
        if name not in static_files.TYPES:
            return Response(status_code=404)
        kind = static_files.TYPES[name]
        return Response(static_files.content(name), media_type=kind, headers=LONG)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(await desk.ask(desk.metrics_text), headers={"content-type": METRICS_TYPE})

    @router.get("/health/live")
    async def alive() -> Response:
        live = desk.live is None or (await desk.ask(desk.live)).ready
        return JSONResponse({"live": live}, 200 if live else 503)

    @router.get("/health/ready")
    async def ready(request: Request) -> Response:
        health = await desk.ask(desk.health)
        answer: dict[str, object] = {"ready": health.ready}
        if visit_of(request).who:
            answer["reasons"] = list(health.reasons)
        return JSONResponse(answer, 200 if health.ready else 503)

    @router.get("/login")
    async def form(request: Request) -> Response:
        if visit_of(request).who:
            return RedirectResponse("/", 303)
        then = request.query_params.get("then", "/")
        return desk.html("login.html.j2", request, trouble="", then=_local(then))

    @router.post("/login")
    async def log_in(request: Request) -> Response:
        visit = visit_of(request)
        then = _local(visit.form.get("then", "/"))
        wait = desk.visitors.wait_seconds(visit.address)
        session = desk.visitors.log_in(visit.form.get("token", ""), visit.address)
        if session is None:
            trouble = f"Too many wrong tokens; wait {exact(wait)}." if wait else "Wrong token."
            status = 429 if wait else 401
            return desk.html("login.html.j2", request, status, trouble=trouble, then=then)
        cookie = cookie_header(session, visit.secure)
        return RedirectResponse(then, 303, headers={"set-cookie": cookie})

    @router.post("/logout")
    async def log_out(request: Request) -> Response:
        desk.visitors.log_out(visit_of(request).id)
        return RedirectResponse("/login", 303)

    return router


def _local(path: str) -> str:
    """A page of this site; anything else leads to the list."""
    return path if path.startswith("/jobs/") and path.isascii() and path.isprintable() else "/"
