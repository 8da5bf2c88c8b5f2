"""Close-ups: the right lesion, in its fullest slice, turned as radiologists look at it."""

from io import BytesIO
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from calciscope.labels import Compartment
from calciscope.volume import Volume
from calciscope.writers.gallery import close_ups, largest_lesions
from calciscope.writers.pictures import Picture

SPACING = np.array([1.0, 1.0, 3.0])


def gray(picture: Picture) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(picture.png)).convert("L"))


def patient() -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """Canonical (120, 110, 9) voxels of muscle; lesion 1 spans slices 3 to 6, fullest in 5.

    Bone, in slice 5 only: a large piece 25 mm to the patient's left of it, a small one 25 mm in
    front of it.
    """
    hu = np.full((120, 110, 9), -60, np.int16)
    ids = np.zeros(hu.shape, np.uint16)
    ids[58:61, 54:57, 3:7] = 1
    ids[57:62, 53:58, 5] = 1
    hu[80:90, 50:60, 5] = 1000
    hu[57:61, 28:32, 5] = 1000
    return hu, ids


@pytest.fixture
def show(make_study: Any, make_lesion: Any) -> Any:
    """Close-ups of the patient, stored with other axes, by default as canonical NIfTI."""

    def build(
        order: tuple[int, ...] = (0, 1, 2),
        flips: tuple[bool, ...] = (False, False, False),
        dicom: bool = False,
        **changes: Any,
    ) -> Any:
        hu, ids = patient()
        affine = np.diag([*SPACING, 1.0])
        affine[:3, 3] = (-60.0, -55.0, 700.0)
        center = tuple(Volume(ids, affine).lps_mm(np.argwhere(ids == 1)).mean(axis=0))
        for axis, flip in enumerate(flips):
            if flip:
                affine[:3, 3] += affine[:3, axis] * (hu.shape[axis] - 1)
                affine[:3, axis] *= -1
        turn = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
        affine = affine[:, [*order, 3]]
        study = make_study(hu[turn].transpose(order), affine, dicom=dicom, **changes)
        lesions = study.volume.with_array(ids[turn].transpose(order))
        lesion = make_lesion(1, centroid_lps_mm=center, longest_diameter_mm=14.0)
        return close_ups(study, lesions, [lesion])[0]

    return build


ORIENTATIONS = list(product(permutations(range(3)), product([False, True], repeat=3)))


@pytest.mark.parametrize(("order", "flips"), ORIENTATIONS[::7])
def test_left_is_right_and_front_is_up(
    show: Any, order: tuple[int, ...], flips: tuple[bool, ...]
) -> None:
    picture = show(order, flips).picture
    scale = picture.width_px / 81.0  # 81 voxels of 1 mm around the lesion's center (59, 55)
    bright = gray(picture) > 250
    bright[:40] = bright[-40:] = False  # letters and scale bar
    bright[:, :40] = bright[:, -40:] = False
    side, front = bright[100:220, 200:], bright[40:100]
    row, column = np.argwhere(side).mean(axis=0) + np.array([100, 200])
    assert column == pytest.approx(160 + (84.5 - 59) * scale, abs=3)  # right: the patient's left
    assert row == pytest.approx(160 + (54.5 - 55) * scale, abs=3)
    row, column = np.argwhere(front).mean(axis=0) + np.array([40, 0])
    assert column == pytest.approx(160 + (58.5 - 59) * scale, abs=3)
    assert row == pytest.approx(160 + (29.5 - 55) * scale, abs=3)  # above: in front
    assert not bright[:, :100].any()
    assert not bright[220:].any()


def test_the_fullest_slice_is_named(show: Any) -> None:
    assert show().slice_text == "slice 6 of 9, z 715.0 mm"


def test_a_stack_from_head_to_feet_counts_from_the_head(show: Any) -> None:
    assert show(flips=(False, False, True)).slice_text == "slice 4 of 9, z 715.0 mm"


def test_dicom_slices_are_named_by_their_image_number(show: Any) -> None:
    assert show(dicom=True).slice_text == "image 105, z 715.0 mm"
    assert show(dicom=True, flips=(False, False, True)).slice_text == "image 103, z 715.0 mm"


