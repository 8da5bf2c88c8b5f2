"""What measurement groups of lesions and of hot spots share (TID 1411, 1419, 4019; PS3.16)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import highdicom as hd
from pydicom import Dataset
from pydicom.sr.coding import Code as DicomCode
from pydicom.uid import UID

from calciscope.locations import Laterality, Level, Region
from calciscope.spect.findings import ConcordanceClass
from calciscope.writers.dicom.equipment import NamedModel
from calciscope.writers.dicom.hot_spot_codes import CONCORDANCE, CONCORDANCES
from calciscope.writers.dicom.measurement_codes import LEVELS, REGIONS, SIDES, Quantity
from calciscope.writers.dicom.segment_description import (
    ARTIFICIAL_INTELLIGENCE,
    THRESHOLD,
    dicom_code,
)
from calciscope.writers.dicom.segmentation_file import WrittenSegmentation
from calciscope.writers.dicom.segments import Segment

T = TypeVar("T")
Group = (
    hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations
    | hd.sr.MeasurementsAndQualitativeEvaluations
)
Groups = list[hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations]
"""Of a SEG."""


@dataclass(frozen=True)
class Finding:
    """What a group is of: Finding and Finding Category."""

    kind: DicomCode
    category: DicomCode


@dataclass(frozen=True)
class Segmented:
    """What all groups of a SEG share.

    Attributes:
        written: the SEG.
        source: header of one image of the series that it was drawn on.
        images: that series in full where it is few files, which the groups then name.
        finding: what its segments are of.
        algorithm: what found and measured it.
    """

    written: WrittenSegmentation
    source: Dataset
    finding: Finding
    algorithm: hd.sr.AlgorithmIdentification
    images: Sequence[Dataset] = ()

    @property
    def tracked(self) -> Iterator[tuple[Segment, UID]]:
        """Its segments and what they are tracked by."""
        return zip(self.written.segments, self.written.tracking_uids, strict=True)

    def group(
        self,
        segment: Segment,
        tracking: UID,
        sites: list[hd.sr.FindingSite],
        measurements: list[hd.sr.Measurement],
        evaluations: list[hd.sr.QualitativeEvaluation] | None = None,
    ) -> hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
        """The group of a segment (TID 1411), tracked by its UID."""
        images = [
            hd.sr.SourceImageForSegmentation(image.SOPClassUID, image.SOPInstanceUID)
            for image in self.images
        ]
        series = UID(self.source.SeriesInstanceUID)
        return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=hd.sr.TrackingIdentifier(uid=tracking, identifier=segment.text),
            referenced_segment=hd.sr.ReferencedSegment(
                sop_class_uid=self.written.sop_class_uid,
                sop_instance_uid=self.written.sop_instance_uid,
                segment_number=segment.number,
                source_images=images or None,
                source_series=hd.sr.SourceSeriesForSegmentation(series),
            ),
            finding_type=self.finding.kind,
            finding_category=self.finding.category,
            algorithm_id=self.algorithm,
            finding_sites=sites,
            measurements=measurements,
            qualitative_evaluations=evaluations,
        )


class Located(Protocol):
    """A lesion or a hot spot: where in the body it lies."""

    @property
    def laterality(self) -> Laterality: ...

    @property
    def region(self) -> Region: ...

    @property
    def level(self) -> Level | None: ...


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


def sites_of(segment: Segment, place: Located) -> list[hd.sr.FindingSite]:
    """The tissue, and the part of the body where it is known; both with their side."""
    side = SIDES[place.laterality]
    sites = [hd.sr.FindingSite(dicom_code(segment.anatomy), laterality=side)]
    region = REGIONS.get(place.region)
    if region is not None:
        level = None if place.level is None else LEVELS[place.level]
        sites.append(hd.sr.FindingSite(region, laterality=side, topographical_modifier=level))
    return sites


def told(concordance: ConcordanceClass | None) -> list[hd.sr.QualitativeEvaluation]:
    """What CT and SPECT say together, where there is a SPECT and it can say something."""
    if concordance is None:
        return []
    return [hd.sr.QualitativeEvaluation(name=CONCORDANCE, value=CONCORDANCES[concordance])]


def measurements_of(quantities: Sequence[Quantity[T]], record: T) -> list[hd.sr.Measurement]:
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
