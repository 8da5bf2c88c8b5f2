"""Chest and belly: rib cage, spine, shoulders with raised arms, and the organs in them.

Frame: x to the left, v back, z to the head, 0 at the domes of the diaphragm. What is not in the
middle is written down for the left side and mirrored. An adult of average size; organs differ from
person to person by `rng`.
"""

from dataclasses import replace

import numpy as np

from calciscope.phantom.anatomy.parts import (
    MIRROR,
    Anatomy,
    Bone,
    Flesh,
    Organ,
    Vessel,
    joined,
    line,
    one_bone,
)
from calciscope.phantom.anatomy.solids import Ball, Solid, Tube, ball, tube
from calciscope.phantom.anatomy.viscera import bowel_loop

Rng = np.random.Generator

BREAST_GIRTH = (0.85, 1.2)
"""Least and largest factor on the breasts: they are drawn with their own size."""

LEAST_GIRTH = 0.94
"""Least share of the outline's radii: the rib cage under it does not shrink with the flesh."""

SPINE_TOP, SPINE_BOTTOM = 217.0, -205.0

RIB_WIDTH = (58.0, 84.0, 103.0, 115.0, 121.0, 124.0, 125.0, 124.0, 122.0, 119.0)
RIB_DEPTH = (44.0, 60.0, 70.0, 77.0, 81.0, 83.0, 84.0, 84.0, 82.0, 80.0)
"""Half axes of the ribs' arcs from the first to the tenth, mm."""


def _rib(number: int) -> Bone:
    """An arc from the spine round to the front, falling; the lower ones end at the side."""
    z = 213.0 - 23.0 * number
    front = -62.0 if number < 7 else -62.0 + 22.0 * (number - 6)
    angles = np.deg2rad(np.linspace(80, front, 10))
    fall = 52.0 * (1 - np.sin(angles)) / 2
    nodes = np.column_stack(
        [RIB_WIDTH[number] * np.cos(angles), 2 + RIB_DEPTH[number] * np.sin(angles), z - fall]
    )
    radii = np.tile([6.5, 3.8], (len(nodes), 1))
    return Bone(Tube(nodes, radii, np.array([0.0, 0.0, 1.0]), 0.6), 1.0, 0.7, name="rib")


def _vertebra(number: int) -> tuple[Bone, ...]:
    """L5 is number 0; the spine rises by 35 mm in the loins and by 23 mm in the chest."""
    z = SPINE_BOTTOM + (35.0 * number if number < 6 else 175.0 + 23.0 * (number - 5))
    half, size = (12.5, 24.0) if number < 5 else (8.5, 18.0)
    y = 46.0 if number < 5 else 52.0
    return one_bone(
        f"vertebra {number}",
        (
            Bone(tube(((0, y, z - half, size, 0.75 * size), (0, y, z + half, size, 0.75 * size)),
                      cap=0.15), 1.2, 1.0, name="vertebra", gap_mm=1.2),
            Bone(ball((0, y + 1.9 * size, z - 6), (4, 15, 10)), 1.2, 0.9, name="spinous process"),
            Bone(tube(((-1.6 * size, y + 20, z, 5, 5), (-12, y + 22, z, 7, 7),
                       (12, y + 22, z, 7, 7), (1.6 * size, y + 20, z, 5, 5)), across=(0, 1, 0)),
                 1.2, 0.8, name="transverse process"),
        ),
    )  # fmt: skip


_HALF = Anatomy(
    flesh=(
        Flesh(tube(((96, 12, 205, 46, 46), (140, 4, 196, 48, 50), (168, 0, 205, 50, 48)),
                   across=(0, 0, 1)), 8.0),
        Flesh(tube(((150, 2, 188, 48, 50), (192, -6, 262, 45, 47), (208, -10, 345, 41, 43))), 7.0),
        Flesh(ball((96, 52, 130), (62, 46, 84)), 10.0),
    ),
    bones=(
        *(_rib(n) for n in range(10)),
        Bone(tube(((16, -62, 190, 10, 10), (60, -58, 200, 7, 6.5), (105, -32, 214, 6.5, 6),
                   (146, -8, 219, 9, 6))), 1.8, 0.6, name="clavicle"),
        *one_bone("scapula", (
            Bone(Tube(np.array([(142, 14, 190), (126, 34, 172), (106, 58, 142), (92, 72, 104)],
                               float), np.array([(14, 7), (28, 4), (38, 2.5), (14, 3)], float),
                      np.array([-0.3, 0.1, 1.0]), 0.4), 0.9, 0.8, name="scapula"),
            Bone(ball((145, 8, 198), (7, 13, 17)), 1.2, 1.0, name="glenoid"),
            Bone(tube(((112, 58, 196, 5, 8), (146, 36, 222, 6, 10), (166, 10, 230, 5, 12)),
                      across=(0, 0, 1)), 1.3, 0.7, name="acromion"),
        )),
        *one_bone("humerus", (
            Bone(ball((168, 0, 202), (22, 22, 22)), 1.3, 1.0, name="humeral head", gap_mm=2.0),
            Bone(tube(((170, -1, 206, 17, 17), (182, -4, 236, 12.5, 12.5), (194, -7, 280, 11, 11),
                       (208, -10, 345, 11, 11))), 3.8, 0.1, True, "humerus"),
        )),
    ),
    vessels=(
        Vessel(line((8, -14, 196), (40, -26, 212), (90, -24, 206), (140, 2, 176),
                    (172, 4, 226), (190, 2, 300)), 3.4),
        Vessel(line((18, -16, 206), (24, -8, 300)), 3.2),
        Vessel(line((6, 24, -166), (28, 18, -215), (50, -4, -290)), 4.6),
        Vessel(line((112, -84, -40), (104, -92, -200)), 1.8, True),
    ),
    muscles=(
        line((40, -78, 150), (130, -30, 170)), line((50, -84, 100), (120, -50, 150)),
        line((40, 84, 190), (120, 60, 190)), line((60, 86, 150), (120, 62, 140)),
        line((120, 50, 60), (136, 30, 150)), line((26, 84, -200), (26, 80, 200)),
        line((48, 80, -200), (52, 84, 60)), line((40, -92, -210), (40, -96, 10)),
        line((132, 0, -200), (132, 4, -20)), line((128, -50, -200), (126, -54, -10)),
        line((176, 18, 214), (206, 12, 330)), line((176, -24, 214), (208, -36, 330)),
        line((196, -4, 196), (222, -10, 300)), line((36, 40, -60), (48, 26, -250)),
    ),
)  # fmt: skip

