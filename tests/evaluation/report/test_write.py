"""The files of a report: complete, self-contained, and saying what the record says."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from calciscope.errors import OutputError
from calciscope.evaluation.records import EvaluationReport
from calciscope.evaluation.report import CaseArrays, ReportFiles, write_report

pytestmark = pytest.mark.slow

Pictures = Callable[[str], CaseArrays | None]


class Page(HTMLParser):
    """What a reader of the HTML is given."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.images: list[dict[str, str]] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self._table = ""
        self._in_cell = self._hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.addresses += [values[name] for name in ("src", "href", "data") if name in values]
        self.ids += [values["id"]] if "id" in values else []
        if tag == "img":
            self.images.append(values)
        if tag == "table":
            self._table = values["id"]
            self.tables[self._table] = []
        if tag == "tr":
            self.tables[self._table].append([])
        if tag in ("td", "th"):
            self._in_cell = True
            self.tables[self._table][-1].append("")
        self._hidden = tag in ("style", "script") or self._hidden

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False
        if tag in ("style", "script"):
            self._hidden = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.tables[self._table][-1][-1] += data
        if not self._hidden:
            self.text += data


@dataclass(frozen=True)
class Written:
    """A report that was written, and read again."""

    files: ReportFiles
    html: str
    page: Page
    pdf: str


def written(report: EvaluationReport, folder: Path, pictures: Pictures | None = None) -> Written:
    files = write_report(report, folder, pictures)
    html = files.html.read_text(encoding="utf-8")
    # Words that the end of a line parts are put together again.
    pages = (page.extract_text() for page in PdfReader(files.pdf).pages)
    return Written(files, html, Page(html), " ".join(" ".join(pages).split()))


@pytest.fixture(scope="module")
def full(
    tmp_path_factory: pytest.TempPathFactory, whole_report: EvaluationReport, pictures: Pictures
) -> Written:
    return written(whole_report, tmp_path_factory.mktemp("full"), pictures)


def test_the_page_loads_nothing_from_anywhere(full: Written) -> None:
    outside = [a for a in full.page.addresses if not a.startswith(("data:", "#"))]
    assert outside == []
    assert "url(" not in full.html
    assert "@import" not in full.html
    assert re.findall(r"<(?:link|script\s+src|iframe|object)", full.html) == []
    assert "default-src 'none'" in full.html


def test_every_link_inside_leads_somewhere_and_every_anchor_is_there_once(full: Written) -> None:
    wanted = {a.removeprefix("#") for a in full.page.addresses if a.startswith("#")}
    assert wanted
    assert wanted <= set(full.page.ids)
    assert len(full.page.ids) == len(set(full.page.ids))


def test_every_picture_has_words_for_those_who_cannot_see_it(full: Written) -> None:
    assert len(full.page.images) > 10
    assert all(len(image["alt"]) > 10 for image in full.page.images)


def test_drawings_are_svg_without_fonts_or_addresses(full: Written) -> None:
    drawings = [
        base64.b64decode(image["src"].partition(",")[2])
        for image in full.page.images
        if image["src"].startswith("data:image/svg+xml")
    ]
    assert len(drawings) == 10
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        assert root.findall(".//{http://www.w3.org/2000/svg}text") == []
        links = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
        assert all(link.startswith("#") for link in links)


def test_the_headline_table_holds_every_figure_of_every_predictor(
    full: Written, whole_report: EvaluationReport
) -> None:
    table = full.page.tables["host-headline"]
    assert table[0] == ["Figure", "network", "HU ≥ 130 outside bone"]
    assert table[1] == ["Dice of lesions ≥ 30 mm³ ↑", "0.77 [0.72, 0.82]", "0.54 [0.49, 0.59]"]
    assert table[3] == ["false positives (per case) ↓", "1.00 [0.50, 1.50]", "9.25 [8.75, 9.75]"]
    assert len(table) == 1 + len(whole_report.datasets[0].judged.figures)


def test_what_is_drawn_stands_beside_it_in_numbers(
    full: Written, whole_report: EvaluationReport
) -> None:
    data = whole_report.datasets[0].judged
    tables = full.page.tables
    sizes = [row for row in data.sensitivities if row.by == "size"]
    drawn = tables["host-sensitivity-size-numbers"][1:]
    assert [(row[1], row[2]) for row in drawn] == [(str(s.lesions), str(s.found)) for s in sizes]
    assert drawn[0] == ["< 30 mm³", "12", "5", "0.417 [0.367, 0.467]"]
    assert data.froc is not None
    curve = tables["host-froc-numbers"][1:]
    assert [row[0] for row in curve] == [f"{p.threshold:.3f}" for p in data.froc.points]
    rates = tables["host-froc-rates"][1:]
    assert [row[0] for row in rates] == ["1/8", "1/4", "1/2", "1", "2", "4", "8"]
    assert [row[2].endswith("*") for row in rates] == [False] * 5 + [True] * 2
    assert tables["host-scatter-volume-numbers"][2] == ["case-b", "p2", "300", "251", "−49.0"]
    assert tables["host-reliability-numbers"][1][2] == "0.450 [0.260, 0.660]"
    assert tables["host-ece-numbers"][2] == ["Null floor, median", "0.087"]
    assert [row[0] for row in tables["host-grounds-numbers"][1:]] == ["bone", "vessel"]
    assert [row[2:5] for row in tables["host-strata"][1:]] == [
        ["1", "1", "20"], ["2", "2", "12"], ["3", "3", "32"]
    ]  # fmt: skip
    assert tables["host-differences"][0] == ["Difference", "to HU ≥ 130 outside bone"]
    assert tables["host-differences"][1] == ["lesion sensitivity", "0.10 [0.020, 0.18] better"]


