"""Every SPECT view shows a one-sided hot spot on its side, wherever it was stored."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from calciscope.volume import Volume
from calciscope.writers.pictures import Picture
from calciscope.writers.report_pictures import draw_pictures
from calciscope.writers.spect.input import SpectPictureInput
from calciscope.writers.spect.pictures import SpectPictures
from calciscope.writers.spect.planar import planar_views
from calciscope.writers.spect.sampling import sample
from calciscope.writers.spect.scale import uptake_scale

SUBCUTIS_LEFT = 3
"""Left, at x 108, y 42, z 90 mm; the legs reach from x -140 to 140 and from z 0 to 298."""


def pixels(picture: Picture) -> NDArray[np.float64]:
    with Image.open(BytesIO(picture.png)) as image:
        return np.asarray(image.convert("RGB")).astype(float)


def hottest(picture: Picture) -> tuple[float, float]:
    """Middle of the orange to yellow pixels, as shares of width and height."""
    rgb = pixels(picture)
    rows, columns = np.nonzero((rgb[..., 0] > 190) & (rgb[..., 2] < 90))
    # The bar of the scale has these colors too.
    kept = rows < 0.85 * rgb.shape[0]
    assert kept.sum() > 20
    return float(columns[kept].mean() / rgb.shape[1]), float(rows[kept].mean() / rgb.shape[0])


def darkest(picture: Picture) -> tuple[float, float]:
    """Middle of the blackest part of an inverse view, letters left out."""
    gray = pixels(picture).mean(axis=2)
    height, width = gray.shape
    inner = gray[height // 8 : -height // 8, width // 10 : -width // 10]
    rows, columns = np.nonzero(inner < inner.min() + 60)
    return (
        float((columns.mean() + width // 10) / width),
        float((rows.mean() + height // 8) / height),
    )


def draw(made: Any, **changes: Any) -> SpectPictures:
    spect = replace(made.spect, **changes)
    drawn = draw_pictures(
        made.study, made.segmentation, made.lesions, made.findings.ct, spect
    ).spect
    assert drawn is not None
    return drawn


@pytest.fixture(scope="module")
def one_sided(make_legs: Any) -> Any:
    return make_legs((SUBCUTIS_LEFT,))


@pytest.fixture(scope="module")
def drawn(one_sided: Any) -> SpectPictures:
    return draw(one_sided)


def test_fused_projection(drawn: SpectPictures) -> None:
    """With a margin of 8 mm the picture is 296 mm wide: (108 + 148) / 296; z 90 of 300 from below.

    Without a SPECT voxel beside the feet and above the knees: 1 - 90 / 300.
    """
    column, row = hottest(drawn.fused.picture)
    assert column == pytest.approx(256 / 296, abs=0.02)
    assert row == pytest.approx(1 - 91 / 300, abs=0.02)


def boneless(made: Any) -> SpectPictureInput:
    """Without the bones, which are as dark in planar views as a small hot spot behind them."""
    uptake = made.spect.aligned.array
    near = ndimage.binary_dilation(made.spect.hot_spot_ids.array > 0, iterations=2)
    soft = np.where(near, uptake, np.minimum(uptake, 0.6))
    return replace(made.spect, aligned=made.spect.aligned.with_array(soft.astype(np.float32)))


def planar(spect: SpectPictureInput) -> tuple[Picture, Picture]:
    front, back = planar_views(spect, uptake_scale(spect.findings, spect.aligned.array))
    assert (front.title, back.title) == ("Anterior", "Posterior")
    return front.picture, back.picture


def test_anterior_and_posterior(one_sided: Any) -> None:
    front, back = planar(boneless(one_sided))
    column, row = darkest(front)
    mirrored, same_row = darkest(back)
    # Seen from the front the patient's left is on the right, from behind on the left.
    assert column > 0.8
    assert mirrored == pytest.approx(1 - column, abs=0.02)
    assert row == pytest.approx(same_row, abs=0.08)
    assert row > 0.6


def test_the_nearer_camera_sees_more(one_sided: Any) -> None:
    """The hot spot lies 42 mm behind the middle of the leg."""
    front, back = (np.sort(pixels(p).mean(axis=2), axis=None) for p in planar(boneless(one_sided)))
    # Beyond the letters, which are black on both.
    assert np.median(back[:3000]) < np.median(front[:3000]) - 20


def test_axial(drawn: SpectPictures) -> None:
    """A field of 170 mm up to the left border of the body: x -31 ... 140; y -85 ... 85."""
    (cut,) = drawn.axial
    column, row = hottest(cut.picture)
    assert column == pytest.approx((108 + 22) / 170, abs=0.03)
    assert row == pytest.approx((42 + 85) / 170, abs=0.04)
    # The slice of the highest voxel of a sleeve from z 70 to 110 mm, at 2.5 mm a slice.
    assert cut.slice_text.startswith("image 1")
    assert 70 <= float(cut.slice_text.split("z ")[1].split(" ")[0]) <= 110


def test_coronal_and_sagittal(drawn: SpectPictures) -> None:
    coronal, sagittal = drawn.upright
    column, row = hottest(coronal.picture)
    assert column == pytest.approx(256 / 296, abs=0.02)
    assert row == pytest.approx(1 - 91 / 300, abs=0.03)
    # The front is on the left: y 42 of -63 to 63.
    column, row = hottest(sagittal.picture)
    assert column == pytest.approx((42 + 63) / 126, abs=0.05)
    assert row == pytest.approx(1 - 91 / 300, abs=0.03)


@pytest.mark.parametrize(
    ("order", "flips"),
    [((2, 0, 1), (True, False, True)), ((1, 0, 2), (False, True, False))],
)
def test_storage_does_not_matter(
    one_sided: Any,
    drawn: SpectPictures,
    stored: Any,
    order: tuple[int, ...],
    flips: tuple[bool, ...],
) -> None:
    aligned = stored(one_sided.spect.aligned, order, flips)
    ids = stored(one_sided.spect.hot_spot_ids, order, flips)
    again = draw(one_sided, aligned=aligned, hot_spot_ids=ids)
    assert again.planar == drawn.planar
    assert again.axial[0].picture == drawn.axial[0].picture
    assert again.fused == drawn.fused


def test_an_oblique_grid_shows_the_same_place(one_sided: Any, drawn: SpectPictures) -> None:
    """A SPECT turned by 20 degrees about z, resampled from the straight one."""
    straight, ids = boneless(one_sided).aligned, one_sided.spect.hot_spot_ids
    angle = np.deg2rad(20.0)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn * 4.8
    affine[:3, 3] = turn @ np.array([-215.0, -165.0, 0.0]) + [0.0, 0.0, -8.0]
    grid = Volume(np.zeros((90, 70, 66), np.float32), affine)
    points = grid.lps_mm(np.stack(np.indices(grid.shape), axis=-1))
    oblique = grid.with_array(sample(straight, points))
    spots = grid.with_array(sample(ids, points, order=0).astype(np.uint16))
    again = draw(one_sided, aligned=oblique, hot_spot_ids=spots)
    assert hottest(again.fused.picture) == pytest.approx(hottest(drawn.fused.picture), abs=0.02)
    assert hottest(again.axial[0].picture) == pytest.approx(
        hottest(drawn.axial[0].picture), abs=0.05
    )
    assert darkest(again.planar[0].picture)[0] > 0.75
    assert darkest(again.planar[1].picture)[0] < 0.25


def test_no_slice_is_drawn_of_what_lies_beyond_the_ct(make_legs: Any) -> None:
    """The same uptake with a CT of the lower 200 mm: the focus at z 200 to 230 mm is beyond."""
    made = make_legs((1, 5))
    hu, lesions = made.study.volume, made.lesions
    body = made.segmentation.body

    def lower(volume: Volume) -> Volume:
        return volume.crop((0, 0, 0), (*hu.shape[:2], 76))  # z 0 to 187.5 mm

    cut = replace(
        made,
        study=replace(made.study, volume=lower(hu)),
        segmentation=replace(made.segmentation, body=lower(body)),
        lesions=lower(lesions),
    )
    assert {each.spot.id for each in draw(made).axial} == {1, 5}
    drawn = draw(cut)
    assert {each.spot.id for each in drawn.axial} == {1}
    assert {each.spot.id for each in drawn.upright} == {1}
    assert draw(cut, findings=replace(cut.spect.findings, hot_spots=())).axial == ()


def test_registration_moves_hot_spots_with_the_uptake(one_sided: Any) -> None:
    """Uptake moved 60 mm to the right: outline, number and slice follow it."""
    aligned = one_sided.spect.aligned
    affine = aligned.affine.copy()
    affine[0, 3] -= 60.0
    again = draw(one_sided, aligned=Volume(aligned.array, affine))
    column, _ = hottest(again.fused.picture)
    assert column == pytest.approx((256 - 60) / 296, abs=0.02)
    assert hottest(again.upright[0].picture)[0] == pytest.approx((256 - 60) / 296, abs=0.02)
