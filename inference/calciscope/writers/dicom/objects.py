"""All DICOM results of a study, in one folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from calciscope.findings import Findings
from calciscope.findings_json import to_dict
from calciscope.models.manifest import ModelManifest
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers.capture_pages import CapturePage
from calciscope.writers.dicom.captures import write_captures
from calciscope.writers.dicom.encapsulated_pdf import write_encapsulated_pdf
from calciscope.writers.dicom.hot_spot_segmentation import (
    SpectOutputs,
    write_hot_spot_segmentation,
)
from calciscope.writers.dicom.measurement_report import HotSpotReport, write_measurement_report
from calciscope.writers.dicom.segmentation_file import BINARY, LABELMAP
from calciscope.writers.dicom.segmentation_object import (
    write_lesion_segmentation,
    write_segmentation,
)


@dataclass(frozen=True)
class ReportPages:
    """The report in the forms that go into DICOM.

    Attributes:
        pdf: the document.
        captures: its pictures.
    """

    pdf: bytes
    captures: Sequence[CapturePage]


def write_dicom_objects(
    folder: Path,
    study: CtStudy,
    lesions: Volume,
    tissues: Volume,
    findings: Findings,
    pages: ReportPages,
    model: ModelManifest | None = None,
    labelmap: bool = False,
    created: datetime | None = None,
    spect: SpectOutputs | None = None,
) -> None:
    """Write SEG (by compartment, lesion by lesion), SR, encapsulated PDF and captures.

    With a SPECT also a SEG of its hot spots, where there is one.

    Args:
        folder: to write into.
        study: what was analyzed; it must come from DICOM.
        lesions, tissues: lesion ids and values of `labels.Label` on the grid of the study.
        findings: the figures.
        pages: of the report.
        model: what segmented the lesions; None for a rule.
        labelmap: whether the SEG by compartment is a LABELMAP, which fewer readers know.
        created: date and time of all content; now where not given.
        spect: the SPECT part; None where there was none.

    Raises:
        OutputError: the study has no DICOM instances, or lesions or hot spots and findings do not
            agree.
    """
    moment = created or datetime.now()
    kind = LABELMAP if labelmap else BINARY
    by_compartment = write_segmentation(
        folder / "segmentation.dcm", study, lesions, findings, model, tissues, moment, kind
    )
    by_lesion = None
    if findings.ct.lesions:
        by_lesion = write_lesion_segmentation(
            folder / "lesions.dcm", study, lesions, findings, model, moment
        )
    hot_spots = None if spect is None else _hot_spots(folder, study, spect, findings, moment)
    write_measurement_report(
        folder / "measurements.dcm", study, findings, by_compartment, by_lesion, model, moment,
        hot_spots,
    )  # fmt: skip
    version = findings.provenance.program_version
    said = {key: value for key, value in to_dict(findings).items() if key != "provenance"}
    made = findings.provenance
    told = [said, made.warnings, made.engine, version, study.patient_shown]
    content = json.dumps(told, sort_keys=True)
    further = () if spect is None else spect.study.instances
    write_encapsulated_pdf(
        folder / "report.dcm", study, pages.pdf, content, version, model, moment, further
    )
    write_captures(folder, study, pages.captures, content, version, model, moment)


def _hot_spots(
    folder: Path, study: CtStudy, spect: SpectOutputs, findings: Findings, moment: datetime
) -> HotSpotReport:
    """Write the SEG of the hot spots, where there is one."""
    written = None
    if findings.spect is not None and findings.spect.hot_spots:
        written = write_hot_spot_segmentation(
            folder / "hot_spots.dcm", study, spect, findings, moment
        )
    return HotSpotReport(spect, written)
