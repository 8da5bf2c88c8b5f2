"""Routes of one study: its page, its report, and what a person can do about it."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from calciscope.errors import StaleStateError
from calciscope.service.web.desk import Desk, visit_of
from calciscope.service.web.list_routes import SAID, renewal, stamped
from calciscope.service.web.query import Query
from calciscope.service.web.study_view import REPORT, StudyView, study_view

REPORT_HEADERS = {
    # A report runs scripts of its own (the 3D viewer), so it lives in an origin of its own: it
    # sees neither cookies nor pages of this site, and reaches no network.
    "content-security-policy": (
        "sandbox allow-scripts allow-popups; default-src 'none'; img-src data: blob:; "
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'self'"
    ),
    "x-frame-options": "SAMEORIGIN",
}
LARGEST_JOB = 2**62
NO_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 44 52" width="44" height="52">'
    '<path d="M0 0h44v52H0z" fill="#8a949e" fill-opacity=".25"/></svg>'
)


def study_routes(desk: Desk) -> APIRouter:
    """Everything under /jobs/."""
    router = APIRouter(prefix="/jobs/{job_id}")

    async def looked_at(job_id: int) -> StudyView:
        now, patients = desk.clock.now(), desk.page.show_patient
        if not 0 < job_id < LARGEST_JOB:
            raise StaleStateError(f"there is no job {job_id}")
        return await desk.ask(lambda: study_view(desk.journal, desk.data, job_id, now, patients))

    def part(request: Request, view: StudyView) -> str:
        return desk.text("study_live.html.j2", visit_of(request), view=view)

    async def result_file(job_id: int, name: str) -> Path | None:
        view = await looked_at(job_id)
        file = desk.data.result(job_id) / name
        return file if view.has_report and file.is_file() else None

    def picture_of(job_id: int) -> bytes | None:
        jobs = desk.journal.jobs.several([job_id]) if 0 < job_id < LARGEST_JOB else []
        if not any(job.has_result for job in jobs):
            return None
        return desk.thumbnails.of(job_id, desk.data.result(job_id))

    async def done(
        request: Request, job_id: int, said: str, action: Callable[[], None]
    ) -> Response:
        """Do it, then show the page that the form came from; or say why it was not done."""
        try:
            await desk.ask(action)
        except StaleStateError as error:
            return desk.html("message.html.j2", request, 409, title="Not done", text=str(error))
        back = visit_of(request).form.get("back", "")
        if said == "forgotten" or back.startswith("list"):
            query = Query.read(dict(_pairs(back)))
            joint = "&" if query.address else "?"
            return RedirectResponse(f"/{query.address}{joint}said={said}", 303)
        return RedirectResponse(f"/jobs/{job_id}?said={said}", 303)

    @router.get("")
    async def whole(request: Request, job_id: int) -> Response:
        view = await looked_at(job_id)
        return desk.html(
            "study.html.j2",
            request,
            view=view,
            live=stamped(part(request, view)),
            said=SAID.get(request.query_params.get("said", ""), ""),
        )

    @router.get("/live")
    async def renewed(request: Request, job_id: int) -> Response:
        view = await looked_at(job_id)
        return renewal(part(request, view), request.query_params.get("seen", ""))

    @router.get("/results")
    async def results(request: Request, job_id: int) -> Response:
        view = await looked_at(job_id)
        if not view.has_report:
            return Response(status_code=204)
        return desk.html("results.html.j2", request, view=view)

    @router.get("/report")
    async def report(request: Request, job_id: int) -> Response:
        file = await result_file(job_id, REPORT)
        if file is None:
            return _gone(desk, request)
        return FileResponse(file, media_type="text/html; charset=utf-8", headers=REPORT_HEADERS)

    @router.get("/report.pdf")
    async def paper(request: Request, job_id: int) -> Response:
        file = await result_file(job_id, "report.pdf")
        if file is None:
            return _gone(desk, request)
        return FileResponse(
            file, media_type="application/pdf", filename=f"calciscope-job-{job_id}.pdf"
        )

    @router.get("/thumbnail")
    async def thumbnail(job_id: int) -> Response:
        picture = await desk.ask(lambda: picture_of(job_id))
        kept = {"cache-control": "private, max-age=3600"}
        if picture is None:
            return Response(NO_PICTURE, media_type="image/svg+xml", headers=kept)
        return Response(picture, media_type="image/png", headers=kept)

    @router.get("/forget")
    async def ask_to_forget(request: Request, job_id: int) -> Response:
        return desk.html("forget.html.j2", request, view=await looked_at(job_id))

    @router.post("/retry")
    async def retry(request: Request, job_id: int) -> Response:
        who = visit_of(request).who
        return await done(request, job_id, "retried", lambda: desk.operator.retry(job_id, who))

    @router.post("/forget")
    async def forget(request: Request, job_id: int) -> Response:
        who = visit_of(request).who
        return await done(request, job_id, "forgotten", lambda: desk.operator.forget(job_id, who))

    @router.post("/deliveries/retry")
    async def retry_delivery(request: Request, job_id: int) -> Response:
        visit = visit_of(request)
        name = visit.form.get("destination", "")
        return await done(
            request,
            job_id,
            "sending",
            lambda: desk.operator.retry_delivery(job_id, name, visit.who),
        )

    return router


def _pairs(back: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(back.partition("?")[2], max_num_fields=20)
    except ValueError:
        return []


def _gone(desk: Desk, request: Request) -> Response:
    return desk.html(
        "message.html.j2",
        request,
        404,
        title="No report",
        text="This job has no report, or retention has removed it; retry makes it again.",
    )
