"""The page in a browser: offline, quiet, turnable, the right way round, and it fits a phone."""

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from calciscope.labels import COMPARTMENT_COLORS, Compartment
from calciscope.locations import Laterality
from calciscope.volume import Volume
from calciscope.writers.report_html import write_html_report

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)"),
]
# The latter two draw WebGL 2 on the processor: not every machine has a graphics card.
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SLOW_MS = 60_000
LAPTOP, PHONE, SMALL = (1280, 800), (390, 844), (560, 500)
"""Windows; rays are cast quickest in a small one."""

LEFT, RIGHT, FRONT = (48.0, 0.0, 15.0), (-48.0, 0.0, -15.0), (0.0, -48.0, 0.0)
"""Where the three lesions are, LPS mm."""
MUSCLE, SUBCUTANEOUS, VASCULAR = (
    Compartment.MUSCLE,
    Compartment.SUBCUTANEOUS,
    Compartment.VASCULAR,
)


@dataclass
class Visit:
    """An open report and what happened while it was open."""

    page: Page
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.page.click("#viewer-start")
        self.page.locator("#viewer-controls").wait_for(timeout=SLOW_MS)

    def picture(self) -> NDArray[np.int64]:
        """RGB of the canvas, shape (rows, columns, 3)."""
        self.page.wait_for_timeout(200)
        png = self.page.locator("#viewer-canvas").screenshot(timeout=SLOW_MS)
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.int64)

    def columns(self, compartment: Compartment) -> NDArray[np.float64]:
        """Where the compartment's color is, 0 at the left edge of the canvas and 1 at the right."""
        picture = self.picture()
        wanted = 255 * np.array(to_rgb(COMPARTMENT_COLORS[compartment]))
        norms = np.linalg.norm(picture, axis=2) * np.linalg.norm(wanted)
        likeness = (picture @ wanted) / np.maximum(norms, 1.0)
        spread = picture.max(axis=2) - picture.min(axis=2)
        return np.nonzero((likeness > 0.985) & (spread > 50))[1] / picture.shape[1]

    def niivue(self, expression: str) -> Any:
        return self.page.evaluate(
            f"() => {{ const nv = document.getElementById('viewer').niivue; return {expression}; }}"
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def lesion_box(volume: Volume, center_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Voxels within 8 mm of a point along each axis."""
    grid = np.stack(np.indices(volume.shape), axis=-1)
    return np.asarray((np.abs(volume.lps_mm(grid) - center_mm) <= 8.0).all(axis=-1))


@pytest.fixture(scope="module")
def report(
    tmp_path_factory: pytest.TempPathFactory, make_study: Any, make_lesion: Any, make_findings: Any
) -> Path:
    """A body of 180 x 150 x 120 mm, bone in its middle, a lesion left, right and in front.

    It is stored as scanners rarely do: i to the right and j to the front.
    """
    affine = np.diag([-3.0, -3.0, 3.0, 1.0])
    affine[:3, 3] = (88.5, 73.5, -58.5)
    blank = Volume(np.zeros((60, 50, 40), np.int16), affine)
    x, y, _ = np.moveaxis(blank.lps_mm(np.stack(np.indices(blank.shape), axis=-1)), -1, 0)
    body = (x / 85) ** 2 + (y / 70) ** 2 < 1
    hu = np.where(x**2 + y**2 < 12**2, 900, np.where(body, 50, -1000)).astype(np.int16)
    ids = np.zeros(blank.shape, np.uint16)
    measured = []
    for number, (center, compartment, side) in enumerate(
        [
            (LEFT, MUSCLE, Laterality.LEFT),
            (RIGHT, SUBCUTANEOUS, Laterality.RIGHT),
            (FRONT, VASCULAR, Laterality.MIDLINE),
        ],
        start=1,
    ):
        voxels = lesion_box(blank, center)
        ids[voxels] = number
        hu[voxels] = 400
        centroid = tuple(blank.lps_mm(np.argwhere(voxels)).mean(axis=0))
        measured.append(
            make_lesion(
                number,
                centroid_lps_mm=centroid,
                compartment=compartment,
                laterality=side,
                volume_mm3=100.0 * (number % 3 + 1),
                angle_to_bone_axis_deg=None if number == 2 else 5.0 * number,
            )
        )
    study = make_study(hu, affine)
    path = tmp_path_factory.mktemp("report") / "report.html"
    segmentation: Any = SimpleNamespace(body=blank.with_array(body))
    write_html_report(path, study, segmentation, blank.with_array(ids), make_findings(measured))
    return path


@contextmanager
def opened(
    browser: Browser, report: Path, size: tuple[int, int] = LAPTOP, scheme: Any = "light"
) -> Iterator[Visit]:
    """The report in a fresh window that has no network."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        offline=True,
        has_touch=width < 500,
    )
    context.set_default_timeout(SLOW_MS)
    visit = Visit(context.new_page())
    visit.page.on("request", lambda sent: visit.requests.append(sent.url))
    visit.page.on("console", lambda message: visit.messages.append(message.text))
    visit.page.on("pageerror", lambda error: visit.messages.append(str(error)))
    visit.page.add_init_script(
        "document.addEventListener('securitypolicyviolation', (event) =>"
        " console.log('policy: ' + event.violatedDirective + ' ' + event.blockedURI));"
    )
    visit.page.goto(report.as_uri())
    yield visit
    context.close()


@pytest.fixture
def visit(browser: Browser, report: Path) -> Iterator[Visit]:
    """The report, freshly opened."""
    with opened(browser, report) as visit:
        yield visit


@pytest.fixture(scope="module")
def started(browser: Browser, report: Path) -> Iterator[Visit]:
    """The report with the viewer running: that takes seconds without a graphics card."""
    with opened(browser, report, SMALL) as visit:
        visit.start()
        yield visit


@pytest.fixture
def viewer(started: Visit) -> Visit:
    """The running viewer as it was after its start."""
    started.page.select_option("#viewer-view", "render")
    started.page.click("[data-do=reset]")
    return started


def test_nothing_is_fetched_and_nothing_complains(viewer: Visit, report: Path) -> None:
    for view in ("axial", "coronal", "sagittal", "all"):
        viewer.page.select_option("#viewer-view", view)
        viewer.picture()
    assert viewer.requests == [report.as_uri()]
    assert viewer.messages == []


def test_the_viewer_waits_until_it_is_started(visit: Visit) -> None:
    assert visit.page.evaluate("typeof niivue") == "undefined"
    assert not visit.page.is_visible("#viewer-controls")
    visit.start()
    assert visit.niivue("nv.volumes.length") == 2


def test_the_left_of_the_patient_is_on_the_right_of_the_screen(viewer: Visit) -> None:
    # From the front, as in the still pictures.
    assert viewer.page.inner_text("#viewer-left") == "R"
    assert viewer.page.inner_text("#viewer-right") == "L"
    assert viewer.columns(MUSCLE).min() > 0.5
    assert viewer.columns(SUBCUTANEOUS).max() < 0.5
    # The point goes to the lesion; the slice through it holds only that one.
    for number, compartment, left in ((1, MUSCLE, True), (2, SUBCUTANEOUS, False)):
        for view in ("axial", "coronal"):
            viewer.page.select_option("#viewer-view", view)
            viewer.page.select_option("#viewer-lesion", str(number))
            columns = viewer.columns(compartment)
            assert columns.size > 20
            assert (columns.min() > 0.5) if left else (columns.max() < 0.5)


def test_from_behind_and_from_the_sides(viewer: Visit) -> None:
    viewer.niivue("nv.setRenderAzimuthElevation(0, 0)")
    assert viewer.page.inner_text("#viewer-left") == "L"
    assert viewer.columns(MUSCLE).max() < 0.5
    # From a side the lesion in front tells where the front is.
    for azimuth in (90, 270):
        viewer.niivue(f"nv.setRenderAzimuthElevation({azimuth}, 0)")
        front_is_left = viewer.columns(VASCULAR).max() < 0.5
        assert viewer.columns(VASCULAR).size > 20
        assert viewer.page.inner_text("#viewer-left") == ("A" if front_is_left else "P")
        assert viewer.page.inner_text("#viewer-right") == ("P" if front_is_left else "A")


def test_voxels_of_the_viewer_are_where_the_findings_say(viewer: Visit) -> None:
    for number, (x, y, z) in enumerate((LEFT, RIGHT, FRONT), start=1):
        # The world of NIfTI: to the right is -x, to the back -y.
        at = [-x, -y, z]
        assert viewer.niivue(f"nv.volumes[1].getValue(...nv.volumes[1].mm2vox({at}))") == number
        mean = viewer.niivue(
            "(() => { const v = nv.volumes[1]; const [, nx, ny, nz] = v.dimsRAS;"
            " const sum = [0, 0, 0]; let n = 0;"
            " for (let k = 0; k < nz; k++) for (let j = 0; j < ny; j++)"
            f" for (let i = 0; i < nx; i++) if (v.getValue(i, j, k) === {number}) {{ n++;"
            " const mm = v.convertFrac2MM(v.convertVox2Frac([i, j, k]));"
            " for (const a of [0, 1, 2]) sum[a] += mm[a]; } return sum.map((s) => s / n); })()"
        )
        np.testing.assert_allclose(mean, at, atol=1.0)


def test_turning_zooming_and_resetting(viewer: Visit) -> None:
    first = viewer.picture()
    viewer.page.click("[data-do=right]")
    turned = viewer.picture()
    assert np.abs(turned - first).max() > 50
    assert viewer.niivue("nv.scene.renderAzimuth") == 195
    viewer.page.click("[data-do=in]")
    assert viewer.niivue("nv.volScaleMultiplier") == 1.25
    viewer.page.click("[data-do=reset]")
    np.testing.assert_allclose(viewer.picture(), first, atol=8)


def test_turning_by_mouse(viewer: Visit) -> None:
    box = viewer.page.locator("#viewer-canvas").bounding_box()
    assert box is not None
    viewer.page.mouse.move(box["x"] + 200, box["y"] + 150)
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + 290, box["y"] + 150, steps=3)
    viewer.page.mouse.up()
    # The edges are named anew as soon as another side faces the reader.
    azimuth = viewer.niivue("nv.scene.renderAzimuth")
    assert azimuth != 180
    assert viewer.page.inner_text("#viewer-left") == "LARP"[round(azimuth / 90) % 4]


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for what follows from a click or a wheel; the page lets no string be evaluated later."""
    for _ in range(50):
        if holds():
            return
        page.wait_for_timeout(100)
    pytest.fail("it did not happen within 5 s")


def test_the_wheel_scrolls_the_page_until_the_picture_was_clicked(viewer: Visit) -> None:
    page = viewer.page
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.locator("#viewer-canvas").hover()
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 120)
    until(page, lambda: page.evaluate("scrollY") > before)
    assert viewer.niivue("nv.volScaleMultiplier") == 1
    page.focus("#viewer-canvas")
    page.locator("#viewer-canvas").hover()
    page.mouse.wheel(0, -120)
    until(page, lambda: viewer.niivue("nv.volScaleMultiplier") != 1)


def test_pointing_names_the_lesion(viewer: Visit) -> None:
    page = viewer.page
    page.select_option("#viewer-view", "axial")
    page.select_option("#viewer-lesion", "1")
    page.focus("#viewer-canvas")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#viewer-status").startswith("Lesion 1: muscle, left")
    # The lesion ends 8 mm beside its middle: four steps of 3 mm to the patient's right.
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    assert page.inner_text("#viewer-status") == "No lesion at this point."
    assert page.locator("#viewer-lesion").input_value() == ""


def test_by_keyboard_alone(browser: Browser, report: Path) -> None:
    with opened(browser, report, SMALL) as visit:
        visit.page.focus("#viewer-start")
        visit.page.keyboard.press("Enter")
        visit.page.locator("#viewer-controls").wait_for()
        assert visit.page.evaluate("document.activeElement.id") == "viewer-canvas"
        visit.page.keyboard.press("ArrowLeft")
        assert visit.niivue("nv.scene.renderAzimuth") == 165
        visit.page.keyboard.press("+")
        visit.page.keyboard.press("0")
        assert visit.niivue("[nv.scene.renderAzimuth, nv.volScaleMultiplier]") == [180, 1]
        visit.page.select_option("#viewer-view", "axial")
        visit.page.focus("#viewer-canvas")
        heights = []
        for _ in range(3):
            visit.page.keyboard.press("PageUp")
            heights.append(visit.niivue("nv.frac2mm(nv.scene.crosshairPos)[2]"))
        # One slice of 3 mm to the head each time.
        np.testing.assert_allclose(np.diff(heights), 3.0, atol=0.01)


def test_a_number_in_the_table_leads_to_the_lesion(viewer: Visit) -> None:
    viewer.page.get_by_role("button", name="Show lesion 2 in the 3D viewer").click()
    status = viewer.page.locator("#viewer-status")
    status.filter(has_text="Lesion 2: subcutaneous, right, 0.30 mL").wait_for()
    assert viewer.page.locator("#viewer-lesion").input_value() == "2"
    at = viewer.niivue("Array.from(nv.frac2mm(nv.scene.crosshairPos))")[:3]
    np.testing.assert_allclose(at, [48.0, 0.0, -15.0], atol=2.0)


def test_paper_shows_the_still_pictures_only(visit: Visit) -> None:
    visit.page.locator(".filter select").select_option("vascular")
    visit.page.emulate_media(media="print")
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not visit.page.is_visible("#viewer")
    assert not visit.page.is_visible(".filter")
    assert visit.page.is_visible(".projections img >> nth=0")
    assert visit.page.locator(".lesions tbody tr:visible").count() == 3


def test_without_webgl_a_sentence_stands_there(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        " return kind === 'webgl2' ? null : get.call(this, kind, ...rest); };"
    )
    page.goto(report.as_uri())
    assert "offers no WebGL 2" in page.inner_text("#viewer-status")
    assert not page.is_visible("#viewer-start")
    assert page.locator(".projections img").count() >= 2
    page.close()


def sorter(page: Page, name: str) -> Locator:
    """The button in a head of the table of lesions."""
    return page.locator(".lesions").get_by_role("button", name=name, exact=True)


def cells(page: Page, name: str) -> list[str]:
    """A column of that table, from top to bottom."""
    heads = page.locator(".lesions th").all_inner_texts()
    column = heads.index(name) + 1
    return page.locator(f".lesions tbody tr td:nth-child({column})").all_inner_texts()


def order(page: Page, name: str) -> str | None:
    """How it says that a column is sorted."""
    return sorter(page, name).locator("..").get_attribute("aria-sort")


def test_tables_sort_by_click_and_by_key(visit: Visit) -> None:
    name = "Volume (mm³)"
    volume = sorter(visit.page, name)
    assert cells(visit.page, name) == ["200", "300", "100"]
    volume.click()
    assert cells(visit.page, name) == ["300", "200", "100"]
    assert order(visit.page, name) == "descending"
    volume.press("Enter")
    assert cells(visit.page, name) == ["100", "200", "300"]
    assert order(visit.page, name) == "ascending"
    sorter(visit.page, "Compartment").press("Space")
    assert cells(visit.page, "Compartment") == ["muscle", "subcutaneous", "vascular"]
    assert order(visit.page, name) is None


def test_what_is_unknown_sorts_last_both_ways(visit: Visit) -> None:
    name = "Angle to bone (°)"
    sorter(visit.page, name).click()
    assert cells(visit.page, name) == ["15", "5", "–"]
    sorter(visit.page, name).click()
    assert cells(visit.page, name) == ["5", "15", "–"]


def test_the_table_narrows_to_a_compartment(visit: Visit) -> None:
    visit.page.locator(".filter select").select_option("vascular")
    rows = visit.page.locator(".lesions tbody tr:visible")
    assert rows.count() == 1
    assert "vascular" in rows.first.inner_text()
    visit.page.locator(".filter select").select_option("")
    assert rows.count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_the_page_fits_the_window_in_both_schemes(
    browser: Browser, report: Path, size: tuple[int, int], scheme: str
) -> None:
    with opened(browser, report, size, scheme) as visit:
        # Once with all controls, for the narrowest window.
        if (size, scheme) == (PHONE, "dark"):
            visit.start()
        assert visit.page.evaluate("document.documentElement.scrollWidth") == size[0]
        stage = visit.page.locator("#viewer-stage").bounding_box()
        assert stage is not None
        assert 0.8 * size[0] <= stage["width"] <= size[0]
        # A finger needs room beside the picture to scroll on.
        assert stage["height"] <= 0.8 * size[1]
        paper = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(20, 24, 28)" if scheme == "dark" else "rgb(255, 255, 255)")
        assert visit.messages == []
