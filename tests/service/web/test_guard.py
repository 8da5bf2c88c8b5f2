"""What the door lets through, and what every answer bears."""

from pathlib import Path

import httpx
import pytest
from tests.service.web.conftest import Serve, Served
from tests.service.web.hospital import Hospital, make_result

from calciscope.errors import SettingsError
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import JobState


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("sesame\n", encoding="utf-8")
    file.chmod(0o600)
    return file


@pytest.fixture
def failed(hospital: Hospital) -> int:
    return hospital.bring(hospital.send("1.1"), JobState.FAILED)


def log_in(page: Served, token: str = "sesame") -> httpx.Response:
    form = {"form_token": page.form_token("/login"), "token": token, "then": "/jobs/1"}
    return page.client.post("/login", data=form)


PAGES = ["/", "/live", "/throughput", "/jobs/1", "/jobs/1/report", "/jobs/1/thumbnail", "/metrics"]


@pytest.mark.parametrize("path", PAGES)
def test_without_the_token_nothing_is_shown(
    serve: Serve, failed: int, token_file: Path, path: str
) -> None:
    page = serve(token_file=token_file)
    answer = page.client.get(path)
    assert answer.status_code in (303, 401)
    assert "Muster" not in answer.text and "calciscope_jobs" not in answer.text


def test_logging_in_and_out(serve: Serve, failed: int, token_file: Path) -> None:
    page = serve(token_file=token_file)
    first = page.client.get("/jobs/1")
    assert first.headers["location"] == "/login?then=/jobs/1"
    answer = log_in(page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs/1")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert page.client.get("/jobs/1").status_code == 200
    page.client.post("/logout", data={"form_token": page.form_token("/jobs/1")})
    assert page.client.get("/jobs/1").status_code == 303


def test_wrong_tokens_have_to_wait(serve: Serve, token_file: Path) -> None:
    page = serve(token_file=token_file)
    answers = [log_in(page, "open") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert "wait 5 min" in answers[-1].text
    assert log_in(page).status_code == 429


def test_after_login_nobody_is_led_to_another_site(serve: Serve, token_file: Path) -> None:
    page = serve(token_file=token_file)
    for then in ("https://evil.example/", "//evil.example", "/jobs/1\r\nX: y", "/\\evil"):
        form = {"form_token": page.form_token("/login"), "token": "sesame", "then": then}
        assert page.client.post("/login", data=form).headers["location"] == "/"
        page.client.cookies.clear()


def test_a_token_file_open_to_others_is_refused(serve: Serve, token_file: Path) -> None:
    token_file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        serve(token_file=token_file)


def test_a_renewing_page_is_sent_to_log_in(serve: Serve, token_file: Path) -> None:
    answer = serve(token_file=token_file).client.get("/live", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


def test_metrics_take_the_token_in_a_header(serve: Serve, token_file: Path) -> None:
    page = serve(token_file=token_file)
    assert page.client.get("/metrics").status_code == 401
    answer = page.client.get("/metrics", headers={"Authorization": "Bearer sesame"})
    assert (answer.status_code, answer.text) == (200, "calciscope_jobs 1\n")


def test_the_proxy_names_the_user(serve: Serve, failed: int) -> None:
    page = serve(proxy_header="X-Remote-User")
    assert page.client.get("/").status_code == 401
    page.client.headers["X-Remote-User"] = "dr.a"
    form = {"form_token": page.form_token("/jobs/1")}
    assert page.client.post("/jobs/1/retry", data=form).status_code == 303
    assert page.operator.asked == [("retry", 1, "dr.a")]


def test_a_header_from_elsewhere_is_not_the_proxys(serve: Serve) -> None:
    page = serve(proxy_header="X-Remote-User", proxies=("10.0.0.1",))
    headers = {"X-Remote-User": "dr.a", "X-Forwarded-For": "10.0.0.1"}
    assert page.client.get("/", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("[::1]:80", 200),
        ("pacs.hospital.example", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("[", 421),
    ],
)
def test_a_site_that_poses_as_the_page_gets_nothing(serve: Serve, host: str, status: int) -> None:
    page = serve(hosts=("pacs.hospital.example",))
    assert page.client.get("/", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        (None, {}, 403),
        ("0" * 64, {}, 403),
        ("right", {"Origin": "https://evil.example"}, 403),
        ("right", {"Origin": "null"}, 403),
        ("right", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("right", {"Sec-Fetch-Site": "same-site"}, 403),
        ("right", {}, 303),
    ],
)
def test_only_forms_of_the_page_itself_do_anything(
    serve: Serve, failed: int, token: str | None, headers: dict[str, str], status: int
) -> None:
    page = serve()
    right = page.form_token("/jobs/1")
    form = {} if token is None else {"form_token": right if token == "right" else token}
    for action in ("retry", "forget", "deliveries/retry"):
        answer = page.client.post(f"/jobs/1/{action}", data=form, headers=headers)
        assert answer.status_code == status or (status == 303 and answer.status_code in (404, 409))
    assert bool(page.operator.asked) == (status == 303)


def test_the_form_of_one_visitor_is_no_good_for_another(serve: Serve, failed: int) -> None:
    page = serve()
    token = page.form_token("/jobs/1")
    page.client.cookies.clear()
    page.client.get("/")
    assert page.client.post("/jobs/1/retry", data={"form_token": token}).status_code == 403


def test_a_large_form_is_not_read(serve: Serve, failed: int) -> None:
    page = serve()
    form = {"form_token": page.form_token("/jobs/1"), "more": "x" * 20_000}
    assert page.client.post("/jobs/1/retry", data=form).status_code == 413
    assert page.client.post("/jobs/1/retry", content=b"\xff\xfe=1").status_code in (400, 403)


def test_looking_changes_nothing(serve: Serve, failed: int, journal: Journal) -> None:
    page = serve()
    for action in ("retry", "deliveries/retry"):
        assert page.client.get(f"/jobs/1/{action}").status_code in (404, 405)
    page.client.get("/jobs/1/forget")
    assert journal.jobs.get(1).state == JobState.FAILED
    assert page.operator.asked == []


def test_every_answer_bears_the_headers(serve: Serve, failed: int) -> None:
    page = serve()
    for path in ("/", "/live", "/jobs/1", "/nothing", "/metrics", "/health/live"):
        headers = page.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_a_report_lives_in_an_origin_of_its_own(serve: Serve, hospital: Hospital) -> None:
    page = serve()
    job = hospital.bring(hospital.send("1.1"), JobState.DELIVERED)
    make_result(page.data, job)
    policy = page.client.get(f"/jobs/{job}/report").headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy and "default-src 'none'" in policy