def test_resampled_slices_have_no_image_number(show: Any) -> None:
    assert show(dicom=True, resampled=True).slice_text == "slice 6 of 9, z 715.0 mm"


def test_sagittal_slices_have_no_axial_number(show: Any) -> None:
    assert show(order=(1, 2, 0)).slice_text == "z 715.0 mm"


def test_the_lesion_is_in_the_middle_with_its_outline(show: Any) -> None:
    picture = show().picture
    rgb = np.asarray(Image.open(BytesIO(picture.png)).convert("RGB")).astype(int)
    orange = np.abs(rgb - [0xD5, 0x5E, 0x00]).max(axis=2) < 60
    rows, columns = np.nonzero(orange)
    scale = picture.width_px / 81.0  # 81 voxels of 1 mm around the center
    assert columns.max() - columns.min() == pytest.approx(5 * scale, abs=3)
    assert (columns.mean(), rows.mean()) == pytest.approx((picture.width_px / 2,) * 2, abs=3)


def test_a_lesion_at_the_border_is_filled_up_with_air(make_study: Any, make_lesion: Any) -> None:
    hu = np.full((30, 30, 2), 40, np.int16)
    ids = np.zeros(hu.shape, np.uint16)
    ids[0:2, 0:2, :] = 1
    study = make_study(hu, np.eye(4), dicom=False)
    lesion = make_lesion(1, centroid_lps_mm=(0.5, 0.5, 0.5), longest_diameter_mm=3.0)
    picture = close_ups(study, study.volume.with_array(ids), [lesion])[0].picture
    values = gray(picture)
    assert (picture.width_px, picture.height_px) == (320, 320)
    assert values[60, 60] == 0
    assert values[200, 200] == pytest.approx(128, abs=2)


def test_a_long_lesion_gets_a_larger_field(make_study: Any, make_lesion: Any) -> None:
    """100 mm long: a field of 150 mm, 76 mm to each side and the voxel between."""
    hu = np.full((200, 50, 1), 40, np.int16)
    ids = np.zeros(hu.shape, np.uint16)
    ids[50:150, 20:23, 0] = 1
    study = make_study(hu, np.eye(4), dicom=False)
    lesion = make_lesion(1, centroid_lps_mm=(99.5, 21.0, 0.0), longest_diameter_mm=101.0)
    picture = close_ups(study, study.volume.with_array(ids), [lesion])[0].picture
    assert picture.width_mm == pytest.approx(151.0)


def test_the_largest_come_first_and_no_more_than_asked(make_lesion: Any) -> None:
    lesions = [make_lesion(i, volume_mm3=v) for i, v in [(1, 5.0), (2, 9.0), (3, 9.0), (4, 1.0)]]
    assert [lesion.id for lesion in largest_lesions(lesions, 3)] == [2, 3, 1]
    assert largest_lesions([]) == ()


def test_compartments_take_turns(make_lesion: Any) -> None:
    """Five large plaques and two small rods: three pictures show both rods' compartment."""
    plaques = [
        make_lesion(i, volume_mm3=100.0 - i, compartment=Compartment.SUBCUTANEOUS)
        for i in range(1, 6)
    ]
    rods = [make_lesion(6, volume_mm3=9.0), make_lesion(7, volume_mm3=8.0)]
    chosen = largest_lesions([*plaques, *rods], 3)
    assert [lesion.id for lesion in chosen] == [1, 2, 6]
    assert [lesion.id for lesion in largest_lesions([*plaques, *rods], 6)] == [1, 2, 3, 4, 6, 7]


def test_a_lesion_that_is_not_in_the_map_is_shown_at_its_centroid(
    make_study: Any, make_lesion: Any
) -> None:
    hu = np.full((30, 30, 4), 40, np.int16)
    study = make_study(hu, np.eye(4), dicom=False)
    lesion = make_lesion(1, centroid_lps_mm=(10.0, 12.0, 2.0))
    empty = study.volume.with_array(np.zeros(hu.shape, np.uint16))
    assert close_ups(study, empty, [lesion])[0].slice_text == "slice 3 of 4, z 2.0 mm"
