"""What a patient's uptake amounts to."""

from collections import Counter
from collections.abc import Sequence

from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.spect.findings import ActivitySummary, Concordance, ConcordanceClass, HotSpot


def summarize(hot_spots: Sequence[HotSpot], rows: Sequence[Concordance]) -> ActivitySummary:
    """Count and sum up.

    Highest and total uptake are those of what is neither physiologic nor an artefact: urine on
    the skin is no disease.
    """
    found = [spot for spot in hot_spots if not spot.physiologic]
    ill = [spot for spot in found if spot.compartment is not Compartment.ARTEFACT]
    highest = [spot.suv_max for spot in ill if spot.suv_max is not None]
    totals = [spot.total_uptake_suv_ml for spot in ill if spot.total_uptake_suv_ml is not None]
    counts = Counter(spot.compartment for spot in found)
    classes = Counter(row.classified for row in rows)
    return ActivitySummary(
        hot_spots=len(hot_spots),
        physiologic=len(hot_spots) - len(found),
        suv_max=max(highest, default=None),
        total_uptake_suv_ml=sum(totals) if totals else None,
        by_compartment={
            each: counts[each]
            for each in (*HOT_SPOT_COMPARTMENTS, Compartment.INDETERMINATE)
            if counts[each]
        },
        by_class={each: classes[each] for each in ConcordanceClass},
    )