def test_policies_flags_and_provenance_are_told(full: Written) -> None:
    for text in (full.page.text, full.pdf):
        assert "Dice is 1 where both are empty" in text
        assert "no reference lesion; false positives where there is no lesion" in text
        assert "ab" * 32 in text.replace(" ", "")
        assert "1,000 for FROC" in text and "500 for ECE; seed 0" in text
        assert "manifest lists 0 as trained on and 3 as held out" in text


def test_research_use_synthetic_and_small_samples_are_everywhere(full: Written) -> None:
    reader = PdfReader(full.files.pdf)
    assert all("Research use, not a diagnosis" in page.extract_text() for page in reader.pages)
    assert full.page.text.count("Research use, not a diagnosis") >= 2
    for text in (full.page.text, full.pdf):
        assert text.count("3 cases of 3 patients, 32 lesions, synthetic lesions") > 8
        assert "3 patients only; with fewer than 50" in text


def test_the_pdf_says_what_the_page_says(full: Written) -> None:
    reader = PdfReader(full.files.pdf)
    assert reader.metadata is not None
    assert reader.metadata.title == "Evaluation of ct-calcification 9.9.9"
    squeezed = full.pdf.replace(" ", "").replace("\u00a0", "")
    for name, table in full.page.tables.items():
        if name.endswith("-numbers"):
            continue
        for cell in (cell for row in table for cell in row):
            assert cell.replace(" ", "").replace("\u00a0", "") in squeezed, (name, cell)
    titles = [str(item.title) for item in flat(reader.outline)]
    assert "Failure gallery" in titles
    assert "TRIPOD+AI" in titles


def flat(outline: list) -> list:  # type: ignore[type-arg]
    return [x for item in outline for x in (flat(item) if isinstance(item, list) else [item])]


def test_the_gallery_shows_three_planes_a_failure_and_escapes_its_words(full: Written) -> None:
    planes = [i["alt"] for i in full.page.images if i["src"].startswith("data:image/png")]
    assert len(planes) == 6
    assert planes[0] == "Axial slice: missed lesion, case-a"
    assert "False positive on &lt;bone&gt; &amp; co." in full.html
    assert "window center 40, width 400 HU" in full.page.text


def test_figures_are_written_as_svg_and_png(full: Written) -> None:
    names = {path.name for path in full.files.figures}
    assert {"host-froc.svg", "host-froc.png", "host-bland-altman-volume.svg"} <= names
    assert len(names) == 20


def test_nothing_measured_is_said_and_does_not_crash(
    nothing: EvaluationReport, tmp_path: Path
) -> None:
    done = written(nothing, tmp_path / "new" / "folder")
    assert done.files.figures == ()
    for text in (done.page.text, done.pdf):
        assert "There is no reference lesion" in text
        assert "the predicted lesions have no probabilities" in text
        assert "with one patient there is none" in text
        assert "not known whether lesions are synthetic" in text
        assert "No failure was recorded" in text
        assert "Evaluation of saved predictions" in text
        assert "not measured" in text


def test_no_data_set_at_all_is_said(nothing: EvaluationReport, tmp_path: Path) -> None:
    done = written(replace(nothing, datasets=(), notice="", definitions=()), tmp_path)
    assert "No case was evaluated" in done.pdf
    assert "Research use, not a diagnosis" in done.pdf


def test_without_pictures_the_gallery_says_so(
    report: EvaluationReport, nothing: EvaluationReport, tmp_path: Path
) -> None:
    data = replace(nothing.datasets[0], failures=report.datasets[0].failures)
    done = written(replace(nothing, datasets=(data,)), tmp_path)
    assert "No pictures: the CT of these cases was not at hand" in done.page.text
    assert done.page.tables["host-failures"][1][1] == "case-a"


def test_a_patient_that_was_trained_on_is_called_out(
    report: EvaluationReport, nothing: EvaluationReport, tmp_path: Path
) -> None:
    model = report.provenance.model
    assert model is not None
    leaky = replace(model, training_data={"hosts": {"patients": ["p3", "p9"]}})
    provenance = replace(report.provenance, model=leaky)
    done = written(replace(nothing, provenance=provenance), tmp_path)
    assert "trained on 1 patient of this evaluation (p3): the figures are too good" in done.pdf


def test_a_new_report_replaces_the_old_one_and_leaves_other_files(
    nothing: EvaluationReport, tmp_path: Path
) -> None:
    (tmp_path / "report_figures").mkdir()
    (tmp_path / "report_figures" / "old.svg").touch()
    (tmp_path / "evaluation.json").write_text("kept")
    write_report(nothing, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "evaluation.json", "report.html", "report.pdf", "report_figures"
    ]  # fmt: skip
    assert list((tmp_path / "report_figures").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(
    nothing: EvaluationReport, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write to .*file"):
        write_report(nothing, tmp_path / "file")
