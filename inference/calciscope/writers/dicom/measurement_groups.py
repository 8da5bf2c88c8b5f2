"""Measurement groups of the SR: one for each lesion, one for each compartment, one for all.

TID 1411 for what has a segment, TID 1501 for the sum of all (PS3.16). A group never covers several
segments: a reader could not tell which voxels its figures are of.
"""

from collections.abc import Sequence
from typing import TypeVar

import highdicom as hd
from pydicom.uid import UID

from calciscope.ct.burden import figures_of
from calciscope.findings import BurdenFigures, CtFindings, Lesion
from calciscope.labels import DESCRIPTIONS, Label
from calciscope.writers.dicom.equipment import NamedModel
from calciscope.writers.dicom.identifiers import stable_uid
from calciscope.writers.dicom.measurement_codes import (
    BURDEN_QUANTITIES,
    LESION_QUANTITIES,
    LEVELS,
    PATTERN,
    PATTERNS,
    REGIONS,
    SIDES,
    Quantity,
)
from calciscope.writers.dicom.segment_description import (
    ARTIFICIAL_INTELLIGENCE,
    THRESHOLD,
    dicom_code,
)
from calciscope.writers.dicom.segmentation_file import WrittenSegmentation
from calciscope.writers.dicom.segments import SOFT_TISSUE, Segment

T = TypeVar("T")

FINDING = dicom_code(DESCRIPTIONS[Label.CALCIFICATION].property_type)
CATEGORY = dicom_code(DESCRIPTIONS[Label.CALCIFICATION].category)
TOTAL = "All lesions"


def algorithm_of(
    model: NamedModel | None, version: str, rule: str = THRESHOLD
) -> hd.sr.AlgorithmIdentification:
    """What found and measured the lesions (TID 4019): a model, or a rule of this program."""
    return hd.sr.AlgorithmIdentification(
        name=model.name if model else rule,
        version=model.version if model else version,
        parameters=[f"program calciscope {version}"]
        + ([f"model sha256 {model.sha256}"] if model else []),
        family=ARTIFICIAL_INTELLIGENCE,
        manufacturer="Calciscope",
    )


def lesion_groups(
    lesions: Sequence[Lesion],
    written: WrittenSegmentation,
    source_series: UID,
    algorithm: hd.sr.AlgorithmIdentification,
) -> list[hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations]:
    """One group for each lesion, tracked by the UID of its segment.

    Args:
        written: the SEG whose segment numbers are lesion ids.
        source_series: Series Instance UID of the CT.
    """
    by_id = {lesion.id: lesion for lesion in lesions}
    return [
        _group(
            segment,
            tracking,
            written,
            source_series,
            algorithm,
            _sites(segment, by_id[segment.number]),
            _measurements(LESION_QUANTITIES, by_id[segment.number]),
            _pattern(by_id[segment.number]),
        )
        for segment, tracking in zip(written.segments, written.tracking_uids, strict=True)
    ]


def compartment_groups(
    lesions: Sequence[Lesion],
    written: WrittenSegmentation,
    source_series: UID,
    algorithm: hd.sr.AlgorithmIdentification,
) -> list[hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations]:
    """Sums of each compartment that has lesions; vessel walls are marked but not measured."""
    groups = []
    for segment, tracking in zip(written.segments, written.tracking_uids, strict=True):
        members = [lesion for lesion in lesions if lesion.compartment is segment.compartment]
        if members and segment.measured:
            groups.append(
                _group(
                    segment,
                    tracking,
                    written,
                    source_series,
                    algorithm,
                    [hd.sr.FindingSite(dicom_code(segment.anatomy))],
                    _measurements(BURDEN_QUANTITIES, figures_of(members)),
                )
            )
    return groups


def total_group(
    ct: CtFindings, identity: tuple[str, ...], algorithm: hd.sr.AlgorithmIdentification
) -> hd.sr.MeasurementsAndQualitativeEvaluations:
    """Sums over all lesions; zeros where there is none."""
    total: BurdenFigures = ct.burden.total
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=stable_uid("total", *identity), identifier=TOTAL
        ),
        finding_type=FINDING,
        finding_category=CATEGORY,
        algorithm_id=algorithm,
        finding_sites=[hd.sr.FindingSite(dicom_code(SOFT_TISSUE))],
        measurements=_measurements(BURDEN_QUANTITIES, total),
    )


def _group(
    segment: Segment,
    tracking: UID,
    written: WrittenSegmentation,
    source_series: UID,
    algorithm: hd.sr.AlgorithmIdentification,
    sites: list[hd.sr.FindingSite],
    measurements: list[hd.sr.Measurement],
    evaluations: list[hd.sr.QualitativeEvaluation] | None = None,
) -> hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=tracking, identifier=segment.text),
        referenced_segment=hd.sr.ReferencedSegment(
            sop_class_uid=written.sop_class_uid,
            sop_instance_uid=written.sop_instance_uid,
            segment_number=segment.number,
            source_series=hd.sr.SourceSeriesForSegmentation(source_series),
        ),
        finding_type=FINDING,
        finding_category=CATEGORY,
        algorithm_id=algorithm,
        finding_sites=sites,
        measurements=measurements,
        qualitative_evaluations=evaluations,
    )


def _pattern(lesion: Lesion) -> list[hd.sr.QualitativeEvaluation]:
    """What it looks like, where that was told."""
    if lesion.pattern is None:
        return []
    return [hd.sr.QualitativeEvaluation(name=PATTERN, value=PATTERNS[lesion.pattern])]


def _sites(segment: Segment, lesion: Lesion) -> list[hd.sr.FindingSite]:
    """The tissue, and the part of the body where it is known; both with their side."""
    side = SIDES[lesion.laterality]
    sites = [hd.sr.FindingSite(dicom_code(segment.anatomy), laterality=side)]
    region = REGIONS.get(lesion.region)
    if region is not None:
        level = None if lesion.level is None else LEVELS[lesion.level]
        sites.append(hd.sr.FindingSite(region, laterality=side, topographical_modifier=level))
    return sites


def _measurements(quantities: Sequence[Quantity[T]], record: T) -> list[hd.sr.Measurement]:
    """What could be measured of a record."""
    found = ((quantity, quantity.value(record)) for quantity in quantities)
    return [
        hd.sr.Measurement(
            name=quantity.name,
            value=round(value, quantity.digits),
            unit=quantity.unit,
            derivation=quantity.derivation,
            method=quantity.method,
        )
        for quantity, value in found
        if value is not None
    ]
