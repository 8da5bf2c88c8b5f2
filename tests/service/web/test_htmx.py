"""The vendored script is the one that npm publishes, with its license beside it."""

import hashlib
from pathlib import Path

from calciscope.service.web import htmx

STATIC = Path(htmx.__file__).parent / "static"


def test_the_script_is_the_recorded_one() -> None:
    script = (STATIC / "htmx.min.js").read_bytes()
    assert hashlib.sha256(script).hexdigest() == htmx.SCRIPT_SHA256
    assert htmx.VERSION.encode() in script


def test_its_license_lies_beside_it() -> None:
    text = (STATIC / "htmx-license.txt").read_bytes()
    assert hashlib.sha256(text).hexdigest() == htmx.LICENSE_SHA256
    assert text.startswith(b"Zero-Clause BSD")
