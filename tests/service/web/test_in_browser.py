"""The page in a browser: it renews itself, shows reasons, obeys buttons, and stays quiet."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.service.conftest import HandClock
from tests.service.web.conftest import Serve
from tests.service.web.hospital import HOSTILE, Hospital, Well, make_result

from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import JobState

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)"),
]
SLOW_MS = 30_000
LAPTOP, PHONE = (1400, 900), (390, 844)
REPORT = """<!DOCTYPE html><title>Report</title><h1 id="found">Ninety lesions</h1><script>
try { parent.document.title = 'taken'; } catch { document.title = 'alone'; }
fetch('/metrics').catch(() => {});
document.getElementById('found').dataset.cookie = (() => {
  try { return document.cookie || 'none'; } catch { return 'forbidden'; } })();
</script>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        expect.set_options(timeout=SLOW_MS)
        yield browser
        expect.set_options(timeout=None)
        browser.close()


@contextmanager
def visit(
    browser: Browser, url: str, window: tuple[int, int] = LAPTOP, quiet: bool = True
) -> Iterator[Page]:
    """An open page; nothing may be said on the console, and nothing fetched from elsewhere."""
    said: list[str] = []
    fetched: list[str] = []
    context = browser.new_context(viewport={"width": window[0], "height": window[1]})
    context.set_default_timeout(SLOW_MS)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(url)
    yield page
    context.close()
    origin = "/".join(url.split("/")[:3])
    assert [each for each in fetched if not each.startswith((origin, "data:"))] == []
    if quiet:
        assert said == []


def test_a_study_appears_by_itself_and_moves_on(
    browser: Browser, serve: Serve, hospital: Hospital
) -> None:
    with visit(browser, serve().url) as page:
        expect(page.get_by_text("No study has arrived yet")).to_be_visible()
        job = hospital.send("1.1")
        row = page.locator(f"#job-{job}")
        expect(row.locator(".label")).to_have_text("Receiving")
        hospital.bring(job, JobState.DELIVERED)
        expect(row.locator(".label")).to_have_text("Delivered")
        expect(page.locator("#show-delivered b")).to_have_text("1")
        expect(page.locator("#lost")).to_be_hidden()


def test_a_failed_study_shows_its_reason_and_can_be_retried(
    browser: Browser, serve: Serve, hospital: Hospital, journal: Journal
) -> None:
    job = hospital.bring(hospital.send("1.1"), JobState.FAILED)
    served = serve()
    with visit(browser, f"{served.url}/?show=attention") as page:
        expect(page.locator(f"#job-{job}")).to_contain_text("needed more than 8 GiB of memory")
        page.click(f"#retry-{job}")
        expect(page.get_by_role("status")).to_contain_text("Begun anew")
        expect(page.get_by_text("Nothing waits for a person")).to_be_visible()
        assert page.url == f"{served.url}/?show=attention"
    assert journal.jobs.get(job).state == JobState.WAITING
    assert served.operator.asked == [("retry", job, "local")]


def test_a_study_is_forgotten_after_a_question(
    browser: Browser, serve: Serve, hospital: Hospital
) -> None:
    job = hospital.bring(hospital.send("1.1"), JobState.REFUSED)
    served = serve()
    with visit(browser, f"{served.url}/jobs/{job}") as page:
        expect(page.get_by_text("have not arrived within 90 minutes")).to_be_visible()
        page.click("#forget")
        page.click("#forget-now")
        expect(page.get_by_text("No study has arrived yet")).to_be_visible()


def test_the_report_opens_in_place_once_it_is_there_and_sees_nothing_of_the_page(
    browser: Browser, serve: Serve, hospital: Hospital
) -> None:
    job = hospital.bring(hospital.send("1.1"), JobState.RUNNING)
    served = serve()
    # The report of this test tries to break out; Chromium says so on the console.
    with visit(browser, f"{served.url}/jobs/{job}", quiet=False) as page:
        expect(page.get_by_text("it appears here once")).to_be_visible()
        make_result(served.data, job, REPORT)
        served.operator.journal.jobs.finish(job, "key", ())
        page.locator("iframe").scroll_into_view_if_needed(timeout=SLOW_MS)
        found = page.frame_locator("iframe").locator("#found")
        expect(found).to_have_text("Ninety lesions")
        expect(found).to_have_attribute("data-cookie", "forbidden")
        assert "taken" not in page.title()


def test_hostile_names_are_inert(browser: Browser, serve: Serve, hospital: Hospital) -> None:
    job = hospital.send("1.1", name=HOSTILE, description='"><img src=x onerror=alert(1)>')
    with visit(browser, serve(show_patient=True).url) as page:
        page.on("dialog", lambda dialog: pytest.fail("a name has opened a dialog"))
        expect(page.locator(f"#open-{job}")).to_contain_text("<script>document.title")
        assert page.title() == "Studies - Calciscope"
        assert page.locator("#live script, #live img[onerror]").count() == 0
        page.click(f"#open-{job}")
        expect(page.locator("h1")).to_contain_text("</table>")
        assert page.title() == f"Job {job} - Calciscope"


@pytest.mark.parametrize("window", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_it_fits_the_window(
    browser: Browser, serve: Serve, hospital: Hospital, window: tuple[int, int]
) -> None:
    long = hospital.send("1.1", name="A" * 200 + "^" + "B" * 64, description="W" * 300)
    hospital.bring(hospital.send("1.2"), JobState.FAILED)
    served = serve(show_patient=True)
    with visit(browser, served.url, window) as page:
        for path in ("/", f"/jobs/{long}", "/jobs/2", "/jobs/2/forget"):
            page.goto(served.url + path)
            too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert too_wide <= 0, path


def test_a_service_that_is_gone_is_told(browser: Browser, serve: Serve, hospital: Hospital) -> None:
    hospital.send("1.1")
    served = serve()
    with visit(browser, served.url, quiet=False) as page:
        page.route("**/live*", lambda route: route.abort())
        expect(page.get_by_role("alert")).to_contain_text("No answer")
        page.unroute("**/live*")
        expect(page.locator("#lost")).to_be_hidden()


def test_trouble_appears_by_itself(browser: Browser, serve: Serve) -> None:
    served = serve()
    with visit(browser, served.url) as page:
        served.health[0] = Well(False, ("The disk is nearly full; nothing is taken in.",))
        expect(page.get_by_text("The disk is nearly full")).to_be_visible()


def test_the_chart_changes_its_span(
    browser: Browser, serve: Serve, hospital: Hospital, clock: HandClock
) -> None:
    hospital.bring(hospital.send("1.1"), JobState.DONE)
    clock.advance(2 * 86_400)
    with visit(browser, serve().url) as page:
        assert page.locator("rect.done").count() == 0
        page.click("#span-weeks")
        expect(page.locator("rect.done")).to_have_count(1)
        expect(page.locator("#span-weeks")).to_have_attribute("aria-pressed", "true")


def test_searching_keeps_what_is_shown(browser: Browser, serve: Serve, hospital: Hospital) -> None:
    for number in range(3):
        hospital.bring(hospital.send(f"1.{number}", description=f"Leg {number}"), JobState.FAILED)
    with visit(browser, f"{serve().url}/?show=failed") as page:
        page.fill("#text", "leg 1")
        page.keyboard.press("Enter")
        expect(page.locator("#live tbody tr")).to_have_count(1)
        expect(page.locator("#show-failed")).to_have_attribute("aria-current", "true")
