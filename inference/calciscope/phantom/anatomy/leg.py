"""The leg in three dimensions, from the profiles of legs.py: shank, thigh and knee.

Frame of legs.py: u lateral, v back, z to the head, 0 at the ankle joint and 380 at the knee.
"""

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
from calciscope.phantom.anatomy.solids import Tube, ball, tube
from calciscope.phantom.legs import FEMUR, FIBULA, ROUND_BONES, SKIN, TIBIA, Profile

KNEE = line((0.0, 4.0, 395.0))[0]
"""Axis that the knee turns about."""


def _bone_tube(profile: Profile, triangle: float = 0.0) -> Tube:
    rows = tuple((row[1], row[2], row[0], row[3], row[4]) for row in profile)
    return tube(rows, cap=0.5, triangle=triangle)


def _skin_tube(low: float, high: float, cap: float) -> Tube:
    rows = tuple((0.0, r[3], r[0], r[1], r[2]) for r in SKIN if low <= r[0] <= high)
    return tube(rows, cap=cap)


FUSED = {"medial condyle": "femur", "lateral condyle": "femur"}

SHANK = Anatomy(
    flesh=(
        Flesh(_skin_tube(0, 380, 0.7), 6.0),
        Flesh(tube(((0, 0, 30, 40, 44), (0, -4, -20, 37, 42))), 4.0),
    ),
    bones=(
        Bone(_bone_tube(TIBIA, 0.1), 4.0, 0.05, True, "tibia", unit="tibia"),
        Bone(ball((0, -30, 352), (9, 7, 12)), 1.5, 1.0, name="tibial tuberosity", unit="tibia"),
        Bone(_bone_tube(FIBULA), 2.6, 0.05, True, "fibula"),
    ),
    vessels=(
        Vessel(line((2, -28, 0), (8, -20, 60), (14, -8, 330), (8, 18, 362)), 1.2),
        Vessel(line((-18, 14, 0), (-14, 6, 60), (0, 8, 330), (2, 22, 362), (0, 30, 400)), 1.4),
        Vessel(line((18, 10, 20), (12, -4, 200), (8, 4, 320), (4, 14, 345)), 1.2),
        Vessel(line((-30, -18, 0), (-44, -8, 150), (-48, 8, 300), (-50, 14, 390)), 1.5, True),
        Vessel(line((26, 24, 0), (12, 44, 150), (2, 56, 330)), 1.2, True),
    ),
    muscles=(
        line((12, -36, 40), (14, -42, 330)), line((22, -22, 20), (24, -24, 330)),
        line((34, -4, 20), (36, -4, 330)), line((2, -4, 10), (2, -8, 330)),
        line((-16, 2, 10), (-14, 0, 330)), line((-20, 24, 60), (-22, 20, 330)),
        line((22, 24, 60), (20, 18, 330)), line((-24, 42, 150), (-24, 42, 390)),
        line((24, 42, 150), (24, 42, 390)), line((0, 14, 360), (0, 12, 380)),
    ),
    organs=(
        Organ(tube(((3, 40, -20, 7, 3.5), (2, 40, 60, 7, 3), (0, 40, 140, 10, 2.5))), "tendon",
              hidden=False),
        Organ(tube(((0, -48, 398, 13, 3), (0, -42, 356, 12, 3))), "tendon", hidden=False),
        Organ(ball((0, 0, 384), (37, 25, 6)), "cartilage", hidden=True),
        Organ(ball((0, -34, 384), (18, 12, 14)), "fat", hidden=False),
    ),
    name="shank",
)  # fmt: skip

THIGH = Anatomy(
    flesh=(Flesh(_skin_tube(380, 840, 0.4), 8.5),),
    bones=(
        Bone(_bone_tube(FEMUR), 5.5, 0.05, True, "femur", unit="femur"),
        *(
            Bone(ball(center, radii), 1.4, 1.0, name=name, unit=FUSED.get(name, ""))
            for name, center, radii in ROUND_BONES
            if name in ("medial condyle", "lateral condyle", "patella", "fabella")
        ),
    ),
    vessels=(
        Vessel(line((0, 30, 400), (-4, 26, 450), (-22, -6, 560), (-28, -24, 700), (-26, -34, 840)),
               2.6),
        Vessel(line((-8, 10, 560), (-10, 0, 640), (-16, -14, 760)), 1.6),
        Vessel(line((-50, 14, 390), (-58, 8, 500), (-50, -30, 700), (-40, -52, 840)), 1.8, True),
    ),
    muscles=(
        line((38, -24, 430), (46, -24, 840)), line((-30, -32, 430), (-30, -40, 700)),
        line((2, -52, 430), (4, -64, 840)), line((10, -28, 470), (14, -30, 840)),
        line((-44, 0, 560), (-44, 10, 840)), line((-24, 28, 520), (-26, 26, 840)),
        line((22, 44, 420), (20, 56, 840)), line((-16, 48, 420), (-12, 62, 840)),
        line((-38, 38, 420), (-40, 44, 840)), line((-52, -20, 600), (-36, -54, 840)),
    ),
    organs=(
        Organ(tube(((0, -48, 416, 16, 3), (0, -50, 480, 18, 3))), "tendon", hidden=False),
        Organ(ball((0, -26, 425), (24, 9, 30)), "fluid", hidden=False),
    ),
    name="thigh",
)  # fmt: skip


def bent_leg(foot: Anatomy, flexion_deg: float, plantar_deg: float) -> Anatomy:
    """Foot, shank and thigh with the knee bent and the foot pointed."""
    pointed = foot.about(line((0.0, 0.0, 0.0))[0], rotation(0, plantar_deg))
    lower = joined([pointed, SHANK]).about(KNEE, rotation(0, flexion_deg))
    return joined([lower, THIGH])
