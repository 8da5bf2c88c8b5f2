"""Measurement groups of the hot spots: one for each (TID 1411), one for all (TID 1501, PS3.16)."""

from collections.abc import Iterable, Mapping

import highdicom as hd

from calciscope.spect.findings import Concordance, ConcordanceClass, HotSpot, SpectFindings
from calciscope.writers.dicom.group_parts import (
    Finding,
    Groups,
    Segmented,
    measurements_of,
    sites_of,
    told,
)
from calciscope.writers.dicom.hot_spot_codes import (
    ACTIVITY_QUANTITIES,
    HOT_SPOT_QUANTITIES,
    PHYSIOLOGIC,
    RUNNER_UP,
    SUV_COMPUTED,
    YES_NO,
)
from calciscope.writers.dicom.hot_spot_segments import (
    ENTIRE_BODY,
    FUNCTION,
    HOT_SPOT,
    PROPERTIES,
)
from calciscope.writers.dicom.identifiers import stable_uid
from calciscope.writers.dicom.segment_description import dicom_code

UPTAKE = Finding(dicom_code(HOT_SPOT), dicom_code(FUNCTION))
TOTAL = "All hot spots"


def hot_spot_groups(
    spect: SpectFindings, segmented: Segmented, concordance: Mapping[int, ConcordanceClass]
) -> Groups:
    """One group for each hot spot, tracked by the UID of its segment.

    Args:
        segmented: the SEG whose segment numbers are ids of hot spots.
        concordance: what CT and SPECT say together of hot spots, by id.
    """
    by_id = {hot_spot.id: hot_spot for hot_spot in spect.hot_spots}
    return [
        segmented.group(
            segment,
            tracking,
            sites_of(segment, by_id[segment.number]),
            measurements_of(HOT_SPOT_QUANTITIES, by_id[segment.number]),
            [*_evaluations(by_id[segment.number]), *told(concordance.get(segment.number))],
        )
        for segment, tracking in segmented.tracked
    ]


def activity_group(
    spect: SpectFindings, identity: tuple[str, ...], algorithm: hd.sr.AlgorithmIdentification
) -> hd.sr.MeasurementsAndQualitativeEvaluations:
    """Sums over all hot spots; it also says whether SUV could be computed."""
    computed = YES_NO[spect.suv_refused is None]
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=stable_uid("total activity", *identity), identifier=TOTAL
        ),
        finding_type=UPTAKE.kind,
        finding_category=UPTAKE.category,
        algorithm_id=algorithm,
        finding_sites=[hd.sr.FindingSite(dicom_code(ENTIRE_BODY))],
        measurements=measurements_of(ACTIVITY_QUANTITIES, spect.summary),
        qualitative_evaluations=[hd.sr.QualitativeEvaluation(name=SUV_COMPUTED, value=computed)],
    )


def concordance_of_lesions(rows: Iterable[Concordance]) -> dict[int, ConcordanceClass]:
    """Class by lesion id."""
    return {number: row.classified for row in rows for number in row.lesion_ids}


def concordance_of_hot_spots(rows: Iterable[Concordance]) -> dict[int, ConcordanceClass]:
    """Class by id of the hot spot."""
    return {number: row.classified for row in rows for number in row.hot_spot_ids}


def _evaluations(hot_spot: HotSpot) -> list[hd.sr.QualitativeEvaluation]:
    """Whether uptake is expected there, and what else it may be."""
    said = [hd.sr.QualitativeEvaluation(name=PHYSIOLOGIC, value=YES_NO[hot_spot.physiologic])]
    if hot_spot.runner_up is not None:
        value = dicom_code(PROPERTIES[hot_spot.runner_up].kind)
        said.append(hd.sr.QualitativeEvaluation(name=RUNNER_UP, value=value))
    return said
