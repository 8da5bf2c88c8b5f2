"""Random bodies: a body part posed on the table, in a block of the patient, with its build."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from calciscope.phantom.anatomy.arm import ELBOW, FOREARM, UPPER_ARM
from calciscope.phantom.anatomy.foot import FOOT
from calciscope.phantom.anatomy.hand import HandPose, hand
from calciscope.phantom.anatomy.leg import KNEE, bent_leg
from calciscope.phantom.anatomy.parts import MIRROR, Anatomy, joined, rotation
from calciscope.phantom.anatomy.pelvis import REPLACED, hip_prosthesis, pelvis
from calciscope.phantom.anatomy.shoulder import shoulder
from calciscope.phantom.anatomy.solids import Points, Solid, Tube
from calciscope.phantom.anatomy.trunk import not_thinner, trunk
from calciscope.phantom.anatomy.variation import (
    cut_below,
    with_crooked_vessels,
    with_girth,
    with_hardware,
    with_osteophytes,
)
from calciscope.phantom.anatomy.viscera import viscera
from calciscope.phantom.body_drawing import Build
from calciscope.phantom.body_settings import BodySettings
from calciscope.physics import tissue_hu

Rng = np.random.Generator

WINDOWS: dict[str, tuple[float, float]] = {
    "calf": (0, 250), "knee": (310, 370), "thigh": (430, 700), "foot": (-95, -60),
    "pelvis": (-190, 60), "hand": (-470, -330), "forearm": (-250, -110), "elbow": (-80, -20),
    "upper_arm": (60, 200), "shoulder": (-160, -40),
    "chest": (-60, 40), "abdomen": (-300, -180),
}  # fmt: skip
"""Lower end of the block that is scanned, in the frame of the part, before scaling."""

SIDES = ("L", "R")

MOST_ACROSS_MM = 8.0
"""How far the skin of a limb may cross the midline: limbs that touch press each other flat."""

LARGEST_MM = (480.0, 380.0)
"""Width and depth of the largest block."""


@dataclass(frozen=True, eq=False)
class Body:
    """A posed body.

    Attributes:
        part: key of bodies.yaml; limbs: posed anatomies, LPS mm.
        build: of the person.
        posture: supine or prone; entry: head_first or feet_first.
        low, high: corners of the block to scan, shape (3,).
        traits: what is special, by name (osteoporotic, obese, amputated, ...).
    """

    part: str
    limbs: tuple[Anatomy, ...]
    build: Build
    posture: str
    entry: str
    low: Points
    high: Points
    traits: tuple[str, ...]


def random_body(
    settings: BodySettings, kvp: float, depth_mm: tuple[float, float], rng: Rng,
    part: str | None = None,
) -> Body:  # fmt: skip
    """Draw a body.

    Args:
        settings: distributions.
        kvp: tube voltage, for the HU of tissues.
        depth_mm: range of the length of the block.
        rng: of every draw.
        part: a certain body part (None: drawn).
    """
    names = list(settings.parts)
    weights = np.array([settings.parts[n] for n in names])
    name = part or str(rng.choice(names, p=weights / weights.sum()))
    traits = [t for t in ("child", "osteoporotic", "osteophytes", "edema", "atrophy", "obese")
              if settings.happens(t, rng)]  # fmt: skip
    if "child" in traits:
        traits = [t for t in traits if t not in ("osteoporotic", "osteophytes")]
    build = random_build(settings, kvp, traits, rng)
    length = settings.draw("child_length" if "child" in traits else "length", rng)
    girth = settings.draw("girth", rng) * (1.1 if "obese" in traits else 1.0)
    girth *= 0.9 if "atrophy" in traits else 1.0
    bone = settings.draw("bone", rng)
    prone = settings.happens("prone", rng)

    def vary(limb: Anatomy) -> Anatomy:
        limb = with_girth(limb, girth, bone, build.fat / length)
        limb = with_crooked_vessels(limb, rng)
        if "osteophytes" in traits:
            limb = with_osteophytes(limb, rng)
        return limb

    low_z = rng.uniform(*WINDOWS[name]) * length
    depth = rng.uniform(*depth_mm)
    limbs = _POSES[name](settings, vary, length, traits, rng)
    build = replace(build, prone=prone, growth_plates="child" in traits)
    limbs = [_on_its_side(limb, low_z, low_z + depth) for limb in limbs]
    low, high = block(limbs, low_z, low_z + depth)
    return Body(
        name, tuple(limbs), build, "prone" if prone else "supine",
        "feet_first" if settings.happens("feet_first", rng) else "head_first", low, high,
        tuple(traits),
    )  # fmt: skip


def random_build(settings: BodySettings, kvp: float, traits: list[str], rng: Rng) -> Build:
    """Tissues of a person with these traits."""
    weak = "osteoporotic_" if "osteoporotic" in traits else ""
    atrophy = "atrophy_" if "atrophy" in traits else ""
    oral = settings.draw("bowel_contrast_hu", rng)
    return Build(
        fat=settings.draw("obese_fat" if "obese" in traits else "fat", rng),
        skin_mm=settings.draw("skin_mm", rng),
        fatty=settings.draw(f"{atrophy}fatty", rng),
        uneven=rng.uniform(0.1, 0.8),
        edema_hu=settings.draw("edema_hu", rng) if "edema" in traits else 0.0,
        lumpy_mm=settings.draw("lumpy_mm", rng),
        cortex=settings.draw(f"{weak}cortex", rng),
        spongiosa_hu=tissue_hu("spongiosa", kvp) * settings.draw(f"{weak}spongiosa", rng),
        marrow_hu=tissue_hu("yellow_marrow", kvp) + rng.normal(0, 20),
        cortical_hu=tissue_hu("cortical_bone", kvp) * settings.draw("cortical", rng),
        muscle_hu=rng.normal(52, 6),
        fat_hu=rng.normal(-98, 8),
        vessel_hu=tissue_hu("blood", kvp) + rng.normal(0, 8),
        grain=rng.uniform(0.15, 0.5),
        patchy=rng.uniform(0.3, 0.9) if weak else rng.uniform(0, 0.3),
        cover_mm=settings.draw("cover_mm", rng),
        contrast_hu=(
            settings.draw("contrast_hu", rng) if settings.happens("angiogram", rng) else None
        ),
        bowel_contrast_hu=oral,
    )


Vary = Callable[[Anatomy], Anatomy]


def _place(limb: Anatomy, side: str, x_mm: float, length: float, turn: Points) -> Anatomy:
    """Scale and turn a left limb, mirror it for the right side, and put it beside the midline."""
    limb = limb.moved(turn * length)
    if side == "R":
        limb = limb.moved(MIRROR)
    limb = limb.moved(np.eye(3), np.array([x_mm if side == "L" else -x_mm, 0.0, 0.0]))
    return replace(limb, name=side) if x_mm else limb


def _on_its_side(limb: Anatomy, low_z: float, high_z: float) -> Anatomy:
    """A limb of one side moved off the other side, as far as it lies between two heights.

    Sides are told by the sign of x, so that a leg that leans across the midline would be wrong.
    """
    if limb.name not in SIDES:
        return limb
    boxes = [box for f in limb.flesh if (box := _between(f.solid, low_z, high_z))]
    if not boxes:
        return limb
    if limb.name == "L":
        shift = max(-MOST_ACROSS_MM - float(np.min([b[0][0] for b in boxes])), 0.0)
    else:
        shift = min(MOST_ACROSS_MM - float(np.max([b[1][0] for b in boxes])), 0.0)
    return limb.moved(np.eye(3), np.array([shift, 0.0, 0.0]))


def _small_tilt(rng: Rng, degrees: float = 4.0) -> Points:
    angles = np.clip(rng.normal(0, degrees, 2), -2 * degrees, 2 * degrees)
    return rotation(0, float(angles[0])) @ rotation(1, float(angles[1]))


def _legs(
    settings: BodySettings, vary: Vary, length: float, traits: list[str], rng: Rng
) -> list[Anatomy]:
    """One leg or two; what happens to one of them does not happen to the other."""
    sides = ["R", "L"] if settings.happens("both_legs", rng) else [str(rng.choice(["L", "R"]))]
    bent = settings.draw("knee_deg", rng) if settings.happens("knee_bent", rng) else 0.0
    if bent:
        traits.append("knee_bent")
    gap = settings.draw("leg_gap_mm", rng)
    missing = () if settings.happens("fabella", rng) else ("fabella",)
    limbs = []
    for side in sides:
        limb = bent_leg(FOOT, bent, settings.draw("plantar_deg", rng)).without(missing)
        limb = limb.without(n for n in ("os trigonum", "os peroneum") if rng.uniform() < 0.85)
        limb = vary(limb)
        if settings.happens("hardware", rng):
            limb = with_hardware(limb, rng)
            traits.append("hardware")
        if not bent and settings.happens("amputated", rng):
            limb = cut_below(limb, rng.uniform(60, 300))
            traits.append("amputated")
        # Bent knees point to the front: the whole leg leans back by half of the bend. It turns
        # about the knee, so that knee and foot stay in front of their hip.
        outward = settings.draw("rotation_deg", rng) * (0.2 if bent else 1.0)
        turn = _small_tilt(rng, 2.5) @ rotation(2, outward) @ rotation(0, -0.5 * bent)
        limbs.append(_place(limb.about(KNEE, turn), side, gap, length, np.eye(3)))
    return limbs


def _thighs(
    settings: BodySettings, vary: Vary, length: float, traits: list[str], rng: Rng
) -> list[Anatomy]:
    limbs = _legs(settings, vary, length, traits, rng)
    if settings.happens("arms_beside", rng):
        traits.append("arms_beside")
        x = max(
            abs(f.solid.bounds_mm()[k][0]) for limb in limbs for f in limb.flesh for k in (0, 1)
        )
        limbs += _arms_beside(settings, vary, length, min(x, 230) + 40, 870 * length, rng)
    return limbs


def _arms_beside(
    settings: BodySettings, vary: Vary, length: float, x_mm: float, elbow_z: float, rng: Rng
) -> list[Anatomy]:
    """Forearms and hands along the body, palms in."""
    limbs = []
    for side in ("L", "R"):
        if rng.uniform() < 0.25:
            continue
        arm = vary(joined([FOREARM, hand(_hand_pose(settings, rng))]))
        turn = _small_tilt(rng, 3) @ rotation(2, rng.uniform(40, 130))
        placed = _place(arm, side, x_mm, length, turn)
        limbs.append(placed.moved(np.eye(3), np.array([0, rng.uniform(-30, 40), elbow_z])))
    return limbs


def _hand_pose(settings: BodySettings, rng: Rng) -> HandPose:
    bend = settings.draw("finger_deg", rng)
    f = [float(np.clip(bend + rng.normal(0, 6), 0, 70)) for _ in range(5)]
    return HandPose((f[0], f[1], f[2], f[3], 0.7 * f[4]), settings.draw("spread_deg", rng),
                    rng.normal(0, 15))  # fmt: skip


def _arm(
    settings: BodySettings, vary: Vary, length: float, traits: list[str], rng: Rng
) -> list[Anatomy]:
    """One arm, turned anyhow about its axis; the elbow may be bent a little."""
    side = str(rng.choice(["L", "R"]))
    lower = joined([FOREARM, hand(_hand_pose(settings, rng))])
    lower = lower.about(ELBOW, rotation(0, -rng.uniform(0, 35)))
    limb = vary(joined([UPPER_ARM, lower]))
    if settings.happens("hardware", rng):
        limb = with_hardware(limb, rng)
        traits.append("hardware")
    turn = _small_tilt(rng, 5) @ rotation(2, rng.uniform(-60, 180))
    return [_place(limb, side, 130.0, length, turn)]


def _hands(
    settings: BodySettings, vary: Vary, length: float, traits: list[str], rng: Rng
) -> list[Anatomy]:
    """One hand or both, on the table or held up."""
    sides = ["L", "R"] if settings.happens("both_legs", rng) else [str(rng.choice(["L", "R"]))]
    limbs = []
    for side in sides:
        limb = vary(joined([FOREARM, hand(_hand_pose(settings, rng))]))
        turn = _small_tilt(rng, 5) @ rotation(2, rng.uniform(-60, 180))
        limbs.append(_place(limb, side, rng.uniform(85, 120), length, turn))
    return limbs


def _pelvis(
    settings: BodySettings, vary: Vary, length: float, traits: list[str], rng: Rng
) -> list[Anatomy]:
    contrast = "none"
    if settings.happens("oral_contrast", rng):
        contrast = "oral"
    elif settings.happens("urine_contrast", rng):
        contrast = "urine"
    traits.append(f"bowel_contrast_{contrast}")
    whole = joined([vary(pelvis()), viscera(rng, contrast)])
    if settings.happens("hardware", rng):
        metal = hip_prosthesis()
        right = rng.uniform() < 0.5
        side = -1 if right else 1
        whole = replace(
            whole,
            bones=tuple(
                b for b in whole.bones
                if b.name not in REPLACED or np.sign(_middle(b.solid)[0]) != side
            ),
            hardware=(metal.moved(MIRROR) if right else metal).hardware,
        )  # fmt: skip
        traits.append("hip_prosthesis")
    limbs = [whole.moved(_small_tilt(rng, 2.0) * length)]
    if settings.happens("arms_beside", rng):
        traits.append("arms_beside")
        limbs += _arms_beside(settings, vary, length, 225.0 * length, rng.uniform(60, 220), rng)
    return limbs


def _shoulder(
    settings: BodySettings, vary: Vary, length: float, traits: list[str], rng: Rng
) -> list[Anatomy]:
    turn = rotation(1, -rng.uniform(0, 25)) @ rotation(0, rng.normal(0, 8))
    limb = vary(shoulder(turn @ rotation(2, rng.uniform(-40, 40))))
    side = str(rng.choice(["L", "R"]))
    return [_place(limb, side, 0.0, length, _small_tilt(rng, 2.0))]


def _trunk(
    settings: BodySettings, vary: Vary, length: float, traits: list[str], rng: Rng
) -> list[Anatomy]:
    """Chest and belly with raised arms; a part that bodies.yaml does not draw by itself."""
    female = bool(rng.uniform() < 0.5)
    implants = female and bool(rng.uniform() < 0.25)
    traits += ["breasts"] * female + ["implants"] * implants
    whole = trunk(rng, female, implants)
    return [not_thinner(vary(whole), whole).moved(_small_tilt(rng, 2.0) * length)]


_POSES: dict[
    str, Callable[[BodySettings, Vary, float, list[str], Rng], list[Anatomy]]
] = {
    "calf": _legs, "knee": _legs, "foot": _legs, "thigh": _thighs, "pelvis": _pelvis,
    "hand": _hands, "forearm": _arm, "elbow": _arm, "upper_arm": _arm, "shoulder": _shoulder,
    "chest": _trunk, "abdomen": _trunk,
}  # fmt: skip


def _middle(solid: Solid) -> Points:
    low, high = solid.bounds_mm()
    return 0.5 * (low + high)


def block(limbs: list[Anatomy], low_z: float, high_z: float) -> tuple[Points, Points]:
    """Corners around the flesh between two heights; cut at LARGEST_MM around its middle.

    A block that begins under an amputated limb is raised to the stump.
    """
    flesh = [f.solid for limb in limbs for f in limb.flesh]
    lowest = min(float(solid.bounds_mm()[0][2]) for solid in flesh)
    rise = max(lowest - 10 - low_z, 0.0)
    low_z, high_z = low_z + rise, high_z + rise
    boxes = [box for solid in flesh if (box := _between(solid, low_z, high_z))]
    if not boxes:
        boxes = [solid.bounds_mm() for solid in flesh]
    margin = np.array([14.0, 22.0, 0.0])
    low = np.min([b[0] for b in boxes], axis=0) - margin
    high = np.max([b[1] for b in boxes], axis=0) + margin
    for axis, largest in enumerate(LARGEST_MM):
        middle = 0.5 * (low[axis] + high[axis])
        half = min(0.5 * (high[axis] - low[axis]), largest / 2)
        low[axis], high[axis] = middle - half, middle + half
    low[2], high[2] = low_z, high_z
    return low, high


def _between(solid: Solid, low_z: float, high_z: float) -> tuple[Points, Points] | None:
    """Box around what a solid has between two heights; None where it has nothing there."""
    boxes = []
    for piece in solid.segments() if isinstance(solid, Tube) else [solid]:
        low, high = piece.bounds_mm()
        if high[2] < low_z or low[2] > high_z:
            continue
        if isinstance(piece, Tube):
            # A limb that lies across the block is cut where it leaves it.
            a, b = piece.nodes
            reach = float(piece.radii_mm.max())
            run = b[2] - a[2]
            if abs(run) > 1:
                ends = np.clip((np.array([low_z, high_z]) - a[2]) / run, 0, 1)
                a, b = a + ends[0] * (b - a), a + ends[1] * (b - a)
            low, high = np.minimum(a, b) - reach, np.maximum(a, b) + reach
        boxes.append((low, high))
    if not boxes:
        return None
    return np.min([b[0] for b in boxes], axis=0), np.max([b[1] for b in boxes], axis=0)
