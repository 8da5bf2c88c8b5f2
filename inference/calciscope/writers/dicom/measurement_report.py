"""DICOM SR of the measurements: Comprehensive 3D SR, TID 1500 (PS3.3 A.35.13, PS3.16)."""

import json
from datetime import datetime
from pathlib import Path

import highdicom as hd
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from calciscope.findings import Findings
from calciscope.findings_json import to_dict
from calciscope.models.manifest import ModelManifest
from calciscope.readers.study import CtStudy
from calciscope.writers.dicom.equipment import (
    MANUFACTURER,
    ResultSeries,
    common_arguments,
    making,
    run_identity,
    save,
    settle,
)
from calciscope.writers.dicom.identifiers import stable_uid
from calciscope.writers.dicom.measurement_codes import SCHEME
from calciscope.writers.dicom.measurement_groups import (
    algorithm_of,
    compartment_groups,
    lesion_groups,
    total_group,
)
from calciscope.writers.dicom.segmentation_object import WrittenSegmentation
from calciscope.writers.dicom.source import bare_headers, frame_of_reference_of

SERIES = ResultSeries("SR", "Calciscope measurements (research use, not a diagnosis)", 3000)

CT_PROCEDURE = codes.cid100.CTUnspecifiedBodyRegion
"""What the report is of (CID 100)."""


def write_measurement_report(
    path: Path,
    study: CtStudy,
    findings: Findings,
    compartments: WrittenSegmentation,
    lesions: WrittenSegmentation | None,
    model: ModelManifest | None = None,
    created: datetime | None = None,
) -> None:
    """Write the figures of a study read from DICOM.

    UIDs depend on the source series, the model and the figures: repeating an analysis gives the
    same object, a corrected one a new one.

    Args:
        path: file to write.
        study: what was analyzed; it must come from DICOM.
        findings: the figures.
        compartments: the SEG by compartment.
        lesions: the SEG lesion by lesion; None where there is no lesion.
        model: what segmented them; None for a rule.
        created: date and time of the content; now where not given.

    Raises:
        OutputError: the study has no DICOM instances.
    """
    written = [compartments] if lesions is None else [compartments, lesions]
    version = findings.provenance.program_version
    moment = created or datetime.now()
    with making(path, study):
        source = study.instances[0]
        headers = bare_headers(study.instances, frame_of_reference_of(study.instances))
        identity = (
            *run_identity(study, model),
            *(str(segmentation.sop_instance_uid) for segmentation in written),
            json.dumps(to_dict(findings)["ct"], sort_keys=True),
        )
        report = hd.sr.Comprehensive3DSR(
            evidence=[*headers, *(_evidence(headers[0], s) for s in written)],
            content=_content(study, findings, compartments, lesions, model, identity),
            is_complete=True,
            is_final=True,
            performed_procedure_codes=[CT_PROCEDURE],
            coding_schemes=[
                hd.coding_schemes.CodingSchemeIdentificationItem(
                    SCHEME, name="Calciscope", responsible_organization=MANUFACTURER
                )
            ],
            **common_arguments(SERIES, source, identity, model, version, moment),
        )
        settle(report, source, moment)
        save(report, path)


def _content(
    study: CtStudy,
    findings: Findings,
    compartments: WrittenSegmentation,
    lesions: WrittenSegmentation | None,
    model: ModelManifest | None,
    identity: tuple[str, ...],
) -> Dataset:
    """The content tree."""
    version = findings.provenance.program_version
    series = UID(study.instances[0].SeriesInstanceUID)
    algorithm = algorithm_of(model, version)
    found = findings.ct.lesions
    groups = [] if lesions is None else lesion_groups(found, lesions, series, algorithm)
    report = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(
            observer_device_context=hd.sr.ObserverContext(
                observer_type=codes.DCM.Device,
                observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
                    uid=stable_uid("device", MANUFACTURER, version),
                    name=MANUFACTURER,
                    manufacturer_name=MANUFACTURER,
                    model_name=f"{MANUFACTURER} {version}",
                ),
            )
        ),
        procedure_reported=CT_PROCEDURE,
        imaging_measurements=[
            total_group(findings.ct, identity, algorithm),
            *compartment_groups(found, compartments, series, algorithm),
            *groups,
        ],
        title=codes.DCM.ImagingMeasurementReport,
    )
    return report[0]


def _evidence(header: Dataset, written: WrittenSegmentation) -> Dataset:
    """A SEG as an item of the evidence: its place in the study."""
    result = Dataset()
    result.StudyInstanceUID = header.StudyInstanceUID
    result.SeriesInstanceUID = written.series_instance_uid
    result.SOPInstanceUID = written.sop_instance_uid
    result.SOPClassUID = written.sop_class_uid
    return result
