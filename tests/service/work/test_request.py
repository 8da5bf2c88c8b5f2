"""Requests as plain JSON, and the key that equal results share."""

import json
from dataclasses import replace

import pytest

from calciscope.service.settings.rules import Rule
from calciscope.service.settings.work import Work
from calciscope.service.work.request import RunOptions, WorkRequest, content_key

INSTANCES = [("1.1", "aa"), ("1.2", "bb")]
PLAIN = RunOptions(model="0.2.0")


def test_a_request_survives_json() -> None:
    request = WorkRequest(
        7, "1.2.3", 2, "key", (("1.dcm", "/in/1"), ("2.dcm", "/in/2")), "/out", PLAIN
    )
    line = request.to_json()
    assert "\n" not in line
    assert WorkRequest.from_json(line) == request


def test_options_come_from_rule_and_work() -> None:
    rule = Rule.model_validate(
        {"name": "legs", "mode": "sensitive", "language": "de", "register": True, "model": "0.1.0"}
    )
    options = RunOptions.of(rule, Work(engine="onnxruntime", precision="fp32"), threads=2)
    assert options == RunOptions(
        "0.1.0", "sensitive", "de", register=True, engine="onnxruntime", precision="fp32", threads=2
    )


def test_what_is_decided_by_study_shares_what_is_loaded() -> None:
    assert replace(PLAIN, accept_pet=True, register=True).loading == PLAIN.loading
    assert replace(PLAIN, mode="sensitive").loading != PLAIN.loading


def test_the_key_does_not_depend_on_order_or_threads() -> None:
    key = content_key(INSTANCES, "model", "1", PLAIN)
    assert key == content_key(INSTANCES[::-1], "model", "1", replace(PLAIN, threads=4))


@pytest.mark.parametrize(
    "other",
    [
        (INSTANCES[:1], "model", "1", PLAIN),
        ([("1.1", "aa"), ("1.2", "cc")], "model", "1", PLAIN),
        ([("1.1", "bb"), ("1.2", "aa")], "model", "1", PLAIN),
        (INSTANCES, "model 2", "1", PLAIN),
        (INSTANCES, "model", "2", PLAIN),
        (INSTANCES, "model", "1", replace(PLAIN, mode="sensitive")),
        (INSTANCES, "model", "1", replace(PLAIN, register=True)),
    ],
)
def test_the_key_depends_on_all_that_results_follow_from(other: tuple[object, ...]) -> None:
    assert content_key(*other) != content_key(INSTANCES, "model", "1", PLAIN)  # type: ignore[arg-type]


def test_the_key_tells_nothing() -> None:
    key = content_key(INSTANCES, "model", "1", PLAIN)
    assert len(key) == 64
    assert json.loads(f'"{key}"').isalnum()
