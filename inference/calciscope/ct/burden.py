"""Sums of lesions over the patient, by compartment and side."""

from collections.abc import Iterable

from calciscope.ct.compartments import LESION_COMPARTMENTS
from calciscope.findings import Burden, BurdenFigures, Lesion
from calciscope.labels import Compartment
from calciscope.locations import Laterality


def total_burden(lesions: Iterable[Lesion]) -> Burden:
    """Sum lesions; every compartment and side is there, with zeros where nothing was found."""
    found = tuple(lesions)
    return Burden(
        total=figures_of(found),
        by_compartment={
            compartment: {
                side: figures_of(
                    lesion
                    for lesion in found
                    if lesion.compartment is compartment and lesion.laterality is side
                )
                for side in Laterality
            }
            for compartment in LESION_COMPARTMENTS
        },
    )


def volume_by_compartment(lesions: Iterable[Lesion]) -> dict[Compartment, float]:
    """Partial-volume corrected volume of each compartment that holds a lesion, largest first."""
    volumes: dict[Compartment, float] = {}
    for lesion in lesions:
        volumes[lesion.compartment] = volumes.get(lesion.compartment, 0.0) + lesion.volume_pv_mm3
    return dict(sorted(volumes.items(), key=lambda item: -item[1]))


def figures_of(lesions: Iterable[Lesion]) -> BurdenFigures:
    """Sums over some lesions."""
    group = tuple(lesions)
    return BurdenFigures(
        count=len(group),
        volume_mm3=sum(lesion.volume_mm3 for lesion in group),
        volume_pv_mm3=sum(lesion.volume_pv_mm3 for lesion in group),
        ha_mass_mg=sum(lesion.ha_mass_mg for lesion in group),
        agatston=sum(lesion.agatston for lesion in group),
    )
