"""Everything one run leaves behind: masks, figures, reports, DICOM objects."""

import resource
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from calciscope.ct.measurements import CtMeasurement
from calciscope.ct.segmentation import CtSegmentation
from calciscope.deidentification import deidentified, deidentified_together
from calciscope.errors import InputError
from calciscope.findings import Findings
from calciscope.findings_json import to_json
from calciscope.labels import Label
from calciscope.models.manifest import ModelManifest
from calciscope.readers import CtStudy
from calciscope.readers.spect_study import SpectStudy
from calciscope.spect.analysis import SpectAnalysis
from calciscope.volume import Volume
from calciscope.writers.capture_pages import capture_pages
from calciscope.writers.dicom.hot_spot_segmentation import SpectOutputs
from calciscope.writers.dicom.objects import ReportPages, write_dicom_objects
from calciscope.writers.nifti import smallest_unsigned, write_volume
from calciscope.writers.report_html import write_html_report
from calciscope.writers.report_pdf import write_pdf_report
from calciscope.writers.report_pictures import draw_pictures
from calciscope.writers.spect.input import SpectPictureInput


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything one run knows, for writers and for callers who want the voxels.

    Attributes:
        study: what was read.
        segmentation: the network's labels on the native grid.
        measurement: lesions and their ids on the same grid.
        findings: what is written to findings.json.
        spect: hot spots and their ids; None without SPECT.
    """

    study: CtStudy
    segmentation: CtSegmentation
    measurement: CtMeasurement
    findings: Findings
    spect: SpectAnalysis | None = None


@dataclass(frozen=True)
class OutputOptions:
    """What the user may decide about the results.

    Attributes:
        labelmap: the DICOM SEG is a LABELMAP, which fewer readers know, not BINARY.
        deidentify: nothing that is written says whose study it is, see `deidentification`.
        show_patient: reports show the Patient ID, which else is only in DICOM results.
    """

    labelmap: bool = False
    deidentify: bool = False
    show_patient: bool = False

    def __post_init__(self) -> None:
        if self.deidentify and self.show_patient:
            raise InputError(
                "a report cannot be de-identified and show the patient; leave one option out"
            )

    def apply(self, study: CtStudy) -> CtStudy:
        """The study as results may know it."""
        if self.deidentify:
            return deidentified(study)
        if self.show_patient and study.instances:
            return replace(study, patient_shown=str(study.instances[0].get("PatientID") or ""))
        return study

    def apply_to_both(
        self, study: CtStudy, spect: SpectStudy | None
    ) -> tuple[CtStudy, SpectStudy | None]:
        """CT and SPECT as results may know them; they still belong together."""
        if self.deidentify:
            return deidentified_together(study, spect)
        return self.apply(study), spect


PLAIN_OUTPUTS = OutputOptions()


def write_results(
    folder: Path,
    analysis: Analysis,
    model: ModelManifest,
    options: OutputOptions = PLAIN_OUTPUTS,
) -> Findings:
    """Write all files.

    Args:
        folder: to write into.
        analysis: what was found.
        model: that segmented it.
        options: how to write.

    Returns:
        The findings with the times that writing took, as they are in findings.json.
    """
    study, segmented = analysis.study, analysis.segmentation
    lesions, findings = analysis.measurement.lesion_ids, analysis.findings
    times = dict(findings.provenance.times_s)
    mark = perf_counter()
    # What is reported is what was measured: specks under the minimum size are in no mask.
    mask = (lesions.array > 0).astype(np.uint8)
    write_volume(folder / "calcification.nii.gz", lesions.with_array(mask))
    write_volume(folder / "calcification_lesions.nii.gz", lesions, smallest_unsigned(lesions.array))
    write_volume(folder / "tissues.nii.gz", _without_specks(analysis))
    uptake = None
    if analysis.spect is not None:
        hot = analysis.spect
        write_volume(
            folder / "hot_spots.nii.gz", hot.hot_spot_ids, smallest_unsigned(hot.hot_spot_ids.array)
        )
        uptake = SpectPictureInput(hot.aligned, hot.hot_spot_ids, hot.findings, hot.concordance)
    times["write_nifti"] = perf_counter() - mark
    mark = perf_counter()
    pictures = draw_pictures(study, segmented, lesions, findings.ct, uptake)
    shown = (study, segmented, lesions, findings, pictures)
    write_html_report(folder / "report.html", *shown, spect=uptake)
    write_pdf_report(folder / "report.pdf", *shown, spect=uptake)
    times["write_report"] = perf_counter() - mark
    if study.instances:
        mark = perf_counter()
        pages = ReportPages(
            (folder / "report.pdf").read_bytes(),
            capture_pages(findings, pictures.projections, pictures.close_ups, pictures.spect),
        )
        write_dicom_objects(
            folder / "dicom",
            study,
            lesions,
            segmented.tissues,
            findings,
            pages,
            model,
            options.labelmap,
            spect=_dicom_part(analysis.spect, findings),
        )
        times["write_dicom"] = perf_counter() - mark
    provenance = replace(findings.provenance, times_s=times, peak_ram_mb=peak_ram_mb())
    findings = replace(findings, provenance=provenance)
    (folder / "findings.json").write_text(to_json(findings), encoding="utf-8")
    return findings


def _dicom_part(spect: SpectAnalysis | None, findings: Findings) -> SpectOutputs | None:
    """The hot spots for DICOM, in the same place as in hot_spots.nii.gz."""
    if spect is None:
        return None
    # The second model of the provenance is what named the compartments, see `pipeline`.
    return SpectOutputs(spect.study, spect.hot_spot_ids, findings.provenance.models[-1])


def peak_ram_mb() -> float:
    """Largest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1024.0)


def _without_specks(analysis: Analysis) -> Volume:
    """Tissues in which calcification is exactly what became a lesion."""
    segmentation = analysis.segmentation
    lesion = analysis.measurement.lesion_ids.array > 0
    speck = (segmentation.tissues.array == Label.CALCIFICATION) & ~lesion
    array = np.where(speck, segmentation.tissue_beneath.array, segmentation.tissues.array)
    return segmentation.tissues.with_array(array)
