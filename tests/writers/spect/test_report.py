"""The SPECT on the page, on paper and in captures: complete, right, and of bounded size."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from calciscope.conclusion import conclude
from calciscope.differential import differential
from calciscope.labels import Compartment
from calciscope.labs import LabValues, interpret
from calciscope.labs.values import Disease, Quantity
from calciscope.messages import messages
from calciscope.spect.findings import Concordance, ConcordanceClass
from calciscope.uptake_evidence import gather_evidence
from calciscope.writers.capture_pages import capture_pages
from calciscope.writers.output_folder import PICTURES
from calciscope.writers.pictures import AXIAL, CORONAL, Picture
from calciscope.writers.projections import Projection
from calciscope.writers.report_html import write_html_report
from calciscope.writers.report_pdf import MOST_PAGES, SPECT_PAGES, write_pdf_report
from calciscope.writers.report_pictures import StudyPictures
from calciscope.writers.spect.fused_slices import FusedSlice
from calciscope.writers.spect.pictures import SpectPictures
from calciscope.writers.spect.planar import ANTERIOR, POSTERIOR

LABS = LabValues(
    calcium=Quantity(9.7, "mg/dL"),
    phosphate=Quantity(3.4, "mg/dL"),
    creatine_kinase=Quantity(400.0, "U/L", 174.0),
    disease=Disease.LIMITED_SYSTEMIC_SCLEROSIS,
)


def blank(words: str, size: tuple[int, int] = (300, 300)) -> Picture:
    stream = BytesIO()
    Image.new("RGB", size).save(stream, "png")
    return Picture(stream.getvalue(), *size, 80.0, words)


def concluded(made: Any, language: str = "en") -> Any:
    """The legs with labs, differential and conclusion."""
    words, found = messages(language), made.findings
    labs = interpret(LABS, words)
    disease = LABS.disease
    evidence = gather_evidence(found.ct, found.spect, found.concordance, labs, disease)
    listed = differential(evidence, words)
    conclusion = conclude(found.ct, labs, disease, words, found.spect, found.concordance, listed)
    return replace(
        made,
        findings=replace(found, labs=labs, differential=listed, conclusion=conclusion),
    )


def stand_ins(made: Any) -> StudyPictures:
    """In place of pictures, which take longest and have tests of their own."""
    spots = [spot for spot in made.findings.spect.hot_spots if not spot.physiologic][:6]
    spect = SpectPictures(
        fused=Projection("Fused coronal projection", blank("fused", (500, 520))),
        planar=tuple(Projection(n, blank(n, (400, 420))) for n in ("Anterior", "Posterior")),
        axial=tuple(FusedSlice(s, "Axial", blank(f"axial {s.id}"), "image 7") for s in spots),
        upright=tuple(
            FusedSlice(s, "Coronal", blank(f"coronal {s.id}", (400, 500)), "") for s in spots[:1]
        ),
    )
    return StudyPictures((Projection("Coronal", blank("coronal")),), (), spect)


def page_of(made: Any, path: Path) -> str:
    spect = made.spect if made.findings.spect else None
    pictures = stand_ins(made) if spect else StudyPictures(stand_ins_of_ct(), ())
    write_html_report(
        path, made.study, made.segmentation, made.lesions, made.findings, pictures, spect
    )
    return path.read_text(encoding="utf-8")


def stand_ins_of_ct() -> tuple[Projection, ...]:
    return (Projection("Coronal", blank("coronal")),)


def paper_of(made: Any, path: Path) -> PdfReader:
    write_pdf_report(
        path, made.study, made.segmentation, made.lesions, made.findings, stand_ins(made)
    )
    return PdfReader(BytesIO(path.read_bytes()))


def words_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


@pytest.fixture(scope="module")
def whole(legs: Any) -> Any:
    return concluded(legs)


def test_the_page_says_what_was_found(whole: Any, tmp_path: Path) -> None:
    page = page_of(whole, tmp_path / "report.html")
    for part in (
        "5 hot spots outside of physiologic uptake on SPECT: 3 in muscle, 2 subcutaneous.",
        "calcified and hot (active pattern)",
        "calcified and cold (inert pattern)",
        "hot without calcification",
        "Active and inert are interpretation, not measurement.",
        "The words active and inert are interpretation",
        "To be considered",
        "dystrophic calcification",
        "as scanned; estimated shift 2.4 mm",
        "highest of 41 % of the maximum",
        'id="hot-spot-5"',
        'href="#hot-spot-5"',
        'id="viewer-spect"',
        'id="viewer-uptake"',
    ):
        assert part in page, part
    assert page.count("<img") == 1 + 3 + 5 + 1
    assert all("alt=" in tag for tag in page.split("<img")[1:])
    assert "No SUV" not in page
    # Every head of a table of words has its scope, every row as many cells.
    assert '<th scope="col" class="text">Compartment</th>' in page


def test_without_spect_nothing_of_it_is_there(legs: Any, tmp_path: Path) -> None:
    bare = replace(legs, findings=replace(legs.findings, spect=None, concordance=()))
    page = page_of(bare, tmp_path / "report.html")
    for part in ("SPECT</h2>", "hot spot", "viewer-uptake", 'viewer-spect"', "To be considered"):
        assert part not in page, part


@pytest.mark.parametrize("language", ["fr", "de"])
def test_other_languages(legs: Any, tmp_path: Path, language: str) -> None:
    page = page_of(concluded(legs, language), tmp_path / "report.html")
    heading = {"fr": "À envisager", "de": "Zu erwägen"}[language]
    assert f'lang="{language}">\n  <h2>{heading}</h2>' in page
    assert {"fr": "calcification dystrophique", "de": "dystrophe Verkalkung"}[language] in page


def test_refused_suv_is_said(make_legs: Any, make_spot: Any, tmp_path: Path) -> None:
    made = make_legs((1,))
    spot = make_spot(1, suv_max=None, suv_mean=None, suv_peak=None, total_uptake_suv_ml=None)
    found = replace(
        made.findings.spect, hot_spots=(spot,), suv_refused="the patient's weight is missing",
        units="counts",
    )  # fmt: skip
    summary = replace(found.summary, suv_max=None, total_uptake_suv_ml=None)
    found = replace(found, summary=summary)
    made = replace(made, findings=replace(made.findings, spect=found))
    sentence = "No SUV: The patient's weight is missing. Uptake is told relative to other tissue"
    page = page_of(made, tmp_path / "report.html")
    assert sentence.replace("'", "&#39;") in page
    assert "Highest (counts)" in page
    assert ">SUVmax<" not in page
    assert "12.5" in page  # 7.5 over the 0.6 of muscle
    assert sentence in words_of(paper_of(made, tmp_path / "report.pdf"))


def test_paper_has_two_pages_more_at_most(whole: Any, tmp_path: Path) -> None:
    reader = paper_of(whole, tmp_path / "report.pdf")
    assert len(reader.pages) <= MOST_PAGES + SPECT_PAGES
    text = words_of(reader)
    for part in (
        "Uptake on SPECT",
        "calcified and hot (active pattern)",
        "Highest SUVbw of these: 7.5.",
        "myositis ossificans",
        "uptake in muscle (1, 2, 5)",
        "Research use, not a diagnosis",
    ):
        assert part in text, part


def test_the_largest_study_keeps_its_pages(
    make_legs: Any, make_spot: Any, make_lesion: Any, tmp_path: Path
) -> None:
    """Sixty hot spots in all compartments, 400 lesions, warnings without end."""
    made = make_legs()
    kinds = [kind for kind in Compartment if kind is not Compartment.INDETERMINATE]
    spots = tuple(
        make_spot(1, id=n, compartment=kinds[n % len(kinds)], lesion_ids=tuple(range(1, 40)))
        for n in range(1, 61)
    )
    rows = tuple(
        Concordance(kind, tuple(range(n, n + 30)), (n,))
        for n, kind in enumerate(list(ConcordanceClass) * 10, start=1)
    )
    lesions = tuple(make_lesion(n) for n in range(1, 401))
    findings = replace(
        made.findings,
        ct=replace(made.findings.ct, lesions=lesions),
        spect=replace(made.findings.spect, hot_spots=spots),
        concordance=rows,
        provenance=replace(made.findings.provenance, warnings=("Beware of this. " * 30,) * 20),
    )
    for language in ("en", "fr", "de"):
        reader = paper_of(
            concluded(replace(made, findings=findings), language), tmp_path / "report.pdf"
        )
        assert len(reader.pages) <= MOST_PAGES + SPECT_PAGES
        assert "How it was measured" in words_of(reader)


def test_captures_bear_the_sides_they_were_drawn_with(whole: Any) -> None:
    drawn = stand_ins(whole)
    three = drawn.projections * 3
    pages = capture_pages(whole.findings, three, drawn.close_ups, drawn.spect)
    assert [(page.title, page.edges) for page in pages[-4:]] == [
        ("Fused coronal projection", CORONAL),
        ("Anterior", ANTERIOR),
        ("Posterior", POSTERIOR),
        ("CT and SPECT fused, axial", AXIAL),
    ]
    assert (ANTERIOR.left, POSTERIOR.left) == ("R", "L")
    assert len(pages) + 1 <= PICTURES
    with Image.open(BytesIO(pages[-1].png)) as sheet:
        assert np.asarray(sheet.convert("L")).max() == 255  # words
