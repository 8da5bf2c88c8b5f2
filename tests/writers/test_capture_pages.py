"""Pages of pixels: one for the figures, one a projection, one of the largest lesions."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from calciscope.labels import Compartment
from calciscope.writers.capture_pages import CapturePage, capture_pages
from calciscope.writers.gallery import CloseUp
from calciscope.writers.output_folder import PICTURES
from calciscope.writers.pictures import AXIAL, CORONAL, SAGITTAL, Picture
from calciscope.writers.projections import Projection

GREEN = (0, 255, 0)


def picture(width: int = 300, height: int = 200) -> Picture:
    stream = BytesIO()
    Image.new("RGB", (width, height), GREEN).save(stream, format="PNG")
    return Picture(stream.getvalue(), width, height, 100.0, "green")


def pixels(page: CapturePage) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(BytesIO(page.png)) as image:
        return np.asarray(image.convert("RGB"))


def pages(findings: Any, lesions: int = 1) -> tuple[CapturePage, ...]:
    titles = ("Coronal", "Sagittal, right side", "Sagittal, left side")
    projections = [Projection(title, picture()) for title in titles]
    measured = findings.ct.lesions
    close_ups = [CloseUp(lesion, picture(80, 80), "image 7") for lesion in measured[:1] * lesions]
    return capture_pages(findings, projections, close_ups)


def test_each_picture_is_on_its_page_with_the_sides_it_was_drawn_with(
    make_findings: Any, make_lesion: Any
) -> None:
    made = pages(make_findings([make_lesion(1)]), lesions=5)
    assert [page.title for page in made] == [
        "Summary",
        "Coronal",
        "Sagittal, right side",
        "Sagittal, left side",
        "Largest lesions, axial",
    ]
    assert [page.edges for page in made] == [None, CORONAL, SAGITTAL, SAGITTAL, AXIAL]
    assert len(made) <= PICTURES
    green = [(pixels(page) == GREEN).all(axis=2).sum() for page in made]
    assert green == [0, 60_000, 60_000, 60_000, 5 * 6_400]


def test_colors_are_explained(make_findings: Any, make_lesion: Any) -> None:
    """The color of a compartment that was found is in the legend, that of others is not."""
    page = pages(make_findings([make_lesion(1, compartment=Compartment.SUBCUTANEOUS)]))[1]
    seen = pixels(page)
    assert (seen == (0x00, 0x96, 0xFF)).all(axis=2).any()  # subcutaneous
    assert not (seen == (0xD5, 0x5E, 0x00)).all(axis=2).any()  # muscle


def test_nothing_found_has_no_close_ups(make_findings: Any) -> None:
    made = pages(make_findings())
    assert [page.title for page in made][-1] == "Sagittal, left side"


def test_pages_are_drawn_alike(make_findings: Any, make_lesion: Any, tmp_path: Path) -> None:
    findings = make_findings([make_lesion(1)])
    assert [p.png for p in pages(findings)] == [p.png for p in pages(findings)]
