"""Logs are JSON, and nothing of a patient gets into them."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from pydicom.config import WARN
from pydicom.valuerep import validate_value

from calciscope.errors import StaleStateError, UnreadableFileError
from calciscope.service.loop import Loop
from calciscope.service.operations.logs import OURS, set_up_logs

UID = "1.2.826.0.1.3680043.8.498.4711"
OUR_LOG = logging.getLogger("calciscope.service.test")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is logged; the logging of the tests themselves is put back afterwards."""
    root, raising = logging.getLogger(), logging.raiseExceptions
    handlers, level = list(root.handlers), root.level
    found = io.StringIO()
    handler = set_up_logs("info", found)
    yield found
    root.removeHandler(handler)
    for former in handlers:
        root.addHandler(former)
    root.setLevel(level)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.captureWarnings(False)
    logging.raiseExceptions = raising


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_line_says_when_where_and_what(stream: io.StringIO) -> None:
    OUR_LOG.info("job %d refused", 7, extra={"job": 7, "code": "no_rule", "seconds": 1.5})
    (line,) = _lines(stream)
    assert line["message"] == "job 7 refused"
    assert (line["level"], line["job"], line["code"], line["seconds"]) == (
        "info",
        7,
        "no_rule",
        1.5,
    )
    assert line["where"].startswith("calciscope.service.test test_logs.py:")
    assert line["at"].endswith("Z")


def test_fields_that_are_not_on_the_list_are_left_out(stream: io.StringIO) -> None:
    OUR_LOG.info("job %d", 7, extra={"patient": "DOE^JOHN", "file": "DOE.dcm"})
    assert "DOE" not in stream.getvalue()


def test_uids_are_struck_out_even_of_our_own_messages(stream: io.StringIO) -> None:
    OUR_LOG.info("study %s of 192.168.17.4", UID, extra={"code": f"code {UID}"})
    (line,) = _lines(stream)
    assert line["message"] == "study [uid] of 192.168.17.4"
    assert line["code"] == "code [uid]"


def test_errors_tell_kind_and_place_but_not_their_words(stream: io.StringIO) -> None:
    def read() -> None:
        raise FileNotFoundError(2, "No such file or directory", "/in/DOE^JOHN.dcm")

    try:
        try:
            read()
        except OSError as error:
            raise UnreadableFileError("/in/DOE^JOHN.dcm cannot be read") from error
    except UnreadableFileError:
        OUR_LOG.exception("folder %d failed", 0)
    (line,) = _lines(stream)
    assert "DOE" not in stream.getvalue()
    assert line["error"].startswith("UnreadableFileError at test_logs.py:")
    assert "from FileNotFoundError (errno 2: No such file or directory)" in line["error"]
    assert "read" in line["error"]


def test_errors_of_the_house_speak(stream: io.StringIO) -> None:
    try:
        raise StaleStateError("job 7 is ready and cannot become done")
    except StaleStateError:
        OUR_LOG.exception("job %d failed", 7)
    assert "StaleStateError (job 7 is ready and cannot become done)" in _lines(stream)[0]["error"]


def test_failing_loop_tells_no_file_name(stream: io.StringIO) -> None:
    def tick() -> bool:
        loop.stop()
        raise PermissionError(13, "Permission denied", "/in/DOE^JOHN.dcm")

    loop = Loop("folder-0", tick, 1.0)
    loop.start()
    assert loop.join(30.0)
    assert "folder-0 failed" in _lines(stream)[0]["message"]
    assert "DOE" not in stream.getvalue()


def test_other_libraries_are_heard_but_not_quoted(stream: io.StringIO) -> None:
    logging.getLogger("pynetdicom.acse").info("Association of %s", "DOE")
    logging.getLogger("pynetdicom.acse").error("Bad instance of %s", "DOE^JOHN")
    (line,) = _lines(stream)
    assert line["message"] == "(not ours, left out)"
    assert line["where"].startswith("pynetdicom.acse test_logs.py:")


def test_warnings_of_pydicom_do_not_quote_headers(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        validate_value("UI", "DOE^JOHN", WARN)
    assert {line["message"] for line in _lines(stream)} == {"(not ours, left out)"}
    assert "DOE" not in stream.getvalue()
