"""The canvas: its size, its scale, and what stands at which edge."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from calciscope.labels import COMPARTMENT_COLORS, Compartment
from calciscope.writers.pictures import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    Canvas,
    Edges,
    compartment_color,
    windowed,
)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


def test_a_picture_has_the_size_of_what_it_shows() -> None:
    canvas = Canvas(width_mm=80.0, height_mm=40.0, pixels_per_mm=2.5)
    picture = canvas.picture("nothing")
    assert (picture.width_px, picture.height_px) == (200, 100)
    assert pixels(picture.png).shape == (100, 200, 3)
    assert not pixels(picture.png).any()  # black, no margin


def test_voxels_that_are_not_square_are_drawn_to_scale() -> None:
    """Two columns of 10 mm and one row of 40 mm: 20 mm by 40 mm."""
    canvas = Canvas(20.0, 40.0, 1.0)
    rgb = np.array([[[255, 0, 0], [0, 0, 255]]], dtype=np.uint8)
    canvas.image(rgb, interpolation="nearest")
    drawn = pixels(canvas.picture("").png)
    assert drawn.shape == (40, 20, 3)
    assert (drawn[:, :9] == [255, 0, 0]).all()
    assert (drawn[:, 11:] == [0, 0, 255]).all()


def test_the_first_row_is_on_top() -> None:
    canvas = Canvas(10.0, 10.0, 4.0)
    rgb = np.zeros((2, 1, 3), dtype=np.uint8)
    rgb[0] = 255
    canvas.image(rgb, interpolation="nearest")
    drawn = pixels(canvas.picture("").png)
    assert (drawn[:18] == 255).all()
    assert (drawn[22:] == 0).all()


@pytest.mark.parametrize("edges", [AXIAL, CORONAL, SAGITTAL])
def test_letters_stand_at_their_edges(edges: Edges) -> None:
    canvas = Canvas(100.0, 60.0, 3.0)
    canvas.edges(edges)
    found = {text.get_text(): text.get_position() for text in canvas.axes.texts}
    assert found[edges.left][0] < 10
    assert found[edges.right][0] > 90
    assert found[edges.top][1] < 10
    assert found[edges.bottom][1] > 50


def test_radiologists_see_the_patient_from_the_front_and_from_the_feet() -> None:
    assert (AXIAL.left, AXIAL.right, AXIAL.top, AXIAL.bottom) == ("R", "L", "A", "P")
    assert (CORONAL.left, CORONAL.right, CORONAL.top, CORONAL.bottom) == ("R", "L", "H", "F")
    assert (SAGITTAL.left, SAGITTAL.right, SAGITTAL.top, SAGITTAL.bottom) == ("A", "P", "H", "F")


def test_the_scale_bar_has_its_length() -> None:
    canvas = Canvas(100.0, 60.0, 4.0)
    canvas.scale_bar(50.0)
    assert "50 mm" in [text.get_text() for text in canvas.axes.texts]
    white = (pixels(canvas.picture("").png) > 250).all(axis=2)
    longest_run = white.sum(axis=1).max()
    assert longest_run == pytest.approx(200, abs=6)  # 50 mm at 4 pixels per mm, round ends


def test_an_outline_surrounds_its_mask() -> None:
    """A mask of 4 x 4 mm: the line runs through the middle between voxels, at 3 and 7 mm."""
    canvas = Canvas(10.0, 10.0, 20.0)
    mask = np.zeros((10, 10), dtype=bool)
    mask[3:7, 3:7] = True
    canvas.outline(mask, np.array([1.0, 1.0]), "#FF0000", 1.0)
    red = pixels(canvas.picture("").png)[:, :, 0] > 200
    rows = np.flatnonzero(red.any(axis=1))
    assert (rows.min() / 20, rows.max() / 20) == pytest.approx((3.0, 7.0), abs=0.1)
    assert not red[90:110, 90:110].any()


def test_the_same_picture_is_the_same_file() -> None:
    canvases = [Canvas(30.0, 30.0, 3.0) for _ in range(2)]
    for canvas in canvases:
        canvas.edges(AXIAL)
    assert canvases[0].picture("").png == canvases[1].picture("").png


def test_a_data_uri_holds_the_file() -> None:
    picture = Canvas(2.0, 2.0, 1.0).picture("")
    head, _, data = picture.data_uri.partition(",")
    assert head == "data:image/png;base64"
    assert b64decode(data) == picture.png


def test_windows() -> None:
    hu = np.array([-500, -160, 40, 240, 900], dtype=np.int16)
    assert windowed(hu, -160, 240).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_every_compartment_has_a_color() -> None:
    assert compartment_color(Compartment.MUSCLE) == COMPARTMENT_COLORS[Compartment.MUSCLE]
    assert compartment_color(Compartment.THORACIC) == COMPARTMENT_COLORS[Compartment.INDETERMINATE]
