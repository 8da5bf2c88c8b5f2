"""The report on paper: two to four pages, the figures of the page, whatever the study holds."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from calciscope.conclusion import conclude
from calciscope.findings import Chain, Distribution
from calciscope.labels import Compartment
from calciscope.labs import LabValues, interpret
from calciscope.labs.values import Disease, Quantity
from calciscope.locations import Laterality, Region
from calciscope.messages import messages
from calciscope.readers.study import SeriesSummary
from calciscope.writers import report_tables
from calciscope.writers.gallery import CloseUp
from calciscope.writers.pictures import Picture
from calciscope.writers.projections import Projection
from calciscope.writers.report_labs import derived_rows
from calciscope.writers.report_paper import burden_table, lesions_table
from calciscope.writers.report_pdf import write_pdf_report
from calciscope.writers.report_pictures import StudyPictures
from calciscope.writers.report_texts import key_figures, method_rows
from calciscope.writers.wording import summary_sentence

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOTICE = "Research use, not a diagnosis"
LABS = LabValues(
    calcium=Quantity(10.9, "mg/dL"),
    phosphate=Quantity(7.4, "mg/dL"),
    albumin=Quantity(30.0, "g/L"),
    egfr=Quantity(12.0, "mL/min/1.73m2"),
    creatine_kinase=Quantity(400.0, "U/L", 174.0),
    anti_centromere=Quantity(20.01, "", 20.0),
    ana_titer="1:320",
    disease=Disease.CHRONIC_KIDNEY_DISEASE,
)
HOSTILE = (
    "\x00\x07\u202eevil\u202c \ud800 😀🫀 שלום مرحبا 中文 {nb} **x** <b>&amp;</b>\r\n\t" + "W" * 64
)


def blank(words: str, size: tuple[int, int] = (320, 320)) -> Picture:
    stream = BytesIO()
    Image.new("RGB", size).save(stream, "png")
    return Picture(stream.getvalue(), *size, 80.0, words)


def drawn(made: Any, projections: tuple[tuple[int, int], ...] = ((600, 780), (360, 780))) -> Any:
    """Stands in for the pictures, which take longest and have tests of their own."""
    views = tuple(
        Projection(f"View {n}", blank(f"Projection {n}", size))
        for n, size in enumerate(projections)
    )
    shown = made.findings.ct.lesions[:12]
    gallery = tuple(CloseUp(x, blank(f"Close-up of lesion {x.id}"), "image 7") for x in shown)
    return StudyPictures(views, gallery)


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Write the report and read it again."""

    def write(made: Any, created: datetime | None = CREATED, **shapes: Any) -> PdfReader:
        path = tmp_path / "report.pdf"
        pictures = drawn(made, **shapes)
        write_pdf_report(
            path, made.study, made.segmentation, made.lesions, made.findings, pictures, created
        )
        return PdfReader(BytesIO(path.read_bytes()))

    return write


def text_of(reader: PdfReader) -> str:
    """All words, those put together that the end of a line parts."""
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def concluded(made: Any, language: str, labs: LabValues | None = None) -> Any:
    words = messages(language)
    known = None if labs is None else interpret(labs, words)
    disease = None if labs is None else labs.disease
    conclusion = conclude(made.findings.ct, known, disease, words)
    return replace(made, findings=replace(made.findings, labs=known, conclusion=conclusion))


def chain(number: int, length_mm: float) -> Chain:
    return Chain(
        number, (1, 2, 3), Compartment.MUSCLE, Laterality.LEFT, Region.LOWER_LEG,
        length_mm, 4.0, 0.99, True, 300.0, 120.0,
    )  # fmt: skip


@pytest.mark.parametrize(("count", "pages"), [(0, 2), (1, 2), (90, 3), (500, 3)])
def test_two_to_four_pages(make_reported: Any, written: Any, count: int, pages: int) -> None:
    assert len(written(make_reported(count)).pages) == pages


