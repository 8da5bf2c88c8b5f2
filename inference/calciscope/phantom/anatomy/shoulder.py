"""The shoulder with half of a chest: humeral head, scapula, clavicle, ribs, lung.

Frame: x lateral from the midline of the body, v back, z to the head, 0 at the humeral head, which
lies at x = 168. The other half of the chest is its mirror image.
"""

import numpy as np

from calciscope.phantom.anatomy.arm import SHOULDER, UPPER_ARM
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
from calciscope.phantom.anatomy.solids import Tube, ball, tube

HEAD = np.array([168.0, 0.0, 0.0])

_BLADE = Tube(
    np.array([(146, 14, -14), (128, 30, -26), (104, 50, -44), (82, 64, -58)], float),
    np.array([(17, 7), (34, 4), (54, 2.2), (62, 3)], float),
    np.array([-0.12, 0.1, 1.0]),
    0.4,
)


def _rib(number: int) -> Bone:
    """An arc from the spine round to the front, falling."""
    z0, width = 44.0 - 26 * number, min(78 + 14 * number, 128)
    angles = np.deg2rad(np.linspace(82, -60, 9))
    nodes = np.column_stack(
        [width * np.cos(angles) + 4, 6 + (62 + 4 * number) * np.sin(angles),
         z0 - 44 * (1 - np.sin(angles)) / 2 - 4]
    )  # fmt: skip
    radii = np.tile([6.5, 3.6], (len(nodes), 1))
    return Bone(Tube(nodes, radii, np.array([0.0, 0.0, 1.0]), 0.6), 1.0, 0.6, name="rib")


_CHEST_HALF = Anatomy(
    flesh=(
        Flesh(tube(((64, 8, -300, 96, 104), (64, 8, -120, 94, 100), (62, 8, -50, 92, 92),
                    (52, 10, 10, 86, 78), (36, 16, 58, 48, 58)), cap=0.3), 10.0),
    ),
    bones=(
        *(_rib(n) for n in range(9)),
        Bone(tube(((10, -56, 18, 11, 10), (44, -60, 26, 7, 6.5), (84, -44, 32, 6.5, 6),
                   (122, -20, 38, 7, 5.5), (150, -8, 38, 9, 5))), 1.8, 0.6, name="clavicle"),
    ),
    vessels=(
        Vessel(line((16, -6, 20), (60, -22, 22), (110, -14, 0), (136, 0, -40), (140, 4, -70)), 3.6),
        Vessel(line((14, 6, 10), (18, 2, 100)), 3.0),
    ),
    muscles=(
        line((60, -84, -30), (130, -50, -20)), line((40, 82, 20), (120, 62, 20)),
        line((90, 84, -80), (140, 50, -60)), line((100, 60, -20), (150, 26, -6)),
        line((100, 44, -60), (146, 4, -10)), line((90, 76, 8), (150, 26, 22)),
        line((26, 82, -200), (26, 82, 60)), line((128, 30, -120), (128, 30, -280)),
        line((30, 40, 90), (40, 50, 40)), line((20, -30, 80), (30, -40, 30)),
    ),
    organs=(
        Organ(tube(((58, 4, -300, 56, 78), (58, 4, -130, 56, 74), (52, 6, -50, 46, 58),
                    (40, 10, 0, 28, 34)), cap=0.7), "lung", name="lung"),
    ),
)  # fmt: skip

_SCAPULA = Anatomy(
    flesh=(
        Flesh(tube(((70, 14, 34, 50, 44), (120, 8, 18, 52, 50), (166, 2, 2, 46, 52),
                    (172, 2, -30, 48, 54)), across=(0, 0, 1)), 6.0),
        Flesh(ball((110, 52, -50), (58, 40, 80)), 8.0),
        Flesh(ball((128, -30, -50), (44, 38, 56)), 7.0),
    ),
    bones=one_bone("scapula", (
        Bone(_BLADE, 0.9, 0.8, name="scapula"),
        Bone(ball((143, 8, -4), (8, 14, 19)), 1.2, 1.0, name="glenoid"),
        Bone(tube(((84, 72, 4, 5, 6), (118, 62, 14, 5, 9), (148, 40, 30, 6, 10),
                   (168, 12, 38, 5, 14), (170, -4, 37, 5, 11)), across=(0, 0, 1)), 1.3, 0.7,
             name="acromion"),
        Bone(tube(((140, 0, 14, 7, 7), (138, -18, 20, 6, 6), (146, -34, 12, 6, 6))), 1.3, 0.8,
             name="coracoid"),
        Bone(tube(((140, 22, -30, 6, 6), (112, 52, -90, 6, 5), (98, 60, -118, 7, 5))), 1.4, 0.7,
             name="lateral border"),
    )),
)  # fmt: skip

_MIDDLE = Anatomy(
    flesh=(
        Flesh(tube(((0, 14, 20, 60, 64), (0, 10, 130, 56, 60))), 6.0),
        # Between the two halves, so that spine and breastbone lie under skin.
        Flesh(tube(((0, 8, -300, 90, 108), (0, 8, -120, 88, 104), (0, 10, -40, 80, 98),
                    (0, 14, 30, 62, 82))), 9.0),
    ),
    bones=(
        *(Bone(tube(((0, 56, 24 * n - 250, 17, 15), (0, 56, 24 * n - 232, 17, 15)), cap=0.15),
               1.1, 1.0, name="vertebra") for n in range(15)),
        *(Bone(ball((0, 90, 24 * n - 246), (4, 16, 9)), 1.1, 0.9, name="spinous process")
          for n in range(15)),
        Bone(tube(((0, -70, 16, 24, 7), (0, -78, -40, 16, 6), (0, -84, -160, 18, 6))), 1.0, 1.0,
             name="sternum"),
    ),
    organs=(
        Organ(tube(((0, 24, 110, 8, 8), (0, 30, 20, 9, 8), (0, 34, -60, 9, 8))), "gas", 2.0,
              name="airway"),
        Organ(ball((14, -22, -130), (48, 40, 52)), "organ", name="heart"),
    ),
)  # fmt: skip


def shoulder(abduction: np.ndarray) -> Anatomy:
    """Left shoulder, chest and both clavicles; the upper arm turned by a matrix."""
    arm = UPPER_ARM.moved(np.eye(3), HEAD - SHOULDER).about(HEAD, abduction)
    half = joined([_CHEST_HALF, _SCAPULA])
    whole = joined([_CHEST_HALF.moved(MIRROR), half, _MIDDLE, arm])
    # Lungs first: heart and airway are painted into the middle afterwards.
    return Anatomy(
        whole.flesh,
        (*whole.bones,),
        whole.vessels,
        whole.muscles,
        tuple(sorted(whole.organs, key=lambda o: o.content != "lung")),
        whole.hardware,
        name="shoulder",
    )
