"""The study of the twin, CT and bone SPECT with laboratory values, and its variants.

The SPECT covers feet to mid-thigh in two bed positions, as the CT does: the case report tells of a
focus in the left thigh. Variants T2 to T6 of the domain figures, section 7, each change one thing;
T4 with its uptake of lungs and stomach is a study of the chest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

import numpy as np

from calciscope.errors import PhantomError
from calciscope.labels import Compartment
from calciscope.phantom.acquisition import Acquired, Protocol
from calciscope.phantom.activity.foci import Focus
from calciscope.phantom.activity.maps import ActivityMap
from calciscope.phantom.dicom_parts import EPOCH
from calciscope.phantom.follow_up import TABLE_MM, along_table, make_follow_up
from calciscope.phantom.legs import Leg
from calciscope.phantom.shapes import Capsule
from calciscope.phantom.spect import SpectProtocol
from calciscope.phantom.spect.beds import scan_beds
from calciscope.phantom.spect.scan import scan_spect
from calciscope.phantom.twin import RANGES_MM, SEED, SOFT, Twin, make_twin, twin_legs
from calciscope.phantom.twin_activity import Uptake, twin_activity
from calciscope.phantom.twin_chest import CHEST_CT, make_chest
from calciscope.phantom.twin_confounders import BLANKET, confounders
from calciscope.spect.findings import ConcordanceClass
from calciscope.volume import Volume

CAMERA = SpectProtocol(weight_kg=72.0, dose_mbq=740.0, delay_h=3.0, kvp=130.0)
"""740 MBq three hours before, 60 views of 15 s, OSEM 3 x 10 and a filter of 8 mm."""

SPECT_RANGES_MM = {"legs": (-30.0, 350.0), "two-bed": RANGES_MM["two-bed"]}
"""Heights of the image over the ankle joint: one camera field less its edges, or two."""

EDGE_PLANES = 2
"""At each end of the image; they overshoot, as counts from beyond are not modeled."""

COUNTS_SEED = SEED + 140
"""Of the noise of the SPECT."""

LABS, HIGH_LABS = "twin_labs.yaml", "twin_labs_hypercalcemia.yaml"

THICK = replace(SOFT, slice_mm=5.0, increment_mm=5.0, kernel="STANDARD", fwhm_mm=2.2, noise_hu=10.0)
"""The CT of a Hawkeye-like SPECT/CT."""

COLD_CHAIN = "LT1"
"""Far from every other uptake, so that nothing is near enough to be taken for its own."""

EARLY_MM = ((18.0, 30.0, 262.0), (18.0, 30.0, 292.0))
EARLY_SUV, EARLY_RADIUS_MM = 6.0, 7.0
"""Uptake without mineral in the lateral gastrocnemius on the right: ends of its axis in the leg
frame (u, v, z), above all mineral."""


@dataclass(frozen=True, eq=False)
class TwinStudy:
    """What the twin's study holds.

    Attributes:
        name: of the variant.
        scan: the CT with its truth; ct_protocol: how it was scanned.
        activity: the truth of the SPECT, in the world of the CT.
        spect: as displayed, SUVbw; camera: how it was scanned.
        labs: file in this package with the laboratory values.
        date: of CT and SPECT.
        part: of the body, in the descriptions of both series.
    """

    name: str
    scan: Acquired
    ct_protocol: Protocol
    activity: ActivityMap
    spect: Volume
    camera: SpectProtocol = CAMERA
    labs: str = LABS
    date: datetime = EPOCH
    part: str = "legs"


def twin_study(variant: str = "two-bed") -> TwinStudy:
    """Make the study of a variant of the twin.

    Args:
        variant: two-bed (the case report), legs (feet to below the knee), confounders (T2),
            cold_and_early (T3), hypercalcemia (T4), follow_up (T5) or thick_slices (T6).

    Raises:
        PhantomError: no such variant.
    """
    if variant not in VARIANTS:
        raise PhantomError(f"no twin study {variant!r}; choose one of {', '.join(VARIANTS)}")
    return VARIANTS[variant](variant)


def _seen(
    name: str, twin: Twin, coverage: str, cold: Sequence[str] = (), more: Sequence[Uptake] = ()
) -> TwinStudy:
    """The SPECT of a twin over the range of its CT."""
    activity = twin_activity(twin.legs, twin.lesions, radiating_mm(coverage), cold, more)
    spect = _scanned(activity.suv, twin.acquired.ct, COUNTS_SEED)
    return TwinStudy(name, twin.acquired, twin.protocol, activity, spect)


def radiating_mm(coverage: str) -> tuple[float, float]:
    """Lowest and highest z of what the camera sees, its edges included."""
    low, high = SPECT_RANGES_MM[coverage]
    return low - EDGE_PLANES * CAMERA.voxel_mm, high + EDGE_PLANES * CAMERA.voxel_mm


def _scanned(suv: Volume, ct_hu: Volume, seed: int) -> Volume:
    return _without_edges(scan_beds(suv, ct_hu, CAMERA, np.random.default_rng(seed)))


def _without_edges(image: Volume) -> Volume:
    """The image without the planes at its ends, where counts of the next ones are missing."""
    across = image.shape[:2]
    return image.crop((0, 0, EDGE_PLANES), (*across, image.shape[2] - EDGE_PLANES))


def _case_report(name: str) -> TwinStudy:
    return _seen(name, make_twin(name), name)


def _confounders(name: str) -> TwinStudy:
    more = confounders(twin_legs(SOFT.kvp), SOFT.kvp)
    return _seen(name, make_twin("legs", more=more, furniture=BLANKET), "legs")


def _cold_and_early(name: str) -> TwinStudy:
    twin = make_twin("two-bed")
    return _seen(name, twin, "two-bed", [COLD_CHAIN], [early_uptake(twin.legs[0])])


def early_uptake(leg: Leg) -> Uptake:
    """Uptake in muscle that has no mineral (yet)."""
    start, end = (leg.world(u, v, z * leg.length) for u, v, z in EARLY_MM)
    shape = Capsule(start, end, EARLY_RADIUS_MM)
    return Uptake(
        "early",
        Compartment.MUSCLE,
        EARLY_SUV,
        (shape,),
        ConcordanceClass.HOT_WITHOUT_CALCIFICATION,
    )


def _hypercalcemia(name: str) -> TwinStudy:
    """The same patient's chest, with the laboratory values that go with it."""
    scan, activity = make_chest()
    rng = np.random.default_rng(COUNTS_SEED + 4)
    spect = _without_edges(scan_spect(activity.suv, scan.ct, CAMERA, rng))
    return TwinStudy(name, scan, CHEST_CT, activity, spect, labs=HIGH_LABS, part="chest")