_MIDDLE = Anatomy(
    flesh=(
        Flesh(tube(((0, 2, -330, 166, 112), (0, 2, -220, 156, 108), (0, 2, -110, 150, 105),
                    (0, 2, -10, 150, 106), (0, 2, 80, 150, 106), (0, 2, 140, 146, 100),
                    (0, 4, 185, 124, 84), (0, 8, 214, 82, 66)), cap=0.3), 13.0, name="torso"),
        Flesh(tube(((0, 10, 196, 62, 60), (0, 4, 250, 56, 58), (0, 0, 320, 58, 64))), 6.0),
    ),
    bones=(
        *(bone for n in range(18) for bone in _vertebra(n)),
        *(Bone(tube(((0, 18, z - 5, 12, 9), (0, 18, z + 5, 12, 9)), cap=0.15), 1.1, 1.0,
               name="vertebra", unit=f"neck {z}") for z in (236, 253, 270, 287, 304)),
        Bone(tube(((0, -76, 176, 24, 6), (0, -86, 130, 16, 5), (0, -92, 60, 17, 5),
                   (0, -92, 32, 10, 4))), 1.0, 1.0, name="sternum"),
    ),
)  # fmt: skip


def trunk(rng: Rng, female: bool, implants: bool) -> Anatomy:
    """Chest and belly of a random person.

    Args:
        rng: of the organs and of the breasts.
        female: whether there are breasts; implants: in them.
    """
    parts = [_MIDDLE, _HALF, _HALF.moved(MIRROR)]
    if female:
        breast = _breast(rng, implants)
        parts += [breast, breast.moved(MIRROR)]
    whole = joined(parts)
    # In the order of painting: what lies in something comes after it.
    organs = (*_chest_organs(rng), *_belly_organs(rng), *whole.organs)
    aorta = Vessel(line((10, -6, 150), (14, 20, 168), (16, 27, 130), (10, 26, 0), (6, 24, -166)),
                   9.0)  # fmt: skip
    return replace(whole, organs=organs, vessels=(aorta, *whole.vessels), name="trunk")


def _breast(rng: Rng, implants: bool) -> Anatomy:
    """The left breast: fat with gland in it, and perhaps an implant."""
    size = float(rng.uniform(0.7, 1.15))
    x, y, z = 72.0, -88.0, 78.0
    radii = size * np.array([56.0, 46.0, 54.0])
    gland = rng.uniform(0.4, 0.7) * radii
    organs = [Organ(_upright((x, y - 0.45 * radii[1], z), gland), "gland", name="breast")]
    if implants:
        low = (x, y - 0.15 * radii[1], z)
        organs.append(Organ(_upright(low, 0.55 * radii), "implant", name="implant"))
    return Anatomy(flesh=(Flesh(_upright((x, y, z), radii), 200.0, name="breast"),),
                   organs=tuple(organs))  # fmt: skip


def _upright(center: tuple[float, float, float], radii: np.ndarray) -> Ball:
    return Ball(np.array(center), np.asarray(radii, float), np.eye(3))


