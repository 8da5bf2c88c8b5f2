"""Sums of lesions over the patient, by compartment, side and region."""

import math
from collections.abc import Iterable

from calciscope.ct.compartments import LESION_COMPARTMENTS
from calciscope.ct.mass_uncertainty import combined_mg
from calciscope.findings import Burden, BurdenFigures, Lesion, PlaceBurden
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Region


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
        by_region=burden_by_region(found),
    )


def burden_by_region(lesions: Iterable[Lesion]) -> tuple[PlaceBurden, ...]:
    """Sums by compartment, side and region, in the order of their names; only what there is."""
    groups: dict[tuple[Compartment, Laterality, Region], list[Lesion]] = {}
    for lesion in lesions:
        place = (lesion.compartment, lesion.laterality, lesion.region)
        groups.setdefault(place, []).append(lesion)
    orders = [list(names) for names in (LESION_COMPARTMENTS, Laterality, Region)]
    places = sorted(
        groups,
        key=lambda place: [order.index(name) for order, name in zip(orders, place, strict=True)],
    )
    return tuple(PlaceBurden(*place, figures_of(groups[place])) for place in places)


def volume_by_compartment(lesions: Iterable[Lesion]) -> dict[Compartment, float]:
    """Partial-volume corrected volume of each compartment that holds a lesion, largest first."""
    volumes: dict[Compartment, float] = {}
    for lesion in lesions:
        volumes[lesion.compartment] = volumes.get(lesion.compartment, 0.0) + lesion.volume_pv_mm3
    return dict(sorted(volumes.items(), key=lambda item: -item[1]))


def figures_of(lesions: Iterable[Lesion]) -> BurdenFigures:
    """Sums over some lesions."""
    return add_figures(
        BurdenFigures(
            count=1,
            volume_mm3=lesion.volume_mm3,
            volume_pv_mm3=lesion.volume_pv_mm3,
            ha_mass_mg=lesion.ha_mass_mg,
            agatston=lesion.agatston,
            calcium_mass_mg=lesion.calcium_mass_mg,
            ha_mass_noise_mg=lesion.ha_mass_noise_mg,
        )
        for lesion in lesions
    )


def add_figures(parts: Iterable[BurdenFigures]) -> BurdenFigures:
    """The sum of burdens: noise adds in quadrature, calibration moves them all together."""
    figures = tuple(parts)
    mass = sum(part.ha_mass_mg for part in figures)
    noise = math.hypot(*(part.ha_mass_noise_mg for part in figures))
    return BurdenFigures(
        count=sum(part.count for part in figures),
        volume_mm3=sum(part.volume_mm3 for part in figures),
        volume_pv_mm3=sum(part.volume_pv_mm3 for part in figures),
        ha_mass_mg=mass,
        agatston=sum(part.agatston for part in figures),
        calcium_mass_mg=sum(part.calcium_mass_mg for part in figures),
        ha_mass_noise_mg=noise,
        ha_mass_uncertainty_mg=combined_mg(mass, noise),
    )
