"""Random SPECT/CT phantoms: a patient with mineral and foci, scanned by both.

A case is a function of its seed, of the name of the settings, of the pixels asked for, and of
whether its mineral is extensive.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from calciscope.errors import PhantomError
from calciscope.phantom.acquisition import Acquired, Protocol, acquire
from calciscope.phantom.activity.maps import (
    ActivityMap,
    moved_map,
    random_activity,
    random_shift,
)
from calciscope.phantom.activity.settings import ActivitySettings, activity_settings
from calciscope.phantom.anatomy.solids import Points
from calciscope.phantom.bodies import WINDOWS, Body, block, random_body
from calciscope.phantom.body_drawing import draw_body
from calciscope.phantom.body_settings import body_settings
from calciscope.phantom.cases import COUNTED_AS, placement_map, random_protocol
from calciscope.phantom.distributions import draw_counts
from calciscope.phantom.furniture import (
    Surroundings,
    paint_surroundings,
    random_surroundings,
)
from calciscope.phantom.limb_drawing import Canvas
from calciscope.phantom.mineral import Lesion
from calciscope.phantom.placement import place_lesions
from calciscope.phantom.scene import smooth_field
from calciscope.phantom.sites import VesselPath
from calciscope.phantom.spect.protocol import SpectProtocol, random_spect_protocol
from calciscope.phantom.spect.scan import scan_spect
from calciscope.volume import Volume

Rng = np.random.Generator

PARTS = {
    "calf": 0.13, "knee": 0.08, "thigh": 0.11, "foot": 0.06, "pelvis": 0.14, "forearm": 0.05,
    "elbow": 0.04, "upper_arm": 0.03, "hand": 0.03, "shoulder": 0.04, "chest": 0.17,
    "abdomen": 0.12,
}  # fmt: skip
"""How often each body part is drawn (design): the trunk more than among CT cases, since most
compartments are in it."""

EXTENSIVE_PARTS = {
    "calf": 0.3, "thigh": 0.2, "knee": 0.1, "foot": 0.05, "forearm": 0.1, "elbow": 0.05,
    "upper_arm": 0.05, "shoulder": 0.05, "pelvis": 0.1,
}  # fmt: skip
"""The same of patients with extensive mineral (design): limbs and their girdles."""

COUNTS_OF = {"chest": "shoulder", "abdomen": "pelvis", **COUNTED_AS}
"""Body parts of distributions.yaml that give the mineral of parts that it does not name."""

FIELD_MM = (200.0, 390.0)
"""Length of the field along the body; a gamma camera sees 390 mm at once."""

COARSE_MM = (1.5, 1.95)
"""Pixels of the CT where only its larger features matter."""

SLICES_MM = (3.0, 3.27, 4.0, 5.0)
STEP_MM = 2.0
"""Planes that are painted: as far apart at most."""

MINERAL_STEP_MM = 0.7
"""Between sub-samples of mineral: half of what CT cases take, for an eighth of the time."""


@dataclass(frozen=True, eq=False)
class SpectCase:
    """A simulated SPECT/CT with its truth.

    Attributes:
        acquired: CT, labels, lesion table; ct_protocol: how it was scanned.
        activity: true uptake where the CT has the patient.
        seen: the same where the SPECT saw him; shift: rigid world transform between both, 4 x 4.
        spect: float32 SUVbw; spect_protocol: how it was scanned.
        body: that was painted; seed, settings: that make the case again.
    """

    acquired: Acquired
    ct_protocol: Protocol
    activity: ActivityMap
    seen: ActivityMap
    shift: Points
    spect: Volume
    spect_protocol: SpectProtocol
    body: Body
    seed: int
    settings: str

    def record(self) -> dict[str, Any]:
        """Everything but the arrays, ready for JSON."""
        turn = np.clip((np.trace(self.shift[:3, :3]) - 1) / 2, -1, 1)
        middle = 0.5 * (self.body.low + self.body.high)
        moved = self.shift[:3, :3] @ middle + self.shift[:3, 3] - middle
        return {
            "seed": self.seed,
            "body_part": self.body.part,
            "posture": self.body.posture,
            "settings": self.settings,
            "traits": [*self.body.traits, *self.activity.traits],
            "ct_protocol": asdict(self.ct_protocol),
            "spect_protocol": asdict(self.spect_protocol),
            "misregistration": {
                "matrix": self.shift.tolist(),
                "shift_mm": round(float(np.linalg.norm(moved)), 2),
                "rotation_deg": round(float(np.degrees(np.arccos(turn))), 2),
            },
            "foci": [focus.row() for focus in self.activity.foci],
            "lesions": self.acquired.lesions,
        }


def random_spect_case(
    seed: int,
    settings: str = "training",
    body_part: str | None = None,
    pixel_mm: tuple[float, float] = COARSE_MM,
    extensive: bool = False,
) -> SpectCase:
    """Make the SPECT/CT of a seed.

    Args:
        seed: the case is a function of it.
        settings: training, or held_out for scanners and cameras that training never sees.
        body_part: a certain one of PARTS (None: drawn).
        pixel_mm: range of the pixels of the CT.
        extensive: mineral everywhere, much of it hot, rather than a few hot groups.

    Raises:
        PhantomError: no such settings or body part.
    """
    if body_part is not None and body_part not in WINDOWS:
        raise PhantomError(f"no body part {body_part!r}; choose one of {', '.join(WINDOWS)}")
    rng = np.random.default_rng([20260005, seed, *([1] if extensive else [])])
    protocol = _ct_protocol(rng, settings)
    body = random_field(rng, protocol.kvp, body_part, EXTENSIVE_PARTS if extensive else PARTS)
    pixel = rng.uniform(*pixel_mm)
    around = random_surroundings(body_settings(), body.posture == "prone", rng)
    canvas = painted(body, protocol, pixel, around, rng)
    amount = activity_settings()
    more: dict[str, int] = {}
    if extensive:
        amount, more = extensive_settings(amount, rng)
        body = replace(body, traits=(*body.traits, "extensive"))
    lesions = _mineral(body, canvas, more, rng)
    activity = random_activity(body, canvas, lesions, rng, amount)
    acquired = acquire(canvas, lesions, protocol, rng, MINERAL_STEP_MM)
    if len(acquired.lesions) != len(lesions):
        # The foci name lesions by their number; the table must number the same ones.
        raise PhantomError(f"seed {seed} has a lesion outside of its field; take another seed")
    shift = random_shift(0.5 * (body.low + body.high), activity_settings(), rng)
    seen = moved_map(activity, shift)
    spect_protocol = random_spect_protocol(rng, settings, protocol.kvp)
    spect = scan_spect(seen.suv, acquired.ct, spect_protocol, rng, shift)
    return SpectCase(
        acquired, protocol, activity, seen, shift, spect, spect_protocol, body, seed, settings
    )


def _ct_protocol(rng: Rng, settings: str) -> Protocol:
    """A low-dose CT of a SPECT/CT: thick slices, no field cut, no overlap."""
    protocol = random_protocol(rng, settings)
    slice_mm = float(rng.choice(SLICES_MM))
    noise = protocol.noise_hu * np.sqrt(protocol.slice_mm / slice_mm)
    return replace(
        protocol, slice_mm=slice_mm, increment_mm=slice_mm, interpolated=1,
        noise_hu=float(np.clip(noise, 4, 60)),
    )  # fmt: skip


def extensive_settings(
    usual: ActivitySettings, rng: Rng
) -> tuple[ActivitySettings, dict[str, int]]:
    """What a patient with extensive mineral has: his settings, and further groups by kind."""
    drawn = dict(usual.extensive)
    share = drawn.pop("hot_share").draw(rng)
    most = drawn.pop("most_hot_groups")
    settings = replace(
        usual,
        shares={**usual.shares, "hot_lesions": share},
        lesions={**usual.lesions, "most_hot_groups": most},
    )
    return settings, {kind: round(count.draw(rng)) for kind, count in drawn.items()}


def random_field(
    rng: Rng, kvp: float, part: str | None = None, parts: Mapping[str, float] = PARTS
) -> Body:
    """A random body and the part of it that one bed position shows."""
    names = list(parts)
    weights = np.array([parts[n] for n in names])
    name = part or str(rng.choice(names, p=weights / weights.sum()))
    body = random_body(body_settings(), kvp, FIELD_MM, rng, name)
    flesh = [f.solid.bounds_mm() for limb in body.limbs for f in limb.flesh]
    lowest = min(float(low[2]) for low, _ in flesh)
    highest = max(float(high[2]) for _, high in flesh) - 15
    low, high = float(body.low[2]), float(body.high[2])
    down = max(high - highest, 0.0)
    low, high = max(low - down, lowest), min(high, highest)
    corner, other = block(list(body.limbs), low, high)
    return replace(body, low=corner, high=other)


def painted(
    body: Body, protocol: Protocol, pixel_mm: float, around: Surroundings, rng: Rng
) -> Canvas:
    """The body and its surroundings on a grid of the CT's pixels and planes of half a slice."""
    size = body.high - body.low
    step = min(STEP_MM, 0.5 * protocol.slice_mm)
    shape = tuple(int(n) for n in size / np.array([pixel_mm, pixel_mm, step]))
    blank = np.broadcast_to(np.uint8(0), shape)
    canvas = Canvas.blank(Volume.from_spacing(blank, (pixel_mm, pixel_mm, step), tuple(body.low)))
    cells = tuple(int(e / d) for e, d in zip(size, (6, 6, 30), strict=True))
    streaks = smooth_field(shape, cells, rng)
    skin = draw_body(canvas, body.limbs, body.build, streaks, rng)
    paint_surroundings(canvas, around, skin, rng)
    return canvas


def _mineral(body: Body, canvas: Canvas, more: Mapping[str, int], rng: Rng) -> list[Lesion]:
    """Lesions as CT cases have them, and more groups of some kinds."""
    arteries = [
        VesselPath(vessel.points, vessel.radius_mm)
        for limb in body.limbs
        for vessel in limb.vessels
        if not vessel.superficial
    ]
    counts = Counter(draw_counts(rng, COUNTS_OF.get(body.part, body.part)))
    counts.update(more)
    placement = place_lesions(
        placement_map(canvas), counts, rng, True, arteries, body.posture == "prone"
    )
    return placement.lesions
