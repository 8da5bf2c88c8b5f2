"""Emission: a series of nuclear medicine or PET, and whether it may be a volume of uptake."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.config import IGNORE
from pydicom.uid import (
    UID,
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
)

from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.elements import quiet, settle, text, texts
from calciscope.readers.headers import Header, read_dataset
from calciscope.readers.injection import Injection, injection_of
from calciscope.readers.nm_frames import has_position
from calciscope.readers.series import Series

MODALITIES = frozenset({"NM", "PT", "ST"})
"""Nuclear medicine, PET, and SPECT as it was called before (PS3.3 C.7.3.1.1.1)."""

_CLASSES = frozenset({NuclearMedicineImageStorage, PositronEmissionTomographyImageStorage})

_UNFIT = (
    ("WHOLE BODY", "planar (WHOLE BODY), which shows no depth"),
    ("STATIC", "planar (STATIC), which shows no depth"),
    ("DYNAMIC", "planar and dynamic (DYNAMIC), which shows no depth"),
    ("RECON GATED TOMO", "gated (RECON GATED TOMO), a movie of the heart"),
    ("GATED TOMO", "gated and not yet reconstructed (GATED TOMO)"),
    ("GATED", "planar and gated (GATED), which shows no depth"),
    ("TOMO", "projections that are not yet reconstructed (TOMO)"),
    ("TRANSMISSION", "a transmission image, not uptake"),
)
"""Values of Image Type (PS3.3 C.8.4.9.1.1) that are no SPECT."""

_MOVIES = {"DYNAMIC", "GATED"}
"""Values of Series Type (PS3.3 C.8.9.1.1.2) of more than one volume."""

_MAP = re.compile(r"(?<![a-z])(mu|μ)[\s_-]*map|attenuation[\s_-]*map|umap", re.IGNORECASE)
_NOT_CORRECTED = re.compile(
    r"(?<![a-z])(nac|irnc|uncorrected|"
    r"(no[nt]?|without|w/?o|ohne|sans)[\s_-]*(ct[\s_-]*)?(ac|attenuation))(?![a-z])",
    re.IGNORECASE,
)
_CORRECTED = re.compile(r"(?<![a-z])(ac|ctac|irac\w*)(?![a-z])", re.IGNORECASE)
_ATTENUATION = re.compile(r"(?<![a-z])attenuation(?![a-z])", re.IGNORECASE)
"""Says that there is something about it, not what."""


@dataclass(frozen=True, eq=False)
class Emission:
    """Files of one series of nuclear medicine or PET.

    Attributes:
        series: without slices as yet.
        first: header of the first, without pixels.
        injection: of the first header.
    """

    series: Series
    files: tuple[FoundFile, ...]
    first: Dataset
    injection: Injection

    @property
    def is_pet(self) -> bool:
        """Whether this is positron emission; a gamma camera's images may come as PET objects."""
        nuclide = self.injection.radionuclide
        return nuclide.is_positron_emitter if nuclide else self.series.modality == "PT"

    @property
    def image_type(self) -> tuple[str, ...]:
        """Image Type in capitals."""
        return tuple(value.upper() for value in texts(self.first, "ImageType"))

    @property
    def unfit_reason(self) -> str:
        """Why this can be no SPECT or PET volume; empty where it may be one."""
        for value, reason in _UNFIT:
            if value in self.image_type[2:]:
                return reason
        if self.series.sop_class_uid not in _CLASSES:
            return f"not a nuclear medicine image but {UID(self.series.sop_class_uid, IGNORE).name}"
        if self.series.modality == "PT" and set(texts(self.first, "SeriesType")) & _MOVIES:
            return "a movie (dynamic or gated)"
        if _MAP.search(self.series.description):
            return "an attenuation map, not uptake"
        if not has_position(self.first):
            return "a nuclear medicine image without a place in the patient"
        return ""

    @property
    def is_attenuation_corrected(self) -> bool | None:
        """As description or Corrected Image say it (PS3.3 C.8.4.9.1.4); None for neither.

        An abbreviation in the description comes first, as Corrected Image may be handed on from
        the projections.
        """
        description = self.series.description
        if _NOT_CORRECTED.search(description):
            return False
        corrected = {value.upper() for value in texts(self.first, "CorrectedImage")}
        if "ATTN" in corrected or _CORRECTED.search(description):
            return True
        if corrected:
            return False
        return True if _ATTENUATION.search(description) else None


def emissions_of(headers: Iterable[Header]) -> list[Emission]:
    """Nuclear medicine and PET among files, as series in the order of number and UID.

    Raises:
        UnreadableFileError: a file is truncated or corrupt.
    """
    groups: dict[tuple[str, ...], list[Header]] = {}
    for header in headers:
        if header.modality in MODALITIES or header.sop_class_uid in _CLASSES:
            key = (header.study_instance_uid, header.series_instance_uid, header.sop_class_uid)
            groups.setdefault(key, []).append(header)
    with quiet():
        found = [_emission(group) for group in groups.values()]
    return sorted(found, key=lambda each: _order(each.series))


def _emission(group: Sequence[Header]) -> Emission:
    head = group[0]
    first = read_dataset(head.file, pixels=False)
    settle(first)
    series = Series(
        study_instance_uid=head.study_instance_uid,
        series_instance_uid=head.series_instance_uid,
        number=head.series_number,
        description=head.series_description,
        modality=head.modality,
        sop_class_uid=head.sop_class_uid,
        instances=len(group),
        slices=(),
    )
    return Emission(series, tuple(each.file for each in group), first, injection_of(first))


def _order(series: Series) -> tuple[float, str]:
    return (float("inf") if series.number is None else series.number), series.series_instance_uid


def reconstruction_in_words(header: Dataset) -> str | None:
    """How a SPECT was reconstructed, as its header says it."""
    said = [
        text(header, keyword)
        for keyword in (
            "ReconstructionMethod",
            "IterativeReconstructionMethod",
            "ConvolutionKernel",
        )
    ]
    return ", ".join(dict.fromkeys(filter(None, said))) or None
