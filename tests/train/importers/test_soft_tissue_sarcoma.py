"""Soft-tissue-Sarcoma: the tumor of the CT's own RTSTRUCT is ignored, tissues come by rule."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    RTStructureSetStorage,
    generate_uid,
)

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.volume import Volume
from calciscope_train.cases import read_case
from calciscope_train.importers import soft_tissue_sarcoma
from calciscope_train.importers.run import run_import
from calciscope_train.importers.soft_tissue_sarcoma import SoftTissueSarcoma, tumor_contours

TUMOR = (0.0, -18.0)
"""x, y in mm of the tumor's center; it spans 110 to 117.5 mm in z, with a half width of 6 mm."""
EDEMA = (0.0, 18.0)
HEIGHTS = (110.0, 112.5, 115.0, 117.5)


def save(dataset: Dataset, path: Path) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def contour(center: tuple[float, float], z: float, image: str) -> Dataset:
    """A square of 12 mm in one slice."""
    item = Dataset()
    item.ContourGeometricType = "CLOSED_PLANAR"
    item.NumberOfContourPoints = 4
    corners = [(-6, -6), (6, -6), (6, 6), (-6, 6)]
    item.ContourData = [v for dx, dy in corners for v in (center[0] + dx, center[1] + dy, z)]
    reference = Dataset()
    reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    reference.ReferencedSOPInstanceUID = image
    item.ContourImageSequence = [reference]
    return item


def structure_set(
    path: Path,
    rois: dict[str, tuple[float, float]],
    images: dict[float, str],
    series: str = "1.2.3",
) -> None:
    """An RTSTRUCT (PS3.3 A.19) with one ROI for each name, drawn on a series."""
    dataset = Dataset()
    dataset.SOPClassUID = RTStructureSetStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[str(path)])
    dataset.Modality = "RTSTRUCT"
    dataset.PatientID = "STS_001"
    referenced, study, frame = Dataset(), Dataset(), Dataset()
    referenced.SeriesInstanceUID = series
    study.RTReferencedSeriesSequence = [referenced]
    frame.RTReferencedStudySequence = [study]
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for number, (name, center) in enumerate(rois.items(), start=1):
        roi, contours = Dataset(), Dataset()
        roi.ROINumber = contours.ReferencedROINumber = number
        roi.ROIName = name
        contours.ContourSequence = [contour(center, z, uid) for z, uid in images.items()]
        dataset.StructureSetROISequence.append(roi)
        dataset.ROIContourSequence.append(contours)
    save(dataset, path)


def pet(path: Path) -> None:
    """One PET image, enough to be passed over."""
    dataset = Dataset()
    dataset.SOPClassUID = PositronEmissionTomographyImageStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[str(path)])
    dataset.StudyInstanceUID = dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["pet"])
    dataset.Modality = "PT"
    dataset.PatientID = "STS_001"
    save(dataset, path)


@pytest.fixture
def dataset(tmp_path: Path, trunk: Volume) -> Path:
    """Two patients as the retriever of TCIA lays them out; the second has no RTSTRUCT of the CT.

    The CT is 60 slices long. A second RTSTRUCT was drawn on the PET, elsewhere.
    """
    folder = tmp_path / "manifest" / "Soft-tissue-Sarcoma"
    array = np.repeat(trunk.array[:, :, :1], 60, axis=2)
    ct = Volume.from_spacing(array, (1.0, 1.0, 2.5), (-60.0, -50.0, 50.0))
    for name in ("STS_001", "STS_025"):
        study = folder / name / "09-06-2000-PET-CT"
        write_ct_series(ct, study / "2.000000-CT", uid_seed=name, kvp=140, patient_id=name)
        pet(study / "3.000000-PET" / "1-01.dcm")
        elsewhere = dict.fromkeys(HEIGHTS, "1.2.3.4")
        structure_set(study / "RTstruct_PET" / "1-1.dcm", {"GTV_Mass": (30.0, 0.0)}, elsewhere)
        if name == "STS_001":
            series = generate_uid(entropy_srcs=[name, "series", "1"])
            on_ct = {
                z: generate_uid(entropy_srcs=[series, str(round((z - 50) / 2.5))]) for z in HEIGHTS
            }
            rois = {"GTV_Mass": TUMOR, "GTV_Edema": EDEMA}
            structure_set(study / "RTstruct_CT" / "1-1.dcm", rois, on_ct)
    return folder


