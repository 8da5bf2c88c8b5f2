"""Pictures on a page: one scale in a row, one width in a gallery, words below."""

from typing import Any

import pytest

from calciscope.writers.pdf.page import ReportPdf
from calciscope.writers.pdf.pictures import (
    GAP_MM,
    Plate,
    add_gallery,
    add_row,
    gallery_row_mm,
    row_mm,
)


@pytest.fixture
def placed(pdf: ReportPdf, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, ...]]:
    """Left, top, width and height of every picture, in mm."""
    boxes: list[tuple[float, ...]] = []
    draw = pdf.image

    def image(*args: Any, **options: Any) -> Any:
        boxes.append(tuple(options[key] for key in "xywh"))
        return draw(*args, **options)

    monkeypatch.setattr(pdf, "image", image)
    return boxes


def test_a_row_fills_the_page_at_one_scale(
    pdf: ReportPdf, make_picture: Any, placed: list[tuple[float, ...]]
) -> None:
    """600 and 290 pixels and one gap share 180 mm: 0.2 mm a pixel."""
    plates = [Plate(make_picture(600, 500), "one"), Plate(make_picture(290, 400), "two")]
    assert row_mm(pdf, plates) == pytest.approx(100.0, rel=1e-3)
    add_row(pdf, plates, 200.0)
    (left, top, width, height), (left2, top2, width2, height2) = placed
    assert (width, height) == pytest.approx((120.0, 100.0), rel=1e-3)
    assert (width2, height2) == pytest.approx((58.0, 80.0), rel=1e-3)
    assert left2 == pytest.approx(left + width + GAP_MM)
    assert top == top2
    assert pdf.get_y() > top + height


def test_a_row_is_no_higher_than_asked(
    pdf: ReportPdf, make_picture: Any, placed: list[tuple[float, ...]]
) -> None:
    add_row(pdf, [Plate(make_picture(100, 400), "")], 80.0)
    assert placed[0][2:] == pytest.approx((20.0, 80.0))


def test_a_gallery_of_two_rows(
    pdf: ReportPdf, pages: Any, make_picture: Any, placed: list[tuple[float, ...]]
) -> None:
    plates = [
        Plate(make_picture(320, 320), f"Lesion {n}", ("muscle", "image 7"), "#D55E00")
        for n in range(5)
    ]
    top = pdf.get_y()
    height = gallery_row_mm(pdf, plates[:4], 4)
    add_gallery(pdf, plates, 4)
    assert len({box[2] for box in placed}) == 1
    assert placed[4][0] == placed[0][0]
    assert placed[4][1] - top == pytest.approx(height + GAP_MM, abs=1.0)
    (text,) = pages(pdf)
    assert "Lesion 0 muscle image 7 Lesion 1" in text


def test_a_row_of_a_gallery_keeps_its_captions(
    pdf: ReportPdf, pages: Any, make_picture: Any
) -> None:
    pdf.set_y(228.0)  # the picture would fit, its captions would not
    add_gallery(pdf, [Plate(make_picture(320, 320), "Lesion 1", ("a", "b", "c", "d"))], 4)
    first, second = pages(pdf)
    assert "Lesion 1" not in first
    assert "Lesion 1 a b c d" in second
