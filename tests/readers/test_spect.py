"""From a nuclear medicine file to a SPECT in the patient, as a user meets it."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.uid import PositronEmissionTomographyImageStorage, RLELossless

from calciscope.errors import InputError, NoSpectError, SeriesGeometryError, UnreadableFileError
from calciscope.phantom.dicom import write_ct_series
from calciscope.phantom.dicom_parts import EPOCH
from calciscope.phantom.nm_dicom import write_nm_series
from calciscope.readers import read_ct
from calciscope.readers.spect import read_spect
from calciscope.readers.spect_study import SpectStudy
from calciscope.volume import Volume

Edit = Callable[..., None]

INJECTED = EPOCH - timedelta(hours=3)
ONE_SUV = 740e6 * 0.5 ** (3 / 6.02) / 72_000
"""Bq/mL 3 h after 740 MBq in 72 kg."""

HOT_LPS_MM = (96.0, -22.0, 208.0)
"""Left (x > 0), in front of the middle (y < 0)."""


@pytest.fixture
def suv() -> Volume:
    """9 x 8 x 7 voxels of 8 x 6 x 4 mm of SUV 1, one of SUV 9 at HOT_LPS_MM: left, front, high."""
    array = np.ones((9, 8, 7), np.float32)
    array[7, 1, 5] = 9.0
    return Volume.from_spacing(array, (8.0, 6.0, 4.0), (40.0, -28.0, 188.0))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """write(volume in SUV, ...) writes it in Bq/mL into the folder `nm`; gives the file."""

    def in_folder(volume: Volume, folder: str = "nm", **options: Any) -> Path:
        scaled = volume.with_array(volume.array * np.float32(ONE_SUV))
        options = {"uid_seed": "spect", "injected": INJECTED} | options
        return write_nm_series(scaled, tmp_path / folder, **options)

    return in_folder


def read(path: Path, **options: Any) -> SpectStudy:
    study = read_spect(path, **options)
    assert study is not None
    return study


def hottest_lps_mm(volume: Volume) -> np.ndarray[Any, Any]:
    return volume.lps_mm(np.unravel_index(volume.array.argmax(), volume.shape))


def test_a_plain_spect(write: Callable[..., Path], suv: Volume) -> None:
    path = write(suv)
    for source in (path, path.parent):
        study = read(source)
        assert (study.units, study.suv_refused, study.warnings) == ("SUVbw", None, ())
        np.testing.assert_allclose(study.volume.array, suv.array, rtol=1e-4)
        assert study.volume.array.dtype == np.float32
        np.testing.assert_allclose(study.volume.affine, suv.affine)
    assert study.series is not None
    assert (study.series.number, study.series.modality, study.series.reason) == (100, "NM", "")
    assert (study.left_out, study.resampled, study.modality) == ((), False, "NM")
    assert study.radiopharmaceutical == "Tc-99m medronate"
    assert study.reconstruction == "OSEM 3i10s, Gaussian 8 mm"
    assert study.date == "2026-01-01"
    (header,) = study.instances
    assert header.FrameOfReferenceUID == study.frame_of_reference_uid
    assert "PixelData" not in header


@pytest.mark.parametrize("reversed_frames", [False, True])
@pytest.mark.parametrize("real_world_values", [False, True])
def test_left_and_right_front_and_back_up_and_down_stay(
    write: Callable[..., Path], suv: Volume, reversed_frames: bool, real_world_values: bool
) -> None:
    path = write(suv, reversed_frames=reversed_frames, real_world_values=real_world_values)
    study = read(path)
    np.testing.assert_allclose(hottest_lps_mm(study.volume), HOT_LPS_MM)
    assert study.volume.array.max() == pytest.approx(9.0, rel=1e-4)


def test_spacing_alone_turns_the_stack_around(
    write: Callable[..., Path], suv: Volume, edit: Edit
) -> None:
    """Frame 6 of 7 lies 5 steps of 4 mm above the first at 188 mm, or as far below it."""
    path = write(suv)
    edit(path, SpacingBetweenSlices="-4")
    assert hottest_lps_mm(read(path).volume)[2] == pytest.approx(188 - 20)


def test_slice_vector_counting_backward_says_nothing_but_mixed_it_orders_the_frames(
    write: Callable[..., Path], suv: Volume, edit: Edit
) -> None:
    path = write(suv)
    edit(path, SliceVector=[7, 6, 5, 4, 3, 2, 1])
    assert hottest_lps_mm(read(path).volume)[2] == pytest.approx(208)
    # The hot frame, the sixth, is slice 3: two steps above the first.
    edit(path, SliceVector=[1, 2, 4, 5, 6, 3, 7])
    assert hottest_lps_mm(read(path).volume)[2] == pytest.approx(188 + 8)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_orientation_comes_back(tmp_path: Path, stored: Any, data: st.DataObject) -> None:
    """Axes in any order and direction, turned by any angles: each voxel keeps its place."""
    order = data.draw(st.permutations((0, 1, 2)))
    flips = data.draw(st.tuples(*[st.booleans()] * 3))
    angles = data.draw(st.tuples(*[st.floats(-0.7, 0.7)] * 3))
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        cosine, sine = np.cos(angle), np.sin(angle)
        one = np.eye(3)
        a, b = [i for i in range(3) if i != axis]
        one[a, a], one[a, b], one[b, a], one[b, b] = cosine, -sine, sine, cosine
        turn = turn @ one
    affine = np.eye(4)
    affine[:3, :3] = turn * [4.8, 4.4, 4.0]
    affine[:3, 3] = (-100.0, 50.0, 900.0)
    array = np.arange(1, 61, dtype=np.float32).reshape(5, 4, 3)
    volume = stored(Volume(array, affine), tuple(order), flips)
    path = write_nm_series(
        volume, tmp_path, uid_seed="any", units="CNTS", reversed_frames=data.draw(st.booleans())
    )
    back = read(path).volume
    indices = np.argwhere(np.ones(volume.shape, bool))
    there = back.index(volume.lps_mm(indices))
    assert np.abs(there - np.rint(there)).max() < 1e-3
    i, j, k = np.rint(there).astype(int).T
    np.testing.assert_array_equal(back.array[i, j, k], volume.array[tuple(indices.T)])


def test_a_zip_and_a_compressed_file(write: Callable[..., Path], suv: Volume) -> None:
    path = write(suv, transfer_syntax=RLELossless)
    archive = shutil.make_archive(str(path.parent.parent / "study"), "zip", path.parent)
    np.testing.assert_allclose(read(Path(archive)).volume.array, suv.array, rtol=1e-4)


def test_counts_stay_counts(write: Callable[..., Path], suv: Volume) -> None:
    study = read(write(suv, units="CNTS"))
    assert study.units == "counts"
    assert study.suv_refused == (
        "no SUV, as series 100 ('SPECT AC') is in counts, not in Bq/mL; ratios are given"
    )
    # 7276 Bq/mL, the SUV of 1, were stored as as many counts.
    assert study.volume.array.min() == round(ONE_SUV) == 7276
    np.testing.assert_allclose(hottest_lps_mm(study.volume), HOT_LPS_MM)


def test_without_a_weight_it_stays_in_bq_per_ml(write: Callable[..., Path], suv: Volume) -> None:
    study = read(write(suv, weight_kg=None))
    assert study.units == "Bq/mL"
    assert study.suv_refused == (
        "no SUV, as series 100 ('SPECT AC') does not say the Patient's Weight; ratios are given"
    )
    np.testing.assert_allclose(study.volume.array, suv.array * ONE_SUV, rtol=1e-4)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("WHOLE BODY", "planar (WHOLE BODY), which shows no depth"),
        ("STATIC", "planar (STATIC), which shows no depth"),
        ("DYNAMIC", "planar and dynamic (DYNAMIC), which shows no depth"),
        ("GATED", "planar and gated (GATED), which shows no depth"),
        ("TOMO", "projections that are not yet reconstructed (TOMO)"),
        ("GATED TOMO", "gated and not yet reconstructed (GATED TOMO)"),
        ("RECON GATED TOMO", "gated (RECON GATED TOMO), a movie of the heart"),
    ],
)
def test_other_nuclear_medicine_is_refused(
    write: Callable[..., Path], suv: Volume, kind: str, reason: str
) -> None:
    path = write(suv, image_type=["ORIGINAL", "PRIMARY", kind, "EMISSION"])
    with pytest.raises(NoSpectError) as refusal:
        read_spect(path.parent)
    assert str(refusal.value) == (
        f"{path.parent}: series 100 ('SPECT AC') is {reason}; "
        "give the reconstructed SPECT (NM, RECON TOMO)"
    )


def test_transmission_and_maps_are_refused(write: Callable[..., Path], suv: Volume) -> None:
    path = write(suv, image_type=["ORIGINAL", "PRIMARY", "RECON TOMO", "TRANSMISSION"])
    with pytest.raises(NoSpectError, match="is a transmission image, not uptake"):
        read_spect(path)
    with pytest.raises(NoSpectError, match="is an attenuation map, not uptake"):
        read_spect(write(suv, "map", series_description="MuMap"))


def test_a_spect_without_uptake_is_refused(write: Callable[..., Path], suv: Volume) -> None:
    empty = suv.with_array(np.zeros(suv.shape, np.float32))
    with pytest.raises(NoSpectError, match=r"series 100 \('SPECT AC'\) holds no uptake"):
        read_spect(write(empty))


def test_a_spect_without_place_is_refused(
    write: Callable[..., Path], suv: Volume, edit: Edit
) -> None:
    path = write(suv)
    edit(path, SpacingBetweenSlices=None, SliceThickness=None)
    with pytest.raises(SeriesGeometryError, match="cannot be placed in the patient"):
        read_spect(path)
    edit(path, DetectorInformationSequence=[])
    with pytest.raises(NoSpectError, match="without a place in the patient"):
        read_spect(path)


def test_a_damaged_file_is_refused(write: Callable[..., Path], suv: Volume, edit: Edit) -> None:
    path = write(suv)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableFileError, match=r"nm_100_001\.dcm is truncated or corrupt"):
        read_spect(path)
    path = write(suv)
    edit(path, NumberOfFrames="1000000000")
    with pytest.raises(UnreadableFileError, match="declares 1000000000 frames"):
        read_spect(path)


def test_no_nuclear_medicine_at_all_is_no_fault(ct_folder: Path) -> None:
    assert read_spect(ct_folder) is None
    with pytest.raises(NoSpectError, match=r"does not hold the nuclear medicine series 1\.2\.3"):
        read_spect(ct_folder, series_uid="1.2.3")


def test_the_ct_beside_it_is_read_as_before(
    write: Callable[..., Path], suv: Volume, ct_folder: Path, ct_volume: Volume
) -> None:
    path = write(suv)
    shutil.copy(path, ct_folder / "nm.dcm")
    ct = read_ct(ct_folder)
    np.testing.assert_array_equal(ct.volume.array, ct_volume.array)
    (left,) = ct.left_out
    assert (left.modality, left.reason) == ("NM", "a nuclear medicine image, not CT")
    np.testing.assert_allclose(hottest_lps_mm(read(ct_folder).volume), HOT_LPS_MM)


def test_the_better_series_is_taken_and_the_others_are_told(
    write: Callable[..., Path], suv: Volume, edit: Edit
) -> None:
    write(suv, series_number=100, series_description="SPECT NAC", corrected=["DECY"])
    write(suv, series_number=101, series_description="SPECT AC")
    write(suv, series_number=102, series_description="SPECT AC again")
    edit(
        write(suv, series_number=103, series_description="SPECT AC scatter"),
        EnergyWindowInformationSequence=[energy_window("second", "108", "126")],
    )
    write(suv, series_number=104, series_description="SPECT AC counts", units="CNTS")
    write(suv, series_number=105, image_type=["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"])
    folder = write(suv.crop([0, 0, 0], [9, 8, 6]), series_number=106).parent
    study = read(folder)
    assert study.series is not None
    assert study.series.number == 101
    assert {each.number: each.reason for each in study.left_out} == {
        100: "not corrected for attenuation where the chosen is corrected",
        102: "no better than the chosen one, and numbered after it",
        103: "a scatter window, not the photopeak",
        104: "in counts where the chosen is in Bq/mL",
        105: "projections that are not yet reconstructed (TOMO)",
        106: "6 slices where the chosen has 7",
    }
    uids = {each.number: each.series_instance_uid for each in study.left_out}
    asked = read(folder, series_uid=uids[100])
    assert asked.series is not None
    assert asked.series.number == 100
    assert {each.reason for each in asked.left_out} == {"another series was asked for"}
    assert asked.warnings == (
        "series 100 ('SPECT NAC') is not corrected for attenuation; deep uptake is too low",
    )
    with pytest.raises(NoSpectError, match="is projections that are not yet reconstructed"):
        read_spect(folder, series_uid=uids[105])


def energy_window(name: str, *range_kev: str) -> Dataset:
    """An item of the Energy Window Information Sequence, with or without its range."""
    window, limits = Dataset(), Dataset()
    window.EnergyWindowName = name
    if range_kev:
        limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = range_kev
        window.EnergyWindowRangeSequence = [limits]
    return window


@pytest.mark.parametrize("description", ["SPECT AC", "SPECT LOWER LEGS AC", "AC, scatter corr."])
def test_the_photopeak_of_a_file_of_two_energy_windows(
    write: Callable[..., Path], suv: Volume, description: str
) -> None:
    """Frames of the scatter window come first; what is hot there lies elsewhere."""
    path = write(suv, series_description=description)
    dataset = dcmread(path)
    frames = dataset.pixel_array
    scatter = frames[:, ::-1]
    dataset.PixelData = np.concatenate([scatter, frames]).tobytes()
    dataset.NumberOfFrames = 14
    dataset.NumberOfEnergyWindows = 2
    dataset.EnergyWindowVector = [1] * 7 + [2] * 7
    dataset.SliceVector = [*range(1, 8)] * 2
    dataset.EnergyWindowInformationSequence.insert(0, energy_window("second", "108", "126"))
    dataset.save_as(path)
    study = read(path)
    np.testing.assert_allclose(hottest_lps_mm(study.volume), HOT_LPS_MM)
    assert [each.reason for each in study.left_out] == ["a scatter window, not the photopeak"]
    assert study.frames == (frozenset(range(8, 15)),)


@pytest.mark.parametrize(
    ("name", "description", "is_scatter"),
    [
        ("Lower Tc99m", "SPECT AC", True),
        ("Tc-99m scatter", "SPECT AC", True),
        ("EM2", "SPECT AC scatter", True),
        ("EM2", "Bone Scat", True),
        ("EM2", "Bone Compton", True),
        ("EM2", "SPECT AC", False),
        ("EM2", "SPECT AC, corrected for scatter", False),
        ("EM2", "SPECT lower legs AC", False),
        ("EM2", "SPECT AC, scatter corrected", False),
        ("EM2", "SPECT AC, scatter and attenuation corrected", False),
        ("EM2", "SPECT AC TEW", False),
    ],
)
def test_names_tell_a_scatter_window_whose_energies_are_not_known(
    write: Callable[..., Path],
    suv: Volume,
    edit: Edit,
    name: str,
    description: str,
    is_scatter: bool,
) -> None:
    """The series of the lower number is taken, unless it is scatter."""
    path = write(suv, series_description=description, series_number=1)
    edit(path, EnergyWindowInformationSequence=[energy_window(name)])
    study = read(write(suv, series_number=2).parent)
    assert study.series is not None
    assert study.series.number == (2 if is_scatter else 1)


def test_scatter_corrected_comes_before_not_corrected_for_attenuation(
    write: Callable[..., Path], suv: Volume
) -> None:
    write(suv, series_number=1, series_description="Bone SPECT NAC", corrected=["DECY"])
    path = write(suv, series_number=2, series_description="Bone SPECT AC, scatter corrected")
    study = read(path.parent)
    assert study.series is not None
    assert study.series.number == 2


def test_two_beds_of_one_series_are_joined(write: Callable[..., Path], suv: Volume) -> None:
    """The second is acquired an hour later, when less is left; SUV are the same."""
    write(suv.crop([0, 0, 3], [9, 8, 7]))
    later = suv.with_array(suv.array * np.float32(0.5 ** (1 / 6.02))).crop([0, 0, 0], [9, 8, 4])
    path = write(later, instance_number=2, acquired=EPOCH + timedelta(hours=1))
    study = read(path.parent)
    np.testing.assert_allclose(study.volume.array, suv.array, rtol=2e-4)
    np.testing.assert_allclose(study.volume.affine, suv.affine)
    assert study.resampled
    assert len(study.instances) == 2
    assert study.warnings == ("2 bed positions were joined; where they overlap they were blended",)
    assert study.left_out == ()


def test_two_beds_of_two_series_are_joined(write: Callable[..., Path], suv: Volume) -> None:
    upper, lower = "SPECT upper legs AC", "SPECT lower legs AC"
    write(suv.crop([0, 0, 3], [9, 8, 7]), series_description=upper)
    path = write(suv.crop([0, 0, 0], [9, 8, 3]), series_number=101, series_description=lower)
    study = read(path.parent)
    np.testing.assert_allclose(study.volume.array, suv.array, rtol=2e-4)
    np.testing.assert_allclose(study.volume.affine, suv.affine)


def test_beds_with_a_gap_are_refused_or_left_out(
    write: Callable[..., Path], suv: Volume, edit: Edit
) -> None:
    write(suv.crop([0, 0, 4], [9, 8, 7]))
    path = write(suv.crop([0, 0, 0], [9, 8, 2]), instance_number=2)
    with pytest.raises(SeriesGeometryError, match="leaves a gap of 8 mm between bed positions"):
        read_spect(path.parent)
    path.unlink()
    path = write(suv.crop([0, 0, 0], [9, 8, 2]), series_number=101)
    study = read(path.parent)
    assert study.volume.shape == (9, 8, 3)
    assert study.warnings == (
        "series 101 ('SPECT AC') was not joined to series 100 ('SPECT AC'): "
        "it leaves a gap of 8 mm between bed positions",
    )
    path = write(suv.crop([0, 0, 0], [9, 8, 4]), series_number=101)
    edit(path, FrameOfReferenceUID="1.2.3")
    (left,) = read(path.parent, series_uid=None).left_out
    assert left.reason == "of another frame of reference"


def test_the_same_file_twice_is_taken_once(write: Callable[..., Path], suv: Volume) -> None:
    path = write(suv)
    shutil.copy(path, path.with_name("copy.dcm"))
    study = read(path.parent)
    assert study.volume.shape == suv.shape
    assert study.left_out == ()


def as_single_slices(path: Path, folder: Path, sop_class: str, **elements: Any) -> Path:
    """The frames of a NM file as files of their own, placed as a CT or PET is."""
    source = dcmread(path)
    frames = source.pixel_array
    step = float(source.SpacingBetweenSlices)
    first = [float(v) for v in source.DetectorInformationSequence[0].ImagePositionPatient]
    folder.mkdir()
    for number, frame in enumerate(frames):
        dataset = dcmread(path)
        del dataset.NumberOfFrames, dataset.SliceVector, dataset.FrameIncrementPointer
        del dataset.DetectorInformationSequence
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
        dataset.SOPInstanceUID = f"1.2.3.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.InstanceNumber = number
        dataset.ImagePositionPatient = [first[0], first[1], first[2] + number * step]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelData = frame.tobytes()
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        # Names say nothing of the order.
        dataset.save_as(folder / f"{(7 * number) % 11:02d}.dcm")
    return folder


@pytest.mark.parametrize("modality", ["NM", "PT"])
def test_spect_stored_as_slices_of_pet(
    write: Callable[..., Path], suv: Volume, tmp_path: Path, modality: str
) -> None:
    """Tc-99m in a PET object is SPECT all the same, and needs no permission."""
    folder = as_single_slices(
        write(suv, real_world_values=False),
        tmp_path / "slices",
        PositronEmissionTomographyImageStorage,
        Modality=modality,
        ImageType=["ORIGINAL", "PRIMARY"],
    )
    study = read(folder)
    assert study.units == "SUVbw"
    np.testing.assert_allclose(study.volume.array, suv.array, rtol=1e-4)
    np.testing.assert_allclose(hottest_lps_mm(study.volume), HOT_LPS_MM)
    assert len(study.instances) == 7
    assert study.frames == (frozenset({1}),) * 7
    assert study.modality == modality
    assert not any("is a PET" in warning for warning in study.warnings)


def test_single_frames_of_nm(write: Callable[..., Path], suv: Volume, tmp_path: Path) -> None:
    path = write(suv)
    folder = as_single_slices(path, tmp_path / "slices", dcmread(path).SOPClassUID)
    np.testing.assert_allclose(hottest_lps_mm(read(folder).volume), HOT_LPS_MM)
    (folder / "00.dcm").unlink()
    (folder / "03.dcm").unlink()  # frame 2
    with pytest.raises(SeriesGeometryError, match=r"slices missing at z = 196\.0"):
        read_spect(folder)


def fluorine(path: Path, edit: Edit) -> None:
    given = dcmread(path).RadiopharmaceuticalInformationSequence
    given[0].RadionuclideCodeSequence[0].CodeValue = "C-111A1"
    given[0].Radiopharmaceutical = "FDG"
    del given[0].RadiopharmaceuticalCodeSequence
    edit(path, Modality="PT", RadiopharmaceuticalInformationSequence=given)


def test_pet_needs_permission_and_stands_back_behind_spect(
    write: Callable[..., Path], suv: Volume, edit: Edit
) -> None:
    path = write(suv, series_number=5, series_description="PET")
    fluorine(path, edit)
    with pytest.raises(NoSpectError, match=r"is a PET image, read only with --accept-pet; give"):
        read_spect(path)
    (warning, _dose) = read(path, accept_pet=True).warnings[::-1]
    assert (
        warning == "series 5 ('PET') is a PET; what is said of hot spots was learnt from bone SPECT"
    )
    folder = write(suv).parent
    for accept, reason in (
        (False, "a PET image, read only with --accept-pet"),
        (True, "PET where there is SPECT"),
    ):
        study = read(folder, accept_pet=accept)
        assert study.series is not None
        assert study.series.number == 100
        assert [each.reason for each in study.left_out] == [reason]


def test_other_radiopharmaceuticals_are_told(write: Callable[..., Path], suv: Volume) -> None:
    (one,) = read(write(suv, radiopharmaceutical="Tc-99m sestamibi")).warnings
    assert one == "series 100 ('SPECT AC') shows Tc-99m sestamibi, which may not seek bone"
    first, _ = read(write(suv, radionuclide="In-111", radiopharmaceutical="octreotide")).warnings
    assert first.startswith("series 100 ('SPECT AC') shows In-111; what is said of hot spots")
    for name in ("MDP", "99mTc-HDP", "Tc99m", "Technetium DPD"):
        assert read(write(suv, radiopharmaceutical=name)).warnings == ()


def test_no_sentence_names_the_patient(write: Callable[..., Path], suv: Volume) -> None:
    study = read(write(suv, weight_kg=None, patient_id="ID-77", patient_name="Doe^Jane"))
    told = " ".join([study.suv_refused or "", *study.warnings, repr(study.series)])
    assert "ID-77" not in told
    assert "Doe" not in told


def test_nifti_holds_no_series(tmp_path: Path) -> None:
    (tmp_path / "spect.nii").write_bytes(b"")
    with pytest.raises(InputError, match="is NIfTI, which holds no series"):
        read_spect(tmp_path / "spect.nii", series_uid="1.2.3")


def test_the_ct_of_the_same_phantom_lies_on_it(
    write: Callable[..., Path], suv: Volume, tmp_path: Path
) -> None:
    hu = np.where(suv.array > 5, 500, -1000).astype(np.int16)
    write_ct_series(suv.with_array(hu), tmp_path / "nm" / "ct", uid_seed="spect")
    folder = write(suv, reversed_frames=True).parent
    ct, spect = read_ct(folder), read(folder)
    np.testing.assert_allclose(hottest_lps_mm(ct.volume), hottest_lps_mm(spect.volume))
    assert ct.instances[0].FrameOfReferenceUID == spect.frame_of_reference_uid
