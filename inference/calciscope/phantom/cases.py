"""Random phantom cases: the synthetic half of the training data, and held-out phantoms.

A case is a function of its seed alone. Counts of lesions and protocols are drawn from the
distributions written here; requested and placed numbers stay beside each case.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from calciscope.phantom.acquisition import Acquired, Protocol, acquire
from calciscope.phantom.placement import place_lesions
from calciscope.phantom.scene import paint_scene, random_furniture, random_leg
from calciscope.volume import Volume

Rng = np.random.Generator

CALCIFICATION_WEIGHTS = {
    "C1": 2.0, "C2_sheet": 1.2, "C2_net": 0.7, "C3": 2.5, "C3_focus": 3.0, "C4": 0.7,
    "C5": 3.0, "C7": 0.8, "H1": 0.5,
}  # fmt: skip
CONFOUNDER_RATES = {
    "V1": 0.5, "V2": 0.4, "V3": 0.8, "J1": 0.8, "X1": 0.2, "X2": 0.25, "X3": 0.35,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class PhantomCase:
    """A simulated study with its books.

    Attributes:
        acquired: CT, labels, lesion table.
        protocol: how it was scanned.
        requested, placed: number of lesion requests by kind.
        seed: that makes it again.
    """

    acquired: Acquired
    protocol: Protocol
    requested: dict[str, int]
    placed: dict[str, int]
    seed: int

    def record(self) -> dict[str, Any]:
        """Everything but the arrays, ready for JSON."""
        return {
            "seed": self.seed,
            "acquisition": asdict(self.protocol),
            "requested": self.requested,
            "placed": self.placed,
            "lesions": self.acquired.lesions,
        }


def random_counts(rng: Rng, negative_share: float = 0.2) -> dict[str, int]:
    """How many lesions of each kind one limb block gets."""
    counts = {kind: int(rng.poisson(rate)) for kind, rate in CONFOUNDER_RATES.items()}
    if rng.uniform() < negative_share:
        return counts
    names = list(CALCIFICATION_WEIGHTS)
    weights = np.array([CALCIFICATION_WEIGHTS[n] for n in names])
    for name in rng.choice(names, int(rng.integers(3, 15)), p=weights / weights.sum()):
        counts[str(name)] = counts.get(str(name), 0) + 1
    return counts


def random_protocol(rng: Rng, thick_share: float = 0.1, thin_share: float = 0.15) -> Protocol:
    """A scanner setting from 1 mm bone kernel to 5 mm low dose (domain 4.2 to 4.4)."""
    draw = rng.uniform()
    if draw < thick_share:
        slice_mm = float(rng.choice([4.0, 5.0]))
    elif draw < thick_share + thin_share:
        slice_mm = float(rng.choice([1.0, 1.25, 1.5]))
    else:
        slice_mm = float(rng.choice([2.0, 2.5, 3.0, 3.27]))
    kvp = float(rng.choice([80, 100, 110, 120, 120, 130, 140]))
    kernel = str(rng.choice(["soft", "soft", "medium", "bone"]))
    fwhm = {"soft": (1.0, 1.5), "medium": (0.8, 1.1), "bone": (0.5, 0.8)}[kernel]
    gain = {"soft": 1.0, "medium": 1.6, "bone": 3.5}[kernel]
    dose = rng.uniform(15, 150)
    noise = 9 * np.sqrt(40 / dose * 5 / slice_mm) * (120 / kvp) ** 1.3 * gain
    hawkeye = rng.uniform() < 0.05
    return Protocol(
        kvp=kvp,
        slice_mm=slice_mm,
        increment_mm=slice_mm if rng.uniform() < 0.85 else max(0.7 * slice_mm, 1.0),
        kernel=kernel,
        fwhm_mm=rng.uniform(2.0, 2.4) if hawkeye else rng.uniform(*fwhm),
        edge=rng.uniform(0.1, 0.3) if kernel == "bone" else 0.0,
        noise_hu=float(np.clip(noise, 4, 130)),
        noise_peak_lp_mm=rng.uniform(0.5, 0.7) if kernel == "bone" else rng.uniform(0.2, 0.35),
        slope_factor=rng.uniform(0.88, 1.14),
        beam_hardening_hu=rng.uniform(0, 35),
        streak_hu=rng.uniform(60, 400),
        field_of_view_mm=None,
    )


def random_case(seed: int, depth_mm: tuple[float, float] = (80.0, 150.0)) -> PhantomCase:
    """Make the phantom case of a seed: a block of one or two legs with lesions, scanned."""
    rng = np.random.default_rng([20260000, seed])
    protocol = random_protocol(rng)
    pixel = rng.uniform(0.78, 1.0)
    both = rng.uniform() < 0.35
    gap = rng.uniform(60, 90)
    single = str(rng.choice(["L", "R"]))
    sides = ["R", "L"] if both else [single]
    legs = [random_leg(s, gap * (1 if s == "L" else -1), protocol.kvp, rng) for s in sides]
    low = rng.uniform(-75, 560)
    depth = rng.uniform(*depth_mm)
    # The width follows the limb: shanks are thin, thighs and feet wide.
    reach = 1.25 * max(leg.girth for leg in legs) * (62 if low < 380 else 88) + 12
    x0 = min(leg.center_x_mm for leg in legs) - reach
    x1 = max(leg.center_x_mm for leg in legs) + reach
    y0, y1 = (-170.0, 110.0) if low < 0 else (-reach - 15, reach + 25)
    step = min(1.25, 0.5 * protocol.slice_mm)
    shape = (int((x1 - x0) / pixel), int((y1 - y0) / pixel), int(depth / step))
    blank = np.broadcast_to(np.uint8(0), shape)
    grid = Volume.from_spacing(blank, (pixel, pixel, step), (x0, y0, low))
    canvas = paint_scene(grid, legs, random_furniture(rng), rng)
    counts = random_counts(rng)
    # Placement on every other plane: enough for distances, half the work.
    every = 2 if step <= 1.25 else 1
    tissues = Volume.from_spacing(
        canvas.tissues[:, :, ::every], (pixel, pixel, step * every), (x0, y0, low)
    )
    placement = place_lesions(tissues, counts, rng, sides=True)
    placement.check()
    if rng.uniform() < 0.12:
        protocol = Protocol(**{**asdict(protocol), "field_of_view_mm": 0.85 * (x1 - x0)})
    return PhantomCase(
        acquire(canvas, placement.lesions, protocol, rng),
        protocol,
        dict(placement.requested),
        dict(placement.placed),
        seed,
    )
