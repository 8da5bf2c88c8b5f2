"""Measurement groups of the SR: one for each lesion, one for each compartment, one for all.

TID 1411 for what has a segment, TID 1501 for the sum of all (PS3.16). A group never covers several
segments: a reader could not tell which voxels its figures are of.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import highdicom as hd

from calciscope.ct.burden import figures_of
from calciscope.findings import BurdenFigures, CtFindings, Lesion
from calciscope.labels import DESCRIPTIONS, Label
from calciscope.spect.findings import ConcordanceClass
from calciscope.writers.dicom.group_parts import (
    Finding,
    Groups,
    Segmented,
    measurements_of,
    sites_of,
    told,
)
from calciscope.writers.dicom.identifiers import stable_uid
from calciscope.writers.dicom.measurement_codes import (
    BURDEN_QUANTITIES,
    LESION_QUANTITIES,
    PATTERN,
    PATTERNS,
)
from calciscope.writers.dicom.segment_description import dicom_code
from calciscope.writers.dicom.segments import SOFT_TISSUE

FOUND = Finding(
    dicom_code(DESCRIPTIONS[Label.CALCIFICATION].property_type),
    dicom_code(DESCRIPTIONS[Label.CALCIFICATION].category),
)
TOTAL = "All lesions"
NONE_TOLD: Mapping[int, ConcordanceClass] = MappingProxyType({})


def lesion_groups(
    lesions: Sequence[Lesion],
    segmented: Segmented,
    concordance: Mapping[int, ConcordanceClass] = NONE_TOLD,
) -> Groups:
    """One group for each lesion, tracked by the UID of its segment.

    Args:
        segmented: the SEG whose segment numbers are lesion ids.
        concordance: what CT and SPECT say together of lesions, by id.
    """
    by_id = {lesion.id: lesion for lesion in lesions}
    return [
        segmented.group(
            segment,
            tracking,
            sites_of(segment, by_id[segment.number]),
            measurements_of(LESION_QUANTITIES, by_id[segment.number]),
            [*_pattern(by_id[segment.number]), *told(concordance.get(segment.number))],
        )
        for segment, tracking in segmented.tracked
    ]


def compartment_groups(lesions: Sequence[Lesion], segmented: Segmented) -> Groups:
    """Sums of each compartment that has lesions; vessel walls are marked but not measured."""
    groups = []
    for segment, tracking in segmented.tracked:
        members = [lesion for lesion in lesions if lesion.compartment is segment.compartment]
        if members and segment.measured:
            groups.append(
                segmented.group(
                    segment,
                    tracking,
                    [hd.sr.FindingSite(dicom_code(segment.anatomy))],
                    measurements_of(BURDEN_QUANTITIES, figures_of(members)),
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
        finding_type=FOUND.kind,
        finding_category=FOUND.category,
        algorithm_id=algorithm,
        finding_sites=[hd.sr.FindingSite(dicom_code(SOFT_TISSUE))],
        measurements=measurements_of(BURDEN_QUANTITIES, total),
    )


def _pattern(lesion: Lesion) -> list[hd.sr.QualitativeEvaluation]:
    """What it looks like, where that was told."""
    if lesion.pattern is None:
        return []
    return [hd.sr.QualitativeEvaluation(name=PATTERN, value=PATTERNS[lesion.pattern])]
