"""Random phantom cases: the synthetic half of the training data, and held-out phantoms.

A case is a function of its seed and of the name of the scanner settings alone. Bodies and scanners
are drawn from bodies.yaml, minerals from distributions.yaml; requested and placed numbers stay
beside each case.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from calciscope.labels import IGNORE
from calciscope.phantom.acquisition import Acquired, Protocol, acquire
from calciscope.phantom.bodies import Body, random_body
from calciscope.phantom.body_drawing import VISCERA, draw_body
from calciscope.phantom.body_settings import BodySettings, body_settings
from calciscope.phantom.distributions import draw_counts
from calciscope.phantom.furniture import paint_surroundings, random_surroundings
from calciscope.phantom.limb_drawing import Canvas
from calciscope.phantom.metal import MetalSettings
from calciscope.phantom.placement import place_lesions
from calciscope.phantom.scene import smooth_field
from calciscope.phantom.sites import VesselPath
from calciscope.volume import Volume

Rng = np.random.Generator

MOST_VOXELS = 16_000_000
"""Painted voxels of a block at most; a wide block of thin slices is shorter."""

COUNTED_AS = {"calf": "leg", "forearm": "arm", "elbow": "arm", "upper_arm": "arm"}
"""Body parts of bodies.yaml that another part of distributions.yaml gives the counts for."""


@dataclass(frozen=True, eq=False)
class PhantomCase:
    """A simulated study with its books.

    Attributes:
        acquired: CT, labels, lesion table.
        protocol: how it was scanned.
        requested, placed: number of lesion requests by kind.
        seed: that makes it again.
        body_part: key of bodies.yaml.
        posture: supine or prone; entry: head_first or feet_first.
        traits: what is special about the body (osteoporotic, obese, child, amputated ...).
        settings: training or held_out.
    """

    acquired: Acquired
    protocol: Protocol
    requested: dict[str, int]
    placed: dict[str, int]
    seed: int
    body_part: str = "calf"
    posture: str = "supine"
    entry: str = "head_first"
    traits: tuple[str, ...] = field(default=())
    settings: str = "training"

    def record(self) -> dict[str, Any]:
        """Everything but the arrays, ready for JSON."""
        return {
            "seed": self.seed,
            "body_part": self.body_part,
            "posture": self.posture,
            "entry": self.entry,
            "traits": list(self.traits),
            "settings": self.settings,
            "kernel": self.protocol.kernel,
            "kvp": self.protocol.kvp,
            "slice_mm": self.protocol.slice_mm,
            "noise_hu": round(self.protocol.noise_hu, 1),
            "acquisition": asdict(self.protocol),
            "requested": self.requested,
            "placed": self.placed,
            "lesions": self.acquired.lesions,
        }


def random_protocol(rng: Rng, settings: str = "training") -> Protocol:
    """A scanner setting (domain figures 4.2 to 4.4), from a named range of bodies.yaml.

    Raises:
        PhantomError: no such settings.
    """
    bodies = body_settings()
    scanner = bodies.scanner(settings)
    draw = rng.uniform()
    if draw < scanner.thick_share:
        slice_mm = float(rng.choice(scanner.thick_mm))
    elif draw < scanner.thick_share + scanner.thin_share:
        slice_mm = float(rng.choice(scanner.thin_mm))
    else:
        slice_mm = float(rng.choice(scanner.usual_mm))
    kvp = float(rng.choice(scanner.kvp))
    weights = np.array([k.weight for k in scanner.kernels.values()])
    name = str(rng.choice(list(scanner.kernels), p=weights / weights.sum()))
    kernel = scanner.kernels[name]
    dose = np.exp(rng.uniform(*np.log(scanner.dose_mas)))
    noise = 9 * np.sqrt(40 / dose * 5 / slice_mm) * (120 / kvp) ** 1.3 * kernel.gain
    overlapping = bodies.happens("overlapping", rng)
    return Protocol(
        kvp=kvp,
        slice_mm=slice_mm,
        increment_mm=max(0.7 * slice_mm, min(1.0, slice_mm)) if overlapping else slice_mm,
        kernel=name,
        fwhm_mm=rng.uniform(*kernel.fwhm_mm),
        edge=rng.uniform(*kernel.edge),
        noise_hu=float(np.clip(noise, 4, 130)),
        noise_peak_lp_mm=rng.uniform(*kernel.peak_lp_mm),
        slope_factor=rng.uniform(0.88, 1.14),
        beam_hardening_hu=rng.uniform(0, 35),
        metal=MetalSettings(
            float(np.exp(rng.uniform(np.log(0.08), np.log(0.4)))),
            float(np.exp(rng.uniform(np.log(8e3), np.log(1.5e5)))),
            bodies.happens("metal_reduction", rng),
        ),
        rim_hu=rng.uniform(50, 200),
        directional=True,
        motion_mm=bodies.draw("motion_mm", rng) if bodies.happens("motion", rng) else 0.0,
        interpolated=int(slice_mm >= 2) + 1 if bodies.happens("interpolated", rng) else 1,
    )


def random_case(
    seed: int,
    depth_mm: tuple[float, float] = (80.0, 150.0),
    settings: str = "training",
    body_part: str | None = None,
) -> PhantomCase:
    """Make the phantom case of a seed: a body part with lesions, scanned.

    Args:
        seed: the case is a function of it.
        depth_mm: range of the length of the block; thin slices make it shorter.
        settings: training, or held_out for scanner settings that training never sees.
        body_part: a certain one of bodies.yaml (None: drawn).

    Raises:
        PhantomError: unknown settings, or the body has no room for its lesions.
    """
    rng = np.random.default_rng([20260000, seed])
    bodies = body_settings()
    protocol = random_protocol(rng, settings)
    body = random_body(bodies, protocol.kvp, depth_mm, rng, body_part)
    pixel = bodies.draw("pixel_mm", rng)
    canvas = _painted(bodies, body, protocol, pixel, rng)
    counts = draw_counts(rng, COUNTED_AS.get(body.part, body.part))
    arteries = [
        VesselPath(vessel.points, vessel.radius_mm)
        for limb in body.limbs
        for vessel in limb.vessels
        if not vessel.superficial
    ]
    placement = place_lesions(
        placement_map(canvas), counts, rng, True, arteries, body.posture == "prone"
    )
    placement.check()
    if bodies.happens("truncated", rng):
        width = float(body.high[0] - body.low[0])
        protocol = replace(protocol, field_of_view_mm=rng.uniform(0.72, 0.95) * width)
    return PhantomCase(
        acquire(canvas, placement.lesions, protocol, rng),
        protocol,
        dict(placement.requested),
        dict(placement.placed),
        seed,
        body.part,
        body.posture,
        body.entry,
        body.traits,
        settings,
    )


def _painted(
    bodies: BodySettings, body: Body, protocol: Protocol, pixel: float, rng: Rng
) -> Canvas:
    """The body and its surroundings on a grid of the CT's pixels and thinner planes."""
    step = float(np.clip(0.5 * protocol.slice_mm, 0.6, 1.25))
    around = random_surroundings(bodies, body.posture == "prone", rng)
    size = body.high - body.low
    across = int(size[0] / pixel), int(size[1] / pixel)
    shape = (*across, min(int(size[2] / step), MOST_VOXELS // (across[0] * across[1])))
    blank = np.broadcast_to(np.uint8(0), shape)
    grid = Volume.from_spacing(blank, (pixel, pixel, step), tuple(body.low))
    canvas = Canvas.blank(grid)
    extent = np.array(shape) * grid.spacing_mm
    # Streaks run along the limb: 6 mm apart across, 30 mm along.
    streaks = smooth_field(shape, tuple(int(e / d) for e, d in zip(extent, (6, 6, 30),
                                                                  strict=True)), rng)  # fmt: skip
    skin = draw_body(canvas, body.limbs, body.build, streaks, rng)
    paint_surroundings(canvas, around, skin, rng)
    return canvas


def placement_map(canvas: Canvas) -> Volume:
    """Labels on every other thin plane: enough for distances; organs are no place for mineral."""
    grid = canvas.grid
    step = float(grid.spacing_mm[2])
    every = 2 if step <= 1.25 else 1
    tissues = canvas.tissues[:, :, ::every].copy()
    tissues[canvas.muscles[:, :, ::every] == VISCERA] = IGNORE
    origin = grid.affine[:3, 3]
    return Volume.from_spacing(tissues, (*grid.spacing_mm[:2], step * every), tuple(origin))