@pytest.mark.slow
def test_the_tumor_is_ignored_where_it_lies(
    dataset: Path,
    tmp_path: Path,
    label_at: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {"STS_001": "val"}
    monkeypatch.setattr(soft_tissue_sarcoma, "AROUND_MM", 15.0)
    outcome = run_import(
        SoftTissueSarcoma(), dataset, tmp_path / "cases", limit=1, known_splits=known
    )
    assert outcome.written == ["sts_STS_001"]
    case = read_case(tmp_path / "cases" / "val" / "sts_STS_001")
    expected = {
        (*TUMOR, 112.5): IGNORE,
        (TUMOR[0] + 8, TUMOR[1], 112.5): IGNORE,  # its rim
        (TUMOR[0] + 14, TUMOR[1], 112.5): Label.MUSCLE,
        (*TUMOR, 105.0): Label.MUSCLE,
        (*TUMOR, 122.5): Label.MUSCLE,
        (*EDEMA, 112.5): Label.MUSCLE,
        (32, 0, 112.5): Label.BONE,
        (-32, 0, 112.5): Label.BONE,
        (0, -38, 112.5): Label.SUBCUTANEOUS,
        (-58, -48, 112.5): Label.BACKGROUND,
    }
    assert {place: label_at(case, place) for place in expected} == expected
    assert not (case.labels == Label.CALCIFICATION).any()
    assert case.meta["patient_id"] == "STS_001"
    assert case.meta["license"] == "CC-BY-3.0"
    # Kept from 15 mm below the tumor to 15 mm above it: 6 + 4 + 6 slices.
    assert case.ct.shape[2] == 16
    # 13 x 13 voxels (corners on voxel centers) of 1 x 1 x 2.5 mm in 4 slices.
    assert case.meta["tumor_mm3"] == 13 * 13 * 4 * 2.5


def test_a_patient_without_contours_on_the_ct_is_refused(dataset: Path) -> None:
    item = SoftTissueSarcoma().find(dataset)[1]
    with pytest.raises(InputError, match=r"STS_025 has no tumor .* found 1 RTSTRUCT .* GTV_Mass$"):
        SoftTissueSarcoma().read(item)


def test_images_that_are_nowhere_do_not_matter_where_the_series_is_right(dataset: Path) -> None:
    """De-identified sets: the contours refer to images that no series has."""
    item = SoftTissueSarcoma().find(dataset)[0]
    study = read_ct(item.files["patient"])
    path = item.files["patient"] / "RTstruct_CT" / "1-1.dcm"
    known = {"GTV_Mass": TUMOR, "GTV_Edema": EDEMA}
    nowhere = dict.fromkeys(HEIGHTS, "9.9.9")
    structure_set(path, known, nowhere, str(study.instances[0].SeriesInstanceUID))
    contours = tumor_contours([dcmread(path)], study, path)
    assert sorted(contour[0, 2] for contour in contours) == list(HEIGHTS)
    structure_set(path, known, nowhere)
    with pytest.raises(InputError, match="has no tumor outlined on its CT"):
        tumor_contours([dcmread(path)], study, path)


def test_patients_are_found_in_the_folder_or_one_below(dataset: Path) -> None:
    for folder in (dataset, dataset.parent):
        items = SoftTissueSarcoma().find(folder)
        assert [item.patient_id for item in items] == ["STS_001", "STS_025"]


def test_another_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CT").mkdir()
    with pytest.raises(InputError, match=r"expected a folder STS_001.* found CT"):
        SoftTissueSarcoma().find(tmp_path)
