"""The files of the page that never change: styles, scripts, the icon."""

import hashlib
from functools import cache
from importlib import resources

TYPES = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""Every file there is; a name from outside is only ever looked up here."""


@cache
def content(name: str) -> bytes:
    """A file of TYPES."""
    return resources.files("calciscope.service.web").joinpath("static", name).read_bytes()


@cache
def versioned(name: str) -> str:
    """Its address; another content has another one, so that browsers may keep it for long."""
    return f"/static/{name}?v={hashlib.sha256(content(name)).hexdigest()[:12]}"