def _follow_up(name: str) -> TwinStudy:
    twin = make_follow_up().twin
    # The legs are drawn where they were; the patient lies farther along the table.
    activity = twin_activity(twin.legs, twin.lesions, radiating_mm("legs"))
    here = replace(
        activity,
        suv=along_table(activity.suv),
        compartments=along_table(activity.compartments),
        foci=tuple(_farther(focus) for focus in activity.foci),
    )
    spect = _scanned(here.suv, twin.acquired.ct, COUNTS_SEED + 12)
    later = EPOCH + timedelta(days=365)
    return TwinStudy(name, twin.acquired, twin.protocol, here, spect, date=later)


def _farther(focus: Focus) -> Focus:
    x, y, z = focus.center_mm
    return replace(focus, center_mm=(x, y, z + TABLE_MM))


def _thick_slices(name: str) -> TwinStudy:
    return _seen(name, make_twin("legs", THICK), "legs")


VARIANTS: Mapping[str, Callable[[str], TwinStudy]] = MappingProxyType(
    {
        "two-bed": _case_report,
        "legs": _case_report,
        "confounders": _confounders,
        "cold_and_early": _cold_and_early,
        "hypercalcemia": _hypercalcemia,
        "follow_up": _follow_up,
        "thick_slices": _thick_slices,
    }
)
"""How each variant is made, by name."""
