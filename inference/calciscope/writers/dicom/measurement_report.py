"""DICOM SR of the measurements: Comprehensive 3D SR, TID 1500 (PS3.3 A.35.13, PS3.16)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import highdicom as hd
from pydicom import Dataset
from pydicom.sr.codedict import codes

from calciscope.findings import Findings
from calciscope.findings_json import to_dict
from calciscope.readers.study import CtStudy
from calciscope.writers.dicom.equipment import (
    MANUFACTURER,
    NamedModel,
    ResultSeries,
    common_arguments,
    making,
    run_identity,
    save,
    settle,
)
from calciscope.writers.dicom.group_parts import Group, Segmented, algorithm_of
from calciscope.writers.dicom.hot_spot_groups import (
    UPTAKE,
    activity_group,
    concordance_of_hot_spots,
    concordance_of_lesions,
    hot_spot_groups,
)
from calciscope.writers.dicom.hot_spot_segmentation import RULE, SpectOutputs
from calciscope.writers.dicom.identifiers import stable_uid
from calciscope.writers.dicom.measurement_codes import SCHEME
from calciscope.writers.dicom.measurement_groups import (
    FOUND,
    compartment_groups,
    lesion_groups,
    total_group,
)
from calciscope.writers.dicom.segmentation_file import WrittenSegmentation
from calciscope.writers.dicom.source import bare_headers, frame_of_reference_of

SERIES = ResultSeries("SR", "Calciscope measurements (research use, not a diagnosis)", 3000)

CT_PROCEDURE = codes.cid100.CTUnspecifiedBodyRegion
SPECT_PROCEDURE = codes.SCT.SPECT
"""The other thing that was done (CID 3206); CID 100, of what a report is of, has no SPECT."""

FEW = 8
"""Up to so many images (bed positions of an NM) each group names; of more it names the series."""


@dataclass(frozen=True, eq=False)
class HotSpotReport:
    """The SPECT part of a report.

    Attributes:
        spect: hot spots and what they were found in.
        written: their SEG; None where there is none.
    """

    spect: SpectOutputs
    written: WrittenSegmentation | None


def write_measurement_report(
    path: Path,
    study: CtStudy,
    findings: Findings,
    compartments: WrittenSegmentation,
    lesions: WrittenSegmentation | None,
    model: NamedModel | None = None,
    created: datetime | None = None,
    hot_spots: HotSpotReport | None = None,
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
        hot_spots: the SPECT part; None where there was no SPECT.

    Raises:
        OutputError: the study has no DICOM instances.
    """
    part = hot_spots if findings.spect else None
    written = [
        each for each in (compartments, lesions, part.written if part else None) if each is not None
    ]
    instances = part.spect.study.instances if part else ()
    version = findings.provenance.program_version
    moment = created or datetime.now()
    with making(path, study):
        source = study.instances[0]
        headers = bare_headers(study.instances, frame_of_reference_of(study.instances))
        said = to_dict(findings)
        identity = (
            *run_identity(source, model, study.content_key),
            *(str(segmentation.sop_instance_uid) for segmentation in written),
            json.dumps(said["ct"], sort_keys=True),
        )
        if part:
            told = json.dumps([said["spect"], said["concordance"]], sort_keys=True)
            identity = (*identity, told)
        procedures = [CT_PROCEDURE, SPECT_PROCEDURE] if part else [CT_PROCEDURE]
        report = hd.sr.Comprehensive3DSR(
            evidence=[*headers, *instances, *(_evidence(each) for each in written)],
            content=_content(
                version,
                [
                    *_lesions(study, findings, compartments, lesions, model, identity),
                    *(_hot_spots(study, findings, part, identity) if part else ()),
                ],
            ),
            is_complete=True,
            is_final=True,
            performed_procedure_codes=procedures,
            coding_schemes=[
                hd.coding_schemes.CodingSchemeIdentificationItem(
                    SCHEME, name="Calciscope", responsible_organization=MANUFACTURER
                )
            ],
            **common_arguments(SERIES, source, identity, model, version, moment),
        )
        settle(report, source, moment)
        save(report, path)


def _content(version: str, groups: Sequence[Group]) -> Dataset:
    """The content tree."""
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
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    return report[0]


def _lesions(
    study: CtStudy,
    findings: Findings,
    compartments: WrittenSegmentation,
    lesions: WrittenSegmentation | None,
    model: NamedModel | None,
    identity: tuple[str, ...],
) -> Iterator[Group]:
    """Groups of all lesions, of each compartment and of each lesion."""
    source, found = study.instances[0], findings.ct.lesions
    algorithm = algorithm_of(model, findings.provenance.program_version)
    yield total_group(findings.ct, identity, algorithm)
    yield from compartment_groups(found, Segmented(compartments, source, FOUND, algorithm))
    if lesions is not None:
        concordance = concordance_of_lesions(findings.concordance)
        yield from lesion_groups(found, Segmented(lesions, source, FOUND, algorithm), concordance)


def _hot_spots(
    study: CtStudy, findings: Findings, part: HotSpotReport, identity: tuple[str, ...]
) -> Iterator[Group]:
    """Groups of all hot spots and of each."""
    if findings.spect is None:
        return
    images = part.spect.study.instances
    source = (images or study.instances)[0]
    algorithm = algorithm_of(part.spect.model, findings.provenance.program_version, RULE)
    yield activity_group(findings.spect, identity, algorithm)
    if part.written is not None:
        few = images if len(images) <= FEW else ()
        yield from hot_spot_groups(
            findings.spect,
            Segmented(part.written, source, UPTAKE, algorithm, few),
            concordance_of_hot_spots(findings.concordance),
        )


def _evidence(written: WrittenSegmentation) -> Dataset:
    """A SEG as an item of the evidence: its place in the study."""
    result = Dataset()
    result.StudyInstanceUID = written.study_instance_uid
    result.SeriesInstanceUID = written.series_instance_uid
    result.SOPInstanceUID = written.sop_instance_uid
    result.SOPClassUID = written.sop_class_uid
    return result
