"""The page: complete, self-contained, escaped, and honest about what it is."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from calciscope.readers.study import SeriesSummary
from calciscope.writers.report_html import write_html_report

NOTICE = "Research use, not a diagnosis"
VOID = {"meta", "img", "br"}


@dataclass
class Page(HTMLParser):
    """A page, parsed; fails on tags that do not match."""

    html: str
    images: list[dict[str, str | None]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    text: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.feed(self.html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag == "img":
            self.images.append(values)
        self.addresses += [str(values[name]) for name in ("src", "href") if name in values]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in {"style", "script"}:
            self.text += data


@pytest.fixture
def make_page(tmp_path: Path, make_reported: Any) -> Any:
    """Write and parse the report of a study with `count` lesions of one voxel."""

    def build(count: int, warnings: tuple[str, ...] = (), **changes: Any) -> Page:
        made = make_reported(count, warnings, **changes)
        path = tmp_path / "report.html"
        write_html_report(path, made.study, made.segmentation, made.lesions, made.findings)
        return Page(path.read_text(encoding="utf-8"))

    return build


def test_the_notice_stands_at_top_and_bottom(make_page: Any) -> None:
    text = make_page(2).text.strip()
    assert text.index(NOTICE) < 100
    assert len(text) - text.rindex(NOTICE) < 100


def test_nothing_is_fetched(make_page: Any) -> None:
    page = make_page(3)
    pictures = [address for address in page.addresses if not address.startswith("#lesion-")]
    assert len(pictures) == 5  # coronal, sagittal, three close-ups
    assert all(address.startswith("data:image/png;base64,") for address in pictures)
    assert not re.search(r"https?://|url\(|@import|<link|<iframe", page.html)
    assert "default-src 'none'; img-src data:" in page.html


def test_every_picture_has_a_size_and_words(make_page: Any) -> None:
    for image in make_page(2).images:
        assert int(image["width"] or 0) > 0
        assert int(image["height"] or 0) > 0
        assert image["alt"]


def test_hostile_text_stays_text(make_page: Any) -> None:
    hostile = '<script>alert("1")</script>'
    series = SeriesSummary("1.2", 1, hostile, "CT", 1, "1.2", reason=f"left {hostile}")
    page = make_page(
        1,
        warnings=(f"beware of {hostile}",),
        header={"StudyDescription": f"study {hostile}"},
        patient_shown="<b>7</b>",
        series=series,
        left_out=(series,),
    )
    assert page.counts["script"] == 5  # our own, and four parts of the viewer
    assert hostile not in page.html
    assert page.text.count(hostile) >= 5
    assert "<b>7</b>" in page.text


def test_summary_study_and_series(make_page: Any) -> None:
    other = SeriesSummary("1.9", 5, "SCOUT", "CT", 1, "1.2.3", reason="a localizer")
    text = make_page(4, left_out=(other,)).text
    assert "Multiple soft-tissue calcifications in both lower legs: 4 lesions, 0.32 mL" in text
    assert "2: LEGS 2.5 SOFT (CT, 12 files)" in text
    assert "5: SCOUT (CT, 1 file)" in text
    assert "a localizer" in text
    assert "Doe" not in text
    assert "± 12 %" in text


def test_without_another_series_the_page_says_so(make_page: Any) -> None:
    assert "There was no other." in make_page(1).text


def test_nifti_has_no_series(make_page: Any) -> None:
    text = make_page(1, series=None, instances=(), source=Path("a/legs.nii.gz")).text
    assert "legs.nii.gz" in text
    assert "Analyzed:" not in text
    assert "left out" not in text


def test_warnings_are_shown_where_there_are_any(make_page: Any) -> None:
    assert "The tilt was removed." in make_page(1, warnings=("The tilt was removed.",)).text
    assert "To keep in mind" not in make_page(1).text


def test_nothing_found_is_said_and_no_empty_table_is_left(make_page: Any) -> None:
    page = make_page(0)
    assert "No soft-tissue calcification was found." in page.text
    assert len(page.images) == 2
    assert "table" not in page.counts
    for heading in ("Burden", "Largest lesions", "All lesions"):
        assert heading not in page.text


def test_one_lesion_reads_as_one(make_page: Any) -> None:
    page = make_page(1)
    assert "The lesion" in page.text
    assert "1 lesion, largest first" in page.text
    assert "of each compartment in turn" not in page.text


@pytest.mark.parametrize(("count", "is_open"), [(12, True), (13, False)])
def test_long_tables_are_folded(make_page: Any, count: int, is_open: bool) -> None:
    page = make_page(count)
    assert bool(re.search(rf"<details open>\s*<summary>{count} lesions", page.html)) == is_open
    assert page.html.count('<tr id="lesion-') == count
    assert len(page.images) == 2 + 12
    assert ("12 of 13: the largest of each compartment in turn." in page.text) != is_open


def test_close_ups_lead_to_their_lines(make_page: Any) -> None:
    page = make_page(3)
    targets = re.findall(r'href="#(lesion-\d+)"', page.html)
    assert sorted(targets) == ["lesion-1", "lesion-2", "lesion-3"]
    assert all(f'id="{target}"' in page.html for target in targets)


def test_how_it_was_measured(make_page: Any) -> None:
    text = make_page(1).text
    assert "26-connected components" in text
    assert "at 130 kVp" in text
    assert "minimum volume mm3" in text
    assert "sha256 " + "ab" * 32 in text


def test_the_same_findings_give_the_same_page(make_page: Any) -> None:
    assert make_page(2).html == make_page(2).html


def test_the_viewer_is_inside_the_page(make_page: Any) -> None:
    page = make_page(3)
    for name in ("bundle", "ct", "labels", "scene"):
        assert f'id="viewer-{name}"' in page.html
    assert "Copyright (c) 2021, Niivue" in page.text
    assert page.counts["canvas"] == 1
    # All of it is data until somebody starts it; nothing found has nothing to look for.
    assert "voxels of 1.0 × 1.0 × 1.0 mm" in page.text
    assert "canvas" not in make_page(0).counts
