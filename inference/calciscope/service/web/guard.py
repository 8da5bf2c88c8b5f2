"""The door of the page: every request passes here before any route sees it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calciscope.service.settings.house import StatusPage
from calciscope.service.web.visitors import Visitors

COOKIE = "calciscope_visit"
OPEN_TO_ALL = ("/login", "/health/live", "/health/ready")
STATIC = "/static/"
FOR_MACHINES = ("/metrics", "/health/")
FORM_BYTES, FORM_SECONDS = 16_384, 10.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
"""Of every answer that does not say otherwise."""

Refuse = Callable[[int, str], Response]
"""Makes the page that says no: status, sentence."""


@dataclass(frozen=True)
class Visit:
    """A request's visitor, for routes as `request.state.visit`.

    Attributes:
        id: the cookie.
        who: for the audit log; empty for one who is not let in and sees a page open to all.
        form_token: to be put into forms.
        address: it comes from.
        secure: whether the browser speaks https.
        form: fields of a POST, already checked.
    """

    id: str
    who: str
    form_token: str
    address: str
    secure: bool
    form: dict[str, str] = field(default_factory=dict)


class Guard:
    """Checks host, visitor and forms, and adds the headers that every answer bears.

    Routes behind it can rely on: the visitor is let in, and a request that changes anything
    comes from a form of this very visit.
    """

    def __init__(
        self, app: ASGIApp, settings: StatusPage, visitors: Visitors, refuse: Refuse
    ) -> None:
        self._app = app
        self._settings = settings
        self._visitors = visitors
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        cookie = request.cookies.get(COOKIE, "")
        known = self._visitors.is_visit(cookie)
        visit_id = cookie if known else self._visitors.new_visit()
        answer = await self._answer(request, visit_id, known)
        path = request.url.path
        gives_cookie = not known and not path.startswith((*FOR_MACHINES, STATIC))
        sending = _with_headers(send, cookie_header(visit_id, _secure(self._settings, request)))
        plain = _with_headers(send, "")
        await answer(scope, receive, sending if gives_cookie else plain)

    async def _answer(
        self, request: Request, visit_id: str, known: bool
    ) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        path = request.url.path
        if not self._is_our_host(request.headers.get("host", "")):
            return self._refuse(
                421, "This address is not one the page answers to; add it to status_page.hosts."
            )
        address = request.client.host if request.client else ""
        who = self._visitors.who(request.headers, address, visit_id if known else "")
        if who is None and path not in OPEN_TO_ALL and not path.startswith(STATIC):
            return self._no_entry(request, address)
        form: dict[str, str] = {}
        if request.method not in ("GET", "HEAD"):
            read = await self._form(request, visit_id)
            if isinstance(read, Response):
                return read
            form = read
        request.state.visit = Visit(
            visit_id, who or "", self._visitors.form_token(visit_id), address,
            _secure(self._settings, request), form,
        )  # fmt: skip
        return self._app

    def _no_entry(self, request: Request, address: str) -> Response:
        path = request.url.path
        if path.startswith(FOR_MACHINES):
            wait = self._visitors.wait_seconds(address)
            return PlainTextResponse(
                "log in with Authorization: Bearer and the token\n", 429 if wait else 401
            )
        if not self._visitors.takes_token:
            return self._refuse(401, "Come through the reverse proxy, which asks who you are.")
        if request.headers.get("hx-request"):
            return Response(status_code=401, headers={"hx-redirect": "/login"})
        return RedirectResponse(f"/login?then={quote(path)}", 303)

    async def _form(self, request: Request, visit_id: str) -> dict[str, str] | Response:
        origin = request.headers.get("origin")
        host = request.headers.get("host", "")
        site = request.headers.get("sec-fetch-site", "same-origin")
        if site != "same-origin" or (origin is not None and urlsplit(origin).netloc != host):
            return self._refuse(403, "This form was sent from another site; nothing was done.")
        body = b""
        try:
            async with asyncio.timeout(FORM_SECONDS):
                async for part in request.stream():
                    body += part
                    if len(body) > FORM_BYTES:
                        return self._refuse(413, "This form is too large; nothing was done.")
        except (TimeoutError, ClientDisconnect):
            return self._refuse(408, "The form did not arrive whole; nothing was done.")
        try:
            form = dict(parse_qsl(body.decode(), max_num_fields=20))
        except ValueError:
            return self._refuse(400, "The form cannot be read; nothing was done.")
        if not self._visitors.is_form_token(visit_id, form.get("form_token", "")):
            return self._refuse(
                403, "The page was out of date; nothing was done. Open it again and repeat."
            )
        return form

    def _is_our_host(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if self._settings.address in LOOPBACK or self._settings.hosts:
            return name in LOOPBACK or name in {each.lower() for each in self._settings.hosts}
        return bool(name)


def cookie_header(visit_id: str, secure: bool) -> str:
    """The Set-Cookie header of a visit; a script cannot read it, another site cannot send it."""
    return f"{COOKIE}={visit_id}; Path=/; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"


def _secure(settings: StatusPage, request: Request) -> bool:
    forwarded = request.client is not None and request.client.host in settings.proxies
    told = request.headers.get("x-forwarded-proto", "") if forwarded else ""
    return request.url.scheme == "https" or told == "https"


def _with_headers(send: Send, cookie: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            present = {name.lower() for name, _ in headers}
            headers += [
                (name.encode(), value.encode())
                for name, value in HEADERS.items()
                if name.encode() not in present
            ]
            if cookie and b"set-cookie" not in present:
                headers.append((b"set-cookie", cookie.encode()))
            message = {**message, "headers": headers}
        await send(message)

    return sending