def test_the_largest_study_has_four_pages(make_reported: Any, written: Any) -> None:
    """All that a study can have too much of at once."""
    series = SeriesSummary("1.2", 1, HOSTILE, "CT", 400, "1.2", reason=f"a localizer {HOSTILE}")
    header = {"StudyDescription": HOSTILE[-64:], "PatientID": "1" * 64}
    made = make_reported(
        500, (f"Warning {HOSTILE * 20}",) * 30, series=series, left_out=(series,) * 30,
        header=header,
    )  # fmt: skip
    long = dict.fromkeys(("kernel", "contrast_agent", "manufacturer", "model_name"), "K" * 64)
    study = replace(made.study, acquisition=replace(made.study.acquisition, **long))
    places = list(Laterality)
    kinds = [Compartment.MUSCLE, Compartment.SUBCUTANEOUS, Compartment.JOINT, Compartment.VASCULAR]
    kinds += [Compartment.BONE, Compartment.INDETERMINATE]
    figures = next(iter(made.findings.ct.burden.by_compartment.values()))[Laterality.LEFT]
    burden = replace(
        made.findings.ct.burden,
        by_compartment={kind: dict.fromkeys(places, figures) for kind in kinds},
    )
    chains = tuple(chain(n, 100.0 + n) for n in range(1, 61))
    ct = replace(made.findings.ct, burden=burden, chains=chains)
    made = replace(made, study=study, findings=replace(made.findings, ct=ct))
    for language in ("en", "fr", "de"):
        reader = written(concluded(made, language, LABS))
        assert len(reader.pages) == 4
        assert all(NOTICE in page.extract_text() for page in reader.pages)
        text = text_of(reader)
        assert "more in report.html" in text
        assert "How it was measured" in text
        assert "\u202e" not in text


@pytest.mark.parametrize("size", [(2000, 60), (60, 1500), (1500, 1500)])
def test_pictures_of_any_shape_stay_on_the_page(
    make_reported: Any, written: Any, size: tuple[int, int]
) -> None:
    reader = written(make_reported(20), projections=(size, size))
    assert 2 <= len(reader.pages) <= 4
    for page in reader.pages:
        for left, bottom, width, height in placed(page):
            assert left >= 0 and bottom >= 0
            assert left + width <= page.mediabox.width - 40
            assert bottom + height <= page.mediabox.height - 40


def placed(page: Any) -> list[tuple[float, float, float, float]]:
    """Left, bottom, width and height of the pictures of a page, in points."""
    boxes = []

    def note(operator: bytes, _operands: Any, matrix: list[float], _text: Any) -> None:
        if operator == b"Do":
            boxes.append((matrix[4], matrix[5], matrix[0], matrix[3]))

    page.extract_text(visitor_operand_before=note)
    return boxes


def test_the_figures_of_the_page_stand_on_paper(make_reported: Any, written: Any) -> None:
    made = make_reported(25, warnings=("The tilt was removed.",))
    text = text_of(written(made))
    ct = made.findings.ct
    assert summary_sentence(ct) in text
    for figure in key_figures(ct):
        assert f"{figure.value} {figure.name}" in text or figure.value in text
    assert "P1" not in text and "MAKER Scanner" in text and "kernel B30s" in text
    assert "The tilt was removed." in text
    for row in (*lesions_table(ct, 20).rows, *burden_table(ct).rows):
        assert " ".join(cell for cell in row if cell) in text
    assert "The largest 20 of 25." in text
    assert "8 of 25: the largest of each compartment in turn." in text
    squeezed = text.replace(" ", "")
    for _, words in method_rows(ct.definition):
        assert words.replace(" ", "") in squeezed
    for name, value in report_tables.origin_rows(made.findings):
        assert name in text and value.replace(" ", "") in squeezed
    assert "2026-01-02 03:04 UTC" in text


def test_nothing_found_is_said_and_no_empty_table_is_left(make_reported: Any, written: Any) -> None:
    text = text_of(written(make_reported(0)))
    assert "No soft-tissue calcification was found." in text
    for heading in ("Burden by", "Chains", "Lesions 1", "Largest lesions", "None."):
        assert heading not in text


def test_the_longest_chains_are_shown(make_reported: Any, written: Any) -> None:
    made = make_reported(3)
    chains = tuple(chain(n, 200.0 - n) for n in range(1, 21))
    made = replace(
        made, findings=replace(made.findings, ct=replace(made.findings.ct, chains=chains))
    )
    text = text_of(written(made))
    assert "The longest 12 of 20." in text
    assert "12 muscle left lower leg 3 188 4 0.99 yes 300 120" in text
    assert "13 muscle left lower leg 3 187" not in text


