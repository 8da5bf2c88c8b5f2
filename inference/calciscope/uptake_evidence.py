"""What the hot spots of a study say together, as the rules of the differential look at it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calciscope.findings import CtFindings
from calciscope.labels import Compartment
from calciscope.labs.values import Disease, LabFindings, Pattern
from calciscope.patterns import LesionPattern
from calciscope.spect.findings import Concordance, ConcordanceClass, HotSpot, SpectFindings

NECK_ABOVE_STOMACH_MM = 200.0
"""Thyroid and salivary glands lie at least so far above the stomach of an adult (design)."""


@dataclass(frozen=True)
class UptakeEvidence:
    """Hot spots, CT and laboratory values as far as the differential depends on them.

    Attributes:
        by_compartment: ids of the hot spots that are not physiologic.
        calcified: ids of those that lie at a calcification of soft tissue.
        neck, stomach: ids of uptake of the kind of pertechnetate, physiologic or not, at thyroid
            or salivary glands, and at stomach or bowel.
        zonal: ids of hot spots in muscle at a lesion with a dense rim, as of ossification.
        has_calcification: whether the CT shows any.
        has_cold_calcification: whether any is large enough, and in view, to be called cold.
        labs: what calcium, phosphate and kidney function support; None where not given.
        creatine_kinase_raised: above its upper limit.
        disease: behind the study; None where not given.
    """

    by_compartment: Mapping[Compartment, tuple[int, ...]]
    calcified: frozenset[int]
    neck: tuple[int, ...]
    stomach: tuple[int, ...]
    zonal: tuple[int, ...]
    has_calcification: bool
    has_cold_calcification: bool
    labs: Pattern | None
    creatine_kinase_raised: bool
    disease: Disease | None

    def within(self, compartments: Iterable[Compartment]) -> tuple[int, ...]:
        """Ids of hot spots in any of these compartments, rising."""
        return tuple(sorted(i for c in compartments for i in self.by_compartment.get(c, ())))


def gather_evidence(
    ct: CtFindings,
    spect: SpectFindings,
    concordance: Sequence[Concordance],
    labs: LabFindings | None,
    disease: Disease | None,
) -> UptakeEvidence:
    """Sort what was found.

    Args:
        ct: the CT findings.
        spect: the hot spots.
        concordance: of lesions and hot spots.
        labs: interpreted laboratory values; None where none were given.
        disease: behind the study, as far as it was given.
    """
    by_compartment: dict[Compartment, tuple[int, ...]] = {}
    for spot in spect.hot_spots:
        if not spot.physiologic:
            by_compartment[spot.compartment] = (*by_compartment.get(spot.compartment, ()), spot.id)
    calcified = frozenset(
        number
        for row in concordance
        if row.classified is ConcordanceClass.CALCIFIED_HOT
        for number in row.hot_spot_ids
    )
    neck = _neck(spect.hot_spots)
    gi = [spot.id for spot in spect.hot_spots if spot.compartment is Compartment.PERTECHNETATE_GI]
    rims = {lesion.id for lesion in ct.lesions if lesion.pattern is LesionPattern.RIM}
    zonal = tuple(
        spot.id
        for spot in spect.hot_spots
        if spot.compartment is Compartment.MUSCLE and rims & set(spot.lesion_ids)
    )
    ratio = None if labs is None else labs.derived.creatine_kinase_ratio
    return UptakeEvidence(
        by_compartment={c: tuple(sorted(ids)) for c, ids in by_compartment.items()},
        calcified=calcified,
        neck=neck,
        stomach=tuple(sorted(set(gi) - set(neck))),
        zonal=zonal,
        has_calcification=bool(ct.lesions),
        has_cold_calcification=any(
            row.classified is ConcordanceClass.CALCIFIED_COLD for row in concordance
        ),
        labs=None if labs is None else labs.pattern,
        creatine_kinase_raised=ratio is not None and ratio > 1.0,
        disease=disease,
    )


def _neck(spots: Sequence[HotSpot]) -> tuple[int, ...]:
    """Uptake at thyroid or salivary glands, which the network calls by one name with the stomach.

    It lies above all uptake in the chest; without such a landmark, far above the lowest of its
    kind. One alone is not told apart and counts as stomach.
    """
    of_kind = [spot for spot in spots if spot.compartment is Compartment.PERTECHNETATE_GI]
    if not of_kind:
        return ()
    chest = [s.centroid_lps_mm[2] for s in spots if s.compartment is Compartment.THORACIC]
    lowest = min(spot.centroid_lps_mm[2] for spot in of_kind)
    least = max(chest) if chest else lowest + NECK_ABOVE_STOMACH_MM
    return tuple(sorted(spot.id for spot in of_kind if spot.centroid_lps_mm[2] > least))
