"""The hand: eight carpals, metacarpals, phalanges, each finger a tube of skin of its own.

Frame of the arm (palm to -v, fingers to -z, thumb to +u), wrist joint at (0, 0, -250).
"""

from dataclasses import dataclass

import numpy as np

from calciscope.phantom.anatomy.parts import (
    Anatomy,
    Bone,
    Flesh,
    Organ,
    Vessel,
    joined,
    line,
    rotation,
)
from calciscope.phantom.anatomy.solids import Points, Tube, ball, tube

WRIST = line((0.0, 0.0, -252.0))[0]

CARPALS = (
    ("scaphoid", (11, -2, -259), (8, 6, 7)), ("lunate", (-1, -1, -258), (6.5, 7, 6)),
    ("triquetrum", (-12, 1, -261), (6, 6, 6)), ("pisiform", (-16, -8, -264), (4.5, 4.5, 5)),
    ("trapezium", (18, -4, -272), (7, 7, 6)), ("trapezoid", (9, 0, -273), (5, 6.5, 6)),
    ("capitate", (0, 0, -272), (6, 7, 9)), ("hamate", (-10, 0, -274), (6.5, 7, 7)),
    ("hook of hamate", (-11, -9, -275), (2.5, 5, 3)),
)  # fmt: skip

#: base and head of metacarpals 2-5, radius, lengths of phalanges
RAYS = (
    ((10, 1, -283), (17, 2, -345), 3.8, (41, 24, 17)),
    ((1, 1, -283), (2, 2, -346), 3.8, (45, 28, 18)),
    ((-7, 1, -283), (-11, 2, -339), 3.4, (41, 26, 18)),
    ((-14, 0, -281), (-23, 1, -331), 3.3, (33, 19, 16)),
)
THUMB = ((20, -8, -280), (36, -16, -318), 4.6, (31, 23))


@dataclass(frozen=True)
class HandPose:
    """How a hand is held.

    Attributes:
        flexion_deg: bend of each finger joint, thumb last.
        spread_deg: between neighboring fingers.
        wrist_deg: flexion of the wrist to the palm.
    """

    flexion_deg: tuple[float, float, float, float, float] = (8, 8, 10, 12, 12)
    spread_deg: float = 4.0
    wrist_deg: float = 0.0


def _long_bone(start: Points, stop: Points, r: float, name: str) -> Bone:
    """A short long bone: wide base, waist, head."""
    shares, factors = (0.0, 0.12, 0.3, 0.7, 0.9, 1.0), (1.35, 1.3, 0.9, 0.85, 1.15, 1.1)
    nodes = np.array([start + s * (stop - start) for s in shares])
    radii = np.array([[1.1 * f * r, f * r] for f in factors])
    solid = Tube(nodes, radii, np.array([1.0, 0.0, 0.0]), 0.5)
    return Bone(solid, 1.5 if name == "metacarpal" else 1.2, 0.2, True, name)


def _ray(
    base: tuple[float, ...], head: tuple[float, ...], r: float, lengths: tuple[float, ...],
    flexion_deg: float, spread_deg: float,
) -> Anatomy:  # fmt: skip
    """Metacarpal, phalanges and finger; each joint bends by `flexion_deg` to the palm."""
    start, stop = np.array(base, float), np.array(head, float)
    bones = [_long_bone(start, stop, r, "metacarpal")]
    direction = rotation(1, -spread_deg) @ ((stop - start) / np.linalg.norm(stop - start))
    point = stop
    nodes = [stop - 10 * direction]
    for n, length in enumerate(lengths):
        direction = rotation(0, -flexion_deg) @ direction
        first = point + (1.3 * r + 1.5) * direction
        point = first + (length - 2) * direction
        bones.append(_long_bone(first, point, r * (1.05, 0.85, 0.7)[n], "phalanx"))
        nodes += [first, point]
    nodes.append(point + 2 * direction)
    wide = 2.35 * r
    radii = np.linspace(1.1, 0.78, len(nodes))[:, None] * [wide, 0.95 * wide]
    skin = Tube(np.array(nodes), radii, np.array([1.0, 0.0, 0.0]), 0.9)
    return Anatomy((Flesh(skin, 1.3),), tuple(bones))


def hand(pose: HandPose) -> Anatomy:
    """The hand in a pose."""
    spreads = (1.5, 0.4, -0.7, -1.8)
    rays = [
        _ray(*row, pose.flexion_deg[n], spreads[n] * pose.spread_deg) for n, row in enumerate(RAYS)
    ]
    rays.append(_ray(*THUMB, pose.flexion_deg[4], 0.5 * pose.spread_deg))
    carpals = tuple(Bone(ball(c, r), 0.9, 1.0, name=name) for name, c, r in CARPALS)
    sesamoids = tuple(
        Bone(ball(c, (2, 1.8, 2.4)), 0.7, 1.0, name="sesamoid")
        for c in ((32, -24, -318), (40, -23, -318), (19, -8, -346))
    )
    palm = Anatomy(
        (
            Flesh(tube(((0, 0, -246, 29, 20), (2, -2, -280, 35, 17), (-2, -3, -318, 43, 15),
                        (-3, -1, -344, 43, 12)), cap=0.4), 2.0),
            Flesh(ball((25, -12, -296), (18, 15, 28)), 2.0),
        ),
        (*carpals, *sesamoids),
        (
            Vessel(line((22, -10, -245), (24, 2, -268), (12, -6, -295), (-4, -10, -310)), 0.9),
            Vessel(line((-22, -11, -250), (-18, -12, -280), (-4, -12, -315), (12, -12, -318)), 0.9),
            Vessel(line((10, 10, -250), (4, 12, -300), (2, 11, -335)), 1.2, True),
        ),
        (
            line((26, -16, -275), (32, -20, -310)), line((-24, -10, -275), (-28, -10, -325)),
            line((0, -10, -280), (0, -10, -340)), line((6, 0, -295), (9, 0, -335)),
            line((-4, 0, -295), (-6, 0, -335)), line((-14, 0, -295), (-17, 0, -325)),
        ),
        (Organ(tube(((2, -11, -240, 8, 5), (0, -11, -285, 9, 4), (0, -10, -330, 20, 2))), "tendon",
               hidden=False),),
        name="hand",
    )  # fmt: skip
    whole = joined([palm, *rays])
    return whole.about(WRIST, rotation(0, -pose.wrist_deg))
