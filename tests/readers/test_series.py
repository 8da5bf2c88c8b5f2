from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.uid import CTImageStorage, SecondaryCaptureImageStorage

from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.headers import Header
from calciscope.readers.series import group_series
from calciscope.readers.slices import Slice

Make = Callable[..., Slice]


def header(*slices: Slice, **changes: object) -> Header:
    values: dict[str, object] = {
        "file": slices[0].file if slices else FoundFile(Path("x"), "x"),
        "sop_class_uid": CTImageStorage,
        "modality": "CT",
        "study_instance_uid": "1",
        "series_instance_uid": "1.1",
        "series_number": 1,
        "series_description": "",
        "slices": slices,
    }
    return Header(**(values | changes))  # type: ignore[arg-type]


def test_series_are_grouped_and_ordered_by_number_then_uid(make_slice: Make) -> None:
    headers = [
        header(make_slice((0, 0, 1)), series_instance_uid="1.9", series_number=None),
        header(make_slice((0, 0, 2)), series_instance_uid="1.3", series_number=2),
        header(make_slice((0, 0, 3)), series_instance_uid="1.2", series_number=2),
        header(make_slice((0, 0, 4)), series_instance_uid="1.3", series_number=2),
    ]
    assert [(s.series_instance_uid, s.instances) for s in group_series(headers)] == [
        ("1.2", 1),
        ("1.3", 2),
        ("1.9", 1),
    ]


def test_the_order_of_files_does_not_matter(make_slice: Make) -> None:
    headers = [header(make_slice((0, 0, z), instance_number=z)) for z in range(5)]
    assert group_series(headers) == group_series(headers[::-1])


def test_localizers_and_projections_are_set_aside(make_slice: Make) -> None:
    scout = make_slice((0, 0, 0), image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"))
    mip = make_slice((0, 0, 9), image_type=("DERIVED", "SECONDARY", "AXIAL", "MIP"))
    axial = [make_slice((0, 0, z)) for z in (1, 2, 3)]
    series = group_series(header(each) for each in (scout, *axial, mip))
    assert [(s.unfit_reason, s.instances) for s in series] == [
        ("a localizer (scout view)", 1),
        ("a projection or rendering, not slices", 1),
        ("", 3),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"modality": "NM"}, "a nuclear medicine image, not CT"),
        ({"modality": "PT"}, "a PET image, not CT"),
        ({"modality": "XX"}, "modality XX, not CT"),
        ({"modality": ""}, "modality unknown, not CT"),
        (
            {"sop_class_uid": SecondaryCaptureImageStorage},
            "not a CT image but Secondary Capture Image Storage",
        ),
    ],
)
def test_what_is_no_ct_image(make_slice: Make, changes: dict[str, object], reason: str) -> None:
    (series,) = group_series([header(make_slice((0, 0, 0)), **changes)])
    assert series.unfit_reason == reason
    assert series.summary(reason).reason == reason


def test_a_color_picture_is_no_ct(make_slice: Make) -> None:
    (series,) = group_series([header(make_slice((0, 0, 0), samples_per_pixel=3))])
    assert series.unfit_reason == "a color picture"


def test_derived_images_may_be_ct(make_slice: Make) -> None:
    derived = make_slice((0, 0, 0), image_type=("DERIVED", "PRIMARY", "AXIAL"))
    mpr = make_slice((0, 0, 1), image_type=("DERIVED", "SECONDARY", "MPR"))
    (series,) = group_series([header(derived), header(mpr)])
    assert series.unfit_reason == ""


def test_a_series_copied_as_a_whole_is_taken_once(make_slice: Make) -> None:
    axial = [make_slice((0, 0, z)) for z in (1, 2, 3)]
    copies = [make_slice((0, 0, z), file=FoundFile(Path(f"b/{z}"), f"b/{z}")) for z in (1, 2, 3)]
    (series,) = group_series(header(each) for each in (*axial, *copies))
    assert series.slices == tuple(sorted(axial, key=lambda each: each.sop_instance_uid))
    assert series.notes == ("series 1 is there 2 times; one copy was used",)


def test_a_single_copied_slice_stays(make_slice: Make) -> None:
    axial = [make_slice((0, 0, z)) for z in (1, 2, 3)]
    (series,) = group_series(header(each) for each in (*axial, axial[1]))
    assert len(series.slices) == 4


def test_names(make_slice: Make) -> None:
    one = make_slice((0, 0, 0))
    (named,) = group_series([header(one, series_number=4, series_description="legs")])
    (bare,) = group_series([header(one, series_number=None)])
    assert (named.name, bare.name) == ("series 4 ('legs')", "series without number")
