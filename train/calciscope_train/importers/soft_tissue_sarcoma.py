"""Soft-tissue-Sarcoma (TCIA): CT, PET and MR of 51 patients as DICOM, with the tumor outlined.

    STS_001/<study>/<series>/*.dcm      as the TCIA retriever writes them; any depth will do

Of each patient the CT is taken from 50 mm below the tumor to 50 mm above it. Its tissues are
labeled by the rules that label the hosts, which were made on these very scans cropped alike; the
tumor, outlined in the RTSTRUCT that refers to the CT, becomes 255. PET and MR are passed over.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from calciscope.errors import InputError
from calciscope.preprocessing import PreprocessingSpec, preprocess
from calciscope.readers import read_ct
from calciscope.readers.dicom_files import files_in_folder
from calciscope.readers.study import CtStudy
from calciscope.resampling import resample_labels
from calciscope_train.host_masks import opened, within
from calciscope_train.host_tissues import label_host
from calciscope_train.importers.claims import Claim
from calciscope_train.importers.contours import Points, voxels_inside
from calciscope_train.importers.item import ClaimedCt, Item
from calciscope_train.importers.reading import wrong_layout

LAYOUT = "a folder STS_001, STS_002 ... for each patient, with DICOM files at any depth"

PATIENT = re.compile(r"STS_\d{3}")
TUMOR = re.compile(r"GTV(?!.*edema)", re.IGNORECASE)
"""ROI Names of the tumor; the edema around it is tissue like any other."""

AROUND_MM = 50.0
"""How far beyond the tumor the CT is kept, below and above."""

CLOTH_MM = 4.0
"""Half the thickness under which what hangs on the body is a fold of cloth rather than skin."""

RIM_MM = 3.0
"""What lies this near to the outline may still be tumor."""


@dataclass(frozen=True)
class SoftTissueSarcoma:
    """The importer."""

    name: str = "soft-tissue-sarcoma"
    citation: str = (
        "Vallieres et al. 2015, Soft-tissue-Sarcoma, TCIA, 10.7937/K9/TCIA.2015.7GO2GSKS"
    )

    def find(self, folder: Path) -> list[Item]:
        """The patients."""
        places = [folder, *(folder.glob("*") if folder.is_dir() else ())]
        patients = sorted(
            path
            for place in places
            if place.is_dir()
            for path in place.iterdir()
            if path.is_dir() and PATIENT.fullmatch(path.name)
        )
        if not patients:
            raise wrong_layout(folder, LAYOUT)
        return [
            Item(f"sts_{path.name}", path.name, "CC-BY-3.0", {"patient": path}) for path in patients
        ]

    def read(self, item: Item) -> ClaimedCt:
        """The CT around the tumor, with tissues by rule."""
        folder = item.files["patient"]
        study = read_ct(folder)
        contours = tumor_contours(_structure_sets(folder), study, folder)
        tumor = study.volume.with_array(voxels_inside(contours, study.volume))
        if not tumor.array.any():
            raise InputError(f"{folder} has its tumor outlined outside of the CT")
        ct, mask = study.volume.canonical().volume, tumor.canonical().volume
        along_k = np.flatnonzero(mask.array.any(axis=(0, 1)))
        around = int(np.ceil(AROUND_MM / float(ct.spacing_mm[2])))
        start = (0, 0, max(int(along_k[0]) - around, 0))
        stop = (*ct.shape[:2], min(int(along_k[-1]) + 1 + around, ct.shape[2]))
        # On the model grid already: the rules were made there.
        grid = preprocess(ct.crop(start, stop), PreprocessingSpec()).volume
        inside = resample_labels(mask.crop(start, stop).array, grid.shape)
        claims = label_host(grid).tissues.array.astype(np.uint8)
        patient = claims != Claim.BACKGROUND
        claims[patient & ~opened(patient, CLOTH_MM, grid.spacing_mm)] = Claim.UNKNOWN
        claims[within(inside, RIM_MM, grid.spacing_mm)] = Claim.UNKNOWN
        notes = {
            "tissues": "by rule",
            "tumor_mm3": round(float(tumor.array.sum()) * study.volume.voxel_volume_mm3),
            "native_slices": study.volume.shape[2],
            "kvp": study.acquisition.kvp,
        }
        return ClaimedCt(grid, claims, notes)


def _structure_sets(folder: Path) -> list[Dataset]:
    """All RTSTRUCT files below a folder."""
    found: list[Dataset] = []
    for file in files_in_folder(folder).dicom:
        try:
            if dcmread(file.path, specific_tags=["Modality"]).get("Modality") == "RTSTRUCT":
                found.append(dcmread(file.path))
        except (InvalidDicomError, OSError, ValueError) as error:
            raise InputError(f"{file.path} cannot be read ({error}); download it again") from error
    return found


def tumor_contours(structure_sets: Sequence[Dataset], study: CtStudy, folder: Path) -> list[Points]:
    """Contours of the tumor that were drawn on the CT (PS3.3 C.8.8.5 and C.8.8.6), LPS mm.

    Raises:
        InputError: there are none.
    """
    instances = {str(header.SOPInstanceUID) for header in study.instances}
    series = {str(header.SeriesInstanceUID) for header in study.instances}
    contours: list[Points] = []
    names: list[str] = []
    for dataset in structure_sets:
        by_number = {
            int(roi.ROINumber): str(roi.ROIName) for roi in dataset.StructureSetROISequence
        }
        names += by_number.values()
        on_ct = bool(_series(dataset) & series)
        for roi in dataset.ROIContourSequence:
            if not TUMOR.match(by_number.get(int(roi.ReferencedROINumber), "")):
                continue
            contours += [
                np.array(contour.ContourData, dtype=np.float64).reshape(-1, 3)
                for contour in roi.get("ContourSequence") or []
                if on_ct or _images(contour) & instances
            ]
    if not contours:
        raise InputError(
            f"{folder} has no tumor outlined on its CT: expected an RTSTRUCT with a ROI GTV_... "
            f"that refers to the CT, found {len(structure_sets)} RTSTRUCT with the ROIs "
            f"{', '.join(names) or 'none'}"
        )
    return contours


def _series(dataset: Dataset) -> set[str]:
    """The series that a structure set was drawn on.

    De-identification has left some sets with images that are nowhere, but with the right series.
    """
    return {
        str(series.SeriesInstanceUID)
        for frame in dataset.get("ReferencedFrameOfReferenceSequence") or []
        for study in frame.get("RTReferencedStudySequence") or []
        for series in study.get("RTReferencedSeriesSequence") or []
    }


def _images(contour: Dataset) -> set[str]:
    """The images that a contour was drawn on."""
    images = contour.get("ContourImageSequence") or []
    return {str(image.ReferencedSOPInstanceUID) for image in images}
