"""Who may look: a token, a reverse proxy, or anybody where the page is on loopback alone."""

import hashlib
import hmac
import re
import secrets
import threading
from collections import deque
from collections.abc import Mapping

from calciscope.service.clock import Clock
from calciscope.service.settings.house import StatusPage
from calciscope.service.web.names import one_line

SESSION_SECONDS = 12 * 3600.0
SESSIONS = 1000
ATTEMPTS, WINDOW_SECONDS = 10, 300.0
"""Wrong tokens from one address in so long a time, after which it has to wait."""

EVERYBODY = ""
"""Stands for all addresses together, which may fail ten times as often."""

_VISIT = re.compile(r"[0-9a-f]{64}")


class Attempts:
    """Counts wrong tokens by address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: dict[str, deque[float]] = {}

    def wait_seconds(self, address: str) -> float:
        """How long an address has to wait before it may try again; 0 for not at all."""
        return max(self._wait(address, ATTEMPTS), self._wait(EVERYBODY, 10 * ATTEMPTS))

    def failed(self, address: str) -> None:
        """A token was wrong."""
        now = self._clock.monotonic()
        for key, most in ((address, ATTEMPTS), (EVERYBODY, 10 * ATTEMPTS)):
            self._failed.setdefault(key, deque(maxlen=most)).append(now)
        for key in [k for k, times in self._failed.items() if now - times[-1] > WINDOW_SECONDS]:
            del self._failed[key]

    def _wait(self, key: str, most: int) -> float:
        times = self._failed.get(key)
        if times is None or len(times) < most:
            return 0.0
        return max(0.0, times[0] + WINDOW_SECONDS - self._clock.monotonic())


class Visitors:
    """Knows visitors by a cookie, a token or a reverse proxy.

    Args:
        settings: of the page.
        token: that people log in with; None for none.
        clock: sessions and waits run by its monotonic time.
    """

    def __init__(self, settings: StatusPage, token: str | None, clock: Clock) -> None:
        self._settings = settings
        self._token = None if token is None else _digest(token)
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._sessions: dict[str, float] = {}
        self._lock = threading.Lock()
        self._attempts = Attempts(clock)

    @property
    def takes_token(self) -> bool:
        """Whether people may log in with a token."""
        return self._token is not None

    def new_visit(self) -> str:
        """A name for a browser that nobody can guess."""
        return secrets.token_hex(32)

    def is_visit(self, text: str) -> bool:
        """Whether a cookie looks like one of ours."""
        return _VISIT.fullmatch(text) is not None

    def who(self, headers: Mapping[str, str], address: str, visit: str) -> str | None:
        """The name of a visitor for the audit log; None for one who is not let in."""
        header = self._settings.proxy_header
        if header is not None and address in self._settings.proxies:
            user = one_line(headers.get(header.lower(), ""), 64)
            if user:
                return user
        if self._token is not None:
            bearer = headers.get("authorization", "")
            if bearer.startswith("Bearer ") and self._right(bearer[len("Bearer ") :], address):
                return "token"
            return "token" if self._remembered(visit) else None
        return "local" if header is None else None

    def wait_seconds(self, address: str) -> float:
        """How long an address has to wait before its next token is looked at."""
        with self._lock:
            return self._attempts.wait_seconds(address)

    def log_in(self, given: str, address: str) -> str | None:
        """A new visit for a right token; None for a wrong one, or one that came too soon."""
        if not self._right(given, address):
            return None
        visit = self.new_visit()
        with self._lock:
            now = self._clock.monotonic()
            for old in [k for k, until in self._sessions.items() if until <= now]:
                del self._sessions[old]
            while len(self._sessions) >= SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[_digest(visit)] = now + SESSION_SECONDS
        return visit

    def log_out(self, visit: str) -> None:
        """Forget a visit."""
        with self._lock:
            self._sessions.pop(_digest(visit), None)

    def form_token(self, visit: str) -> str:
        """What a form of this visit must bring back (against cross-site request forgery)."""
        return hmac.new(self._secret, visit.encode(), "sha256").hexdigest()

    def is_form_token(self, visit: str, given: str) -> bool:
        """Whether a form comes from a page of this visit."""
        return hmac.compare_digest(self.form_token(visit).encode(), given.encode())

    def _remembered(self, visit: str) -> bool:
        with self._lock:
            until = self._sessions.get(_digest(visit), 0.0)
        return self._clock.monotonic() < until

    def _right(self, given: str, address: str) -> bool:
        with self._lock:
            if self._token is None or self._attempts.wait_seconds(address) > 0:
                return False
            # Digests, so that neither content nor length of the token shows in the time it takes.
            if hmac.compare_digest(_digest(given), self._token):
                return True
            self._attempts.failed(address)
            return False


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