def _chest_organs(rng: Rng) -> tuple[Organ, ...]:
    lung = tube(((60, 6, -24, 54, 70), (61, 4, 60, 54, 72), (56, 6, 125, 50, 66),
                 (46, 12, 180, 36, 44), (38, 16, 205, 18, 22)), cap=0.6)  # fmt: skip
    lungs = [lung, lung.moved(MIRROR, np.zeros(3))]
    heart = float(rng.uniform(0.85, 1.15))
    return (
        *(Organ(side, "lung", name="lung") for side in lungs),
        Organ(tube(((0, 14, -10, 24, 38), (0, 10, 80, 28, 50), (0, 8, 190, 26, 42))), "fat",
              name="mediastinum"),
        Organ(_turned((22, -34, 42), heart * np.array([56.0, 40.0, 46.0]), 30), "blood",
              name="heart"),
        Organ(tube(((4, 6, 120, 8, 8), (0, 2, 200, 8, 8), (0, -8, 310, 9, 9))), "gas", 2.0,
              name="airway"),
        *(Organ(ball((s * 17, -28, 262), (9, 9, 22)), "organ", name="thyroid") for s in (-1, 1)),
        *(Organ(ball((s * 38, -22, 322), (11, 14, 16)), "organ", name="salivary gland")
          for s in (-1, 1)),
    )  # fmt: skip


def _belly_organs(rng: Rng) -> tuple[Organ, ...]:
    size, shift = rng.uniform(0.88, 1.12, 5), rng.uniform(-8, 8, (4, 3))
    full = float(rng.uniform(0.6, 1.2))

    def oval(center: tuple[float, float, float], radii: tuple[float, float, float], n: int) -> Ball:
        return _upright(tuple(np.array(center) + shift[n % 4]), size[n] * np.array(radii))

    stomach = tube(((56, -2, -18, 30, 30), (62, -24, -58, 26, 26), (34, -46, -96, 17, 17),
                    (8, -46, -98, 12, 12)), cap=0.9)  # fmt: skip
    stomach = replace(stomach, radii_mm=stomach.radii_mm * full)
    loops = [_loop_organ(rng) for _ in range(int(rng.integers(9, 18)))]
    return (
        Organ(tube(((0, -16, -330, 112, 68), (0, -14, -110, 112, 70), (0, -10, -52, 112, 74)),
                   cap=0.75), "fat", name="belly"),
        *(Organ(tube(((s * 34, 44, -64, 11, 11), (s * 42, 36, -170, 17, 15),
                      (s * 56, 8, -300, 17, 15))), "flesh", hidden=False, name="psoas")
          for s in (-1, 1)),
        *loops,
        Organ(oval((-58, -4, -42), (62, 68, 60), 0), "liver", name="liver"),
        Organ(oval((-8, -46, -40), (58, 30, 32), 0), "liver", name="liver"),
        Organ(oval((92, 34, -42), (24, 36, 44), 1), "spleen", name="spleen"),
        Organ(stomach, str(rng.choice(["bowel", "stool"])), 4.0,
              float(rng.uniform(0.2, 0.5)) if rng.uniform() < 0.6 else 0.0, name="stomach"),
        *(Organ(oval((s * 62, 42, -98 - 8 * (s < 0)), (24, 24, 50), 2), "kidney", name="kidney")
          for s in (-1, 1)),
        *(Organ(ball((s * 46, 36, -104), (8, 10, 16)), "urine", name="renal pelvis")
          for s in (-1, 1)),
        *(Organ(tube(((s * 43, 34, -116, 3, 3), (s * 38, 20, -200, 2.5, 2.5),
                      (s * 44, 12, -320, 2.5, 2.5))), "urine", name="ureter") for s in (-1, 1)),
    )  # fmt: skip


def _loop_organ(rng: Rng) -> Organ:
    radius = float(rng.uniform(9, 15) if rng.uniform() < 0.6 else rng.uniform(16, 24))
    center, half = np.array([0.0, -32.0, -205.0]), np.array([86.0, 36.0, 100.0])
    filling = str(rng.choice(["bowel", "stool", "gas"], p=[0.6, 0.25, 0.15]))
    level = float(rng.uniform(0.2, 0.8)) if rng.uniform() < 0.3 else 0.0
    return Organ(bowel_loop(rng, radius, center, half), filling, rng.uniform(1.0, 2.5), level,
                 name="bowel")  # fmt: skip


def _turned(center: tuple[float, float, float], radii: np.ndarray, degrees: float) -> Ball:
    """An ellipsoid whose first axis falls to the left by an angle."""
    a = np.deg2rad(degrees)
    axes = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    return Ball(np.array(center), radii, axes)


def not_thinner(part: Anatomy, base: Anatomy) -> Anatomy:
    """Flesh that covers the rib cage: radii of at least `LEAST_GIRTH` of the base's.

    Breasts differ by no more than `BREAST_GIRTH`: all of them is fat, so that a factor on fat
    would be one on the whole.
    """

    def least(flesh: Flesh, first: Solid) -> Solid:
        solid = flesh.solid
        if not isinstance(solid, (Tube, Ball)) or not isinstance(first, (Tube, Ball)):
            return solid
        low, high = BREAST_GIRTH if flesh.name == "breast" else (LEAST_GIRTH, np.inf)
        radii = np.clip(solid.radii_mm, low * first.radii_mm, high * first.radii_mm)
        return replace(solid, radii_mm=radii)

    flesh = zip(part.flesh, base.flesh, strict=True)
    return replace(part, flesh=tuple(replace(f, solid=least(f, b.solid)) for f, b in flesh))