def test_how_mineral_is_spread(make_reported: Any, written: Any) -> None:
    made = make_reported(3)
    ct = replace(made.findings.ct, distribution=Distribution(0.125, 0.2, 0.99))
    text = text_of(written(replace(made, findings=replace(made.findings, ct=ct))))
    assert "(left + right) of V pv: +0.12; of HA +0.20. In the lower half" in text
    assert "of V pv there: 99 %." in text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Conclusion", "Laboratory values", "Phosphate 7.4 mg/dL")),
        ("fr", ("Bilan biologique", "Phosphate 7,4 mg/dL", "phosphate élevé")),
        ("de", ("Laborwerte", "Phosphat 7,4 mg/dL")),
    ],
)
def test_conclusion_and_labs_in_their_language(
    make_reported: Any, written: Any, language: str, words: tuple[str, ...]
) -> None:
    made = concluded(make_reported(3), language, LABS)
    text = text_of(written(made))
    for part in (*words, *made.findings.conclusion.sentences, made.findings.labs.wording):
        assert " ".join(part.split()) in text
    assert all(" ".join(note.split()) in text for note in made.findings.labs.notes)
    squeezed = text.replace(" ", "")
    for _, value in derived_rows(made.findings.labs, messages(language)):
        for word in value.split():
            assert word in squeezed


def test_labs_from_which_nothing_follows(make_reported: Any, written: Any) -> None:
    one = text_of(written(concluded(make_reported(1), "en", LabValues(ana_titer="1:80"))))
    assert "Antinuclear antibodies 1:80" in one
    assert "Derived" not in one
    none = text_of(written(concluded(make_reported(1), "en", LabValues(disease=Disease.LUPUS))))
    assert "Laboratory values" in none
    assert "Given" not in none


def test_title_language_and_words_for_pictures(make_reported: Any, written: Any) -> None:
    reader = written(make_reported(2))
    catalog = reader.trailer["/Root"]
    assert catalog["/Lang"] == "en"
    assert reader.metadata.title == "Soft-tissue calcification on CT"
    assert NOTICE in reader.metadata.subject
    assert reader.metadata.creation_date == CREATED
    tree = catalog["/StructTreeRoot"]["/K"][0]["/K"]
    told = {item.get_object().get("/Alt") for item in tree}
    assert {"Projection 0", "Projection 1", "Close-up of lesion 1"} <= told
    titles = [item.title for item in reader.outline]
    assert titles == [
        "Burden by compartment and side", "Overview", "Lesions", "Largest lesions",
        "How it was measured", "Provenance",
    ]  # fmt: skip


def test_the_patient_is_not_named(make_reported: Any, tmp_path: Path, written: Any) -> None:
    reader = written(make_reported(1))
    assert "Doe" not in text_of(reader)
    assert not any("Doe" in str(v) or "P1" in str(v) for v in reader.metadata.values())


def test_the_same_findings_and_date_give_the_same_bytes(
    make_reported: Any, written: Any, tmp_path: Path
) -> None:
    made, path = make_reported(5), tmp_path / "report.pdf"
    written(made)
    first = path.read_bytes()
    # Another run takes other times and memory.
    provenance = replace(made.findings.provenance, times_s={"read": 9.9}, peak_ram_mb=1.0)
    written(replace(made, findings=replace(made.findings, provenance=provenance)))
    assert path.read_bytes() == first
    written(made, datetime(2026, 1, 3, tzinfo=UTC))
    assert path.read_bytes() != first


def test_without_a_date_it_bears_today(make_reported: Any, written: Any) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    made = written(make_reported(0), created=None).metadata.creation_date
    assert before <= made <= datetime.now(UTC)


def test_pictures_are_drawn_where_none_are_given(make_reported: Any, tmp_path: Path) -> None:
    made, path = make_reported(2), tmp_path / "report.pdf"
    write_pdf_report(path, made.study, made.segmentation, made.lesions, made.findings)
    pages = PdfReader(path).pages
    assert sum(len(placed(page)) for page in pages) == 4  # coronal, sagittal, two close-ups


def test_nifti_has_no_patient_and_no_series(make_reported: Any, written: Any) -> None:
    text = text_of(
        written(make_reported(1, series=None, instances=(), source=Path("a/legs.nii.gz")))
    )
    assert "Series legs.nii.gz" in text
    assert "Patient ID" not in text
    assert "left out" not in text


def test_series_that_were_left_out(make_reported: Any, written: Any) -> None:
    other = SeriesSummary("1.9", 5, "SCOUT", "CT", 1, "1.2.3", reason="a localizer")
    text = text_of(written(make_reported(1, left_out=(other,) * 7)))
    assert text.count("5: SCOUT (CT, 1 file): a localizer") == 5
    assert "2 more in report.html" in text
