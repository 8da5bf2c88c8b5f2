"""From a folder of DICOM to a CT or a refusal, as a user meets it."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import SecondaryCaptureImageStorage, generate_uid

from calciscope.errors import (
    NoCtError,
    NotHounsfieldError,
    SeriesGeometryError,
    UnreadableFileError,
)
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.volume import Volume

Edit = Callable[..., None]


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.dcm"))


def test_a_plain_series(ct_folder: Path, ct_volume: Volume) -> None:
    study = read_ct(ct_folder)
    np.testing.assert_array_equal(study.volume.array, ct_volume.array)
    np.testing.assert_allclose(study.volume.affine, ct_volume.affine)
    assert study.source == ct_folder
    assert study.series is not None
    assert (study.series.number, study.series.instances, study.series.reason) == (3, 6, "")
    assert (study.left_out, study.warnings, study.resampled) == ((), (), False)
    assert study.acquisition.kvp == 120


def test_a_mixed_unsorted_nested_folder(tmp_path: Path, ct_volume: Volume, edit: Edit) -> None:
    """Two studies, four series, names without suffix, clutter: one CT comes out."""
    folder = tmp_path / "export"
    sources = {
        "a": write_ct_series(ct_volume, tmp_path / "a", uid_seed="one", series_number=2),
        "b": write_ct_series(
            ct_volume, tmp_path / "b", uid_seed="one", series_number=3, kernel="BONE"
        ),
        "c": write_ct_series(ct_volume.crop([0, 0, 0], [16, 12, 2]), tmp_path / "c", uid_seed="2"),
        "d": write_ct_series(ct_volume, tmp_path / "d", uid_seed="one", series_number=5),
    }
    for path in sources["d"]:
        edit(path, Modality="PT")
    paths = [path for group in sources.values() for path in group]
    random.Random(3).shuffle(paths)
    for number, path in enumerate(paths):
        deep = (
            folder
            / ("deep/er" if number % 3 else ".")
            / f"IM{number}{'' if number % 2 else '.dcm'}"
        )
        deep.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, deep)
    (folder / "DICOMDIR").write_bytes(b"\0" * 132)
    (folder / "readme.txt").write_text("text")
    (folder / "meta.json").write_text("{}")
    (folder / "._IM1.dcm").write_bytes(b"resource fork")
    study = read_ct(folder)
    np.testing.assert_array_equal(study.volume.array, ct_volume.array)
    assert study.series is not None
    assert study.series.number == 2
    assert {(s.number, s.modality): s.reason for s in study.left_out} == {
        (1, "CT"): "covers 2 mm of 12 mm",
        (3, "CT"): "kernel BONE at 2.5 mm suits less than kernel STANDARD at 2.5 mm",
        (5, "PT"): "a PET image, not CT",
    }
    assert study.warnings == ("2 studies were given; series 2 ('CT') was taken of them all",)


def test_a_localizer_of_the_same_series_is_set_aside(
    ct_folder: Path, ct_volume: Volume, edit: Edit
) -> None:
    scout = shutil.copy(files(ct_folder)[0], ct_folder / "scout.dcm")
    edit(
        scout,
        SOPInstanceUID="1.2.3.4",
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        ImageOrientationPatient=[0, 1, 0, 0, 0, -1],
    )
    study = read_ct(ct_folder)
    np.testing.assert_array_equal(study.volume.array, ct_volume.array)
    (left_out,) = study.left_out
    assert (left_out.reason, left_out.instances) == ("a localizer (scout view)", 1)


def test_only_a_localizer(ct_folder: Path, edit: Edit) -> None:
    for path in files(ct_folder):
        edit(path, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    with pytest.raises(NoCtError, match=r"holds no CT series but only a localizer \(scout view\);"):
        read_ct(ct_folder)


@pytest.mark.parametrize(
    ("modality", "words"),
    [("NM", "a nuclear medicine image"), ("PT", "a PET image"), ("MR", "an MR image")],
)
def test_another_modality(ct_folder: Path, edit: Edit, modality: str, words: str) -> None:
    for path in files(ct_folder):
        edit(path, Modality=modality)
    with pytest.raises(
        NoCtError, match=f"no CT series but only {words}; give the folder of the CT series"
    ):
        read_ct(ct_folder)


def test_a_dose_report_is_left_out(ct_folder: Path, edit: Edit) -> None:
    report = shutil.copy(files(ct_folder)[0], ct_folder / "dose.dcm")
    edit(
        report,
        SOPClassUID=SecondaryCaptureImageStorage,
        SOPInstanceUID="1.2.3.4",
        SeriesInstanceUID="1.2.3",
        SeriesNumber=999,
    )
    (left_out,) = read_ct(ct_folder).left_out
    assert left_out.reason == "not a CT image but Secondary Capture Image Storage"


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(NoCtError, match="holds no DICOM images; give the folder of a CT series"):
        read_ct(tmp_path)


def test_missing_slices(ct_folder: Path) -> None:
    files(ct_folder)[2].unlink()
    with pytest.raises(SeriesGeometryError) as caught:
        read_ct(ct_folder)
    assert str(caught.value) == (
        f"{ct_folder}: series 3 ('CT') is incomplete, slices missing at z = 105.0 mm; "
        "export the complete series again"
    )


def test_a_copied_slice_is_a_duplicate(ct_folder: Path) -> None:
    shutil.copy(ct_folder / "000004.dcm", ct_folder / "copy.dcm")
    with pytest.raises(
        SeriesGeometryError,
        match=r"duplicate slices at z = 107\.5 mm \(.*000004\.dcm and .*copy\.dcm\); remove one",
    ) as caught:
        read_ct(ct_folder)
    assert "copy.dcm" in str(caught.value)


def test_a_series_copied_as_a_whole_is_used_once(
    ct_folder: Path, ct_volume: Volume, tmp_path: Path
) -> None:
    shutil.copytree(ct_folder, tmp_path / "twice" / "a")
    shutil.copytree(ct_folder, tmp_path / "twice" / "b")
    study = read_ct(tmp_path / "twice")
    np.testing.assert_array_equal(study.volume.array, ct_volume.array)
    assert study.warnings == ("series 3 ('CT') is there 2 times; one copy was used",)


def test_mixed_orientation(ct_folder: Path, edit: Edit) -> None:
    edit(files(ct_folder)[5], ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    with pytest.raises(SeriesGeometryError, match=r"different orientation .*000006\.dcm"):
        read_ct(ct_folder)


def test_two_acquisitions_in_one_series(ct_folder: Path, ct_volume: Volume, edit: Edit) -> None:
    for path in files(ct_folder)[:5]:
        again = shutil.copy(path, path.with_name(f"again-{path.name}"))
        uid = generate_uid(entropy_srcs=[path.name])
        edit(again, SOPInstanceUID=uid, AcquisitionNumber=2)
    study = read_ct(ct_folder)
    np.testing.assert_array_equal(study.volume.array, ct_volume.array)
    assert study.warnings == (
        "series 3 ('CT') holds 2 stacks, told apart by acquisition number; one was used",
    )
    (left_out,) = study.left_out
    assert left_out.reason == "covers 10 mm of 12 mm"
    assert study.series is not None
    assert (left_out.instances, study.series.instances) == (5, 6)


def test_one_slice(ct_folder: Path) -> None:
    for path in files(ct_folder)[1:]:
        path.unlink()
    with pytest.raises(SeriesGeometryError, match="has 1 slice, too few for a volume"):
        read_ct(ct_folder)
    with pytest.raises(SeriesGeometryError, match="has 1 slice, too few for a volume"):
        read_ct(files(ct_folder)[0])


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
def test_no_rescale(ct_folder: Path, edit: Edit, keyword: str) -> None:
    edit(files(ct_folder)[1], **{keyword: None})
    with pytest.raises(NotHounsfieldError, match=r"000002\.dcm has no Rescale Slope and"):
        read_ct(ct_folder)


def test_another_unit(ct_folder: Path, edit: Edit) -> None:
    for path in files(ct_folder):
        edit(path, RescaleType="MGML")
    with pytest.raises(NotHounsfieldError, match="has the Rescale Type MGML"):
        read_ct(ct_folder)


def test_values_that_are_not_hu(ct_folder: Path, edit: Edit) -> None:
    for path in files(ct_folder):
        edit(path, RescaleIntercept=0)
    with pytest.raises(NotHounsfieldError, match="its values go from 24 to 1175"):
        read_ct(ct_folder)


def test_no_position(ct_folder: Path, edit: Edit) -> None:
    edit(files(ct_folder)[1], ImagePositionPatient=None)
    with pytest.raises(
        SeriesGeometryError, match=r"cannot be placed in the patient: .*000002\.dcm"
    ):
        read_ct(ct_folder)


def test_a_faulty_series_is_left_where_another_can_stand_in(
    ct_folder: Path, ct_volume: Volume
) -> None:
    other = write_ct_series(ct_volume, ct_folder / "b", uid_seed="test", series_number=8)
    files(ct_folder)[2].unlink()
    study = read_ct(ct_folder)
    assert study.series is not None
    assert study.series.number == 8
    (left_out,) = study.left_out
    assert "slices missing at z = 105.0 mm" in left_out.reason
    assert study.warnings[0].startswith("series 3 ('CT') was not used: ")
    # What covers less than half of the faulty series is no substitute for it.
    for path in other[3:]:
        path.unlink()
    with pytest.raises(SeriesGeometryError, match=r"series 3 .*slices missing at z = 105\.0 mm"):
        read_ct(ct_folder)


def test_a_single_slice_elsewhere_is_not_worth_a_warning(
    ct_folder: Path, ct_volume: Volume
) -> None:
    bolus = ct_volume.crop([0, 0, 0], [16, 12, 1])
    write_ct_series(bolus, ct_folder / "bolus", uid_seed="test", series_number=9)
    study = read_ct(ct_folder)
    assert study.warnings == ()
    assert "has 1 slice" in study.left_out[0].reason


def test_a_text_named_as_dicom(ct_folder: Path, tmp_path: Path) -> None:
    fake = ct_folder / "notes.dcm"
    fake.write_text("this is no DICOM")
    assert read_ct(ct_folder).warnings == (f"{fake} is named as DICOM and is not",)
    with pytest.raises(
        UnreadableFileError, match=r"notes\.dcm is named as DICOM but is not a DICOM"
    ):
        read_ct(fake)
    for path in files(ct_folder):
        if path != fake:
            path.unlink()
    with pytest.raises(
        UnreadableFileError, match=r"notes\.dcm is named as DICOM but is not a DICOM"
    ):
        read_ct(ct_folder)


def test_gantry_tilt_is_resampled_with_a_warning(tmp_path: Path, ct_volume: Volume) -> None:
    tilted = ct_volume.affine.copy()
    tilted[1, 2] = 2.5 * np.tan(np.radians(10))
    write_ct_series(Volume(ct_volume.array, tilted), tmp_path, uid_seed="tilt")
    study = read_ct(tmp_path)
    assert study.resampled
    assert study.volume.is_rectangular
    assert "tilted by 10.0 degrees" in study.warnings[0]
    assert len(study.instances) == 6
    # 5 slices * 0.4408 mm = 2.204 mm further back: 3.15, so four more rows of 0.7 mm.
    assert study.volume.shape == (16, 16, 6)
    np.testing.assert_array_equal(study.volume.array[:, :12, 0], ct_volume.array[:, :, 0])


def test_unequal_spacing_is_resampled_with_a_warning(
    ct_folder: Path, ct_volume: Volume, edit: Edit
) -> None:
    heights = [100, 102.5, 105, 110, 115, 120]
    for path, z in zip(files(ct_folder), heights, strict=True):
        edit(path, ImagePositionPatient=[-30, 12.5, z])
    study = read_ct(ct_folder)
    assert study.resampled
    assert study.volume.shape == (16, 12, 9)
    assert study.warnings == (
        "series 3 ('CT') has unequal slice spacing (2.50 to 5.00 mm); "
        "it was resampled to equal spacing",
    )
    np.testing.assert_allclose(study.volume.affine, ct_volume.affine)
    np.testing.assert_array_equal(study.volume.array[:, :, 4], ct_volume.array[:, :, 3])
    # Half way between two slices: values differ by 1 along k, the mean is rounded to even.
    between = (ct_volume.array[:, :, 2].astype(float) + ct_volume.array[:, :, 3]) / 2
    np.testing.assert_array_equal(study.volume.array[:, :, 3], np.rint(between))


def test_reformatted_images_are_told(tmp_path: Path, ct_volume: Volume) -> None:
    mpr = ("DERIVED", "SECONDARY", "MPR")
    write_ct_series(ct_volume, tmp_path, uid_seed="mpr", image_type=mpr)
    assert read_ct(tmp_path).warnings == ("series 1 ('CT') is reformatted from other images (MPR)",)


def test_a_source_that_breaks_the_standard_does_not_make_python_warn(
    ct_folder: Path,
) -> None:
    # Study ID holds 16 characters at most; pydicom warns on reading and on writing more.
    path = files(ct_folder)[0]
    content = path.read_bytes()
    old = b"\x20\x00\x10\x00SH\x02\x001 "
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, b"\x20\x00\x10\x00SH\x14\x00" + b"twenty characters ok"))
    study = read_ct(ct_folder)
    assert study.instances[0].StudyID == "twenty characters ok"
    assert dcmread(files(ct_folder)[1]).StudyID == "1"
