"""What the readers give: a volume in HU with everything later stages need of its source."""

from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from calciscope.volume import Volume


@dataclass(frozen=True)
class CtAcquisition:
    """How the CT was made; None where the source does not say.

    Attributes:
        kvp: tube voltage in kV.
        kernel: Convolution Kernel as the vendor names it.
        slice_thickness_mm: nominal thickness, which may differ from the slice spacing.
        contrast_agent: Contrast/Bolus Agent; None also where the attribute is empty.
        exposure_mas: median over the slices.
        manufacturer: of the scanner.
        model_name: of the scanner.
        patient_position: HFS, FFS, HFP and so on (PS3.3 C.7.3.1.1.2).
        reconstruction_diameter_mm: field of view of the reconstruction.
        date: of the acquisition, YYYY-MM-DD.
    """

    kvp: float | None = None
    kernel: str | None = None
    slice_thickness_mm: float | None = None
    contrast_agent: str | None = None
    exposure_mas: float | None = None
    manufacturer: str | None = None
    model_name: str | None = None
    patient_position: str | None = None
    reconstruction_diameter_mm: float | None = None
    date: str | None = None


@dataclass(frozen=True)
class SeriesSummary:
    """One series, or one stack of a series, as it is told to the user.

    Attributes:
        instances: number of files (SOP instances).
        reason: why it was left out; empty for the chosen one.
    """

    series_instance_uid: str
    number: int | None
    description: str
    modality: str
    instances: int
    study_instance_uid: str
    reason: str = ""


def series_text(series: SeriesSummary, with_uid: bool = False) -> str:
    """A series in a few words for a report, or with its UID where it must be found again."""
    if with_uid:
        number = "?" if series.number is None else str(series.number)
        return (
            f"series {number} '{series.description}' ({series.modality}, {series.instances} files, "
            f"{series.series_instance_uid})"
        )
    number = "" if series.number is None else f"{series.number}: "
    files = "1 file" if series.instances == 1 else f"{series.instances} files"
    return f"{number}{series.description or 'without description'} ({series.modality}, {files})"


@dataclass(frozen=True, eq=False)
class CtStudy:
    """A CT, ready for analysis, and where it came from.

    Attributes:
        source: the path that was given.
        volume: HU, int16 (float32 where the rescale is fractional), not below -1024; for DICOM
            i is the column, j the row, k the slice, k growing along the slice normal.
        acquisition: how the CT was made.
        series: the chosen series; None for NIfTI.
        left_out: all other series, each with the reason.
        warnings: sentences the user should read.
        instances: source headers without pixel data, in k order; one data set for each enhanced
            multi-frame file; empty for NIfTI.
        resampled: whether the grid of `volume` is not that of the instances.
        patient_shown: what reports say of the patient; nothing unless it is asked for.
        content_key: what tells this state of the study from earlier ones; UIDs of results follow
            from it where it is given.
    """

    source: Path
    volume: Volume
    acquisition: CtAcquisition
    series: SeriesSummary | None
    left_out: tuple[SeriesSummary, ...]
    warnings: tuple[str, ...]
    instances: tuple[Dataset, ...]
    resampled: bool
    patient_shown: str = ""
    content_key: str = ""
