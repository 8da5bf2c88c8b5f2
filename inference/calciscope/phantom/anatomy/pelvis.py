"""Pelvis and hips: ring of bone, femora, gluteal and hip muscles.

Frame: x to the left, v back, z to the head, 0 at the middle between the femoral heads. One half is
written down (lateral is +x) and mirrored.
"""

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
from calciscope.phantom.anatomy.solids import Ball, Tube, ball, tube

HIP = np.array([90.0, 0.0, 0.0])


def _fan(rows: tuple[tuple[float, ...], ...], across: tuple[tuple[float, ...], ...]) -> Tube:
    """A plate: a flat tube whose wide direction turns along it."""
    table = np.array(rows, float)
    return Tube(table[:, :3], table[:, 3:], np.array(across, float), 0.5)


_ILIUM = (
    Bone(_fan(((84, 6, 16, 24, 15), (86, 8, 40, 28, 9), (92, 4, 70, 34, 5), (112, -6, 118, 42, 4)),
              ((0, 1, 0), (-0.15, 1, 0), (-0.25, 1, 0), (-0.3, 1, 0))), 1.3, 1.0, name="ilium"),
    Bone(_fan(((84, 20, 30, 16, 12), (76, 40, 60, 26, 8), (72, 52, 108, 32, 5)),
              ((-0.4, 1, 0), (-0.7, 0.8, 0), (-0.8, 0.7, 0))), 1.3, 1.0, name="ilium"),
    Bone(tube(((118, -52, 82, 7, 8), (124, -44, 96, 7, 7), (128, -22, 118, 7, 6),
               (122, 10, 132, 8, 6), (96, 42, 130, 8, 6), (62, 66, 114, 9, 8),
               (46, 76, 90, 8, 9))), 1.3, 1.0, name="iliac crest"),
    Bone(tube(((88, -18, 26, 14, 12), (108, -34, 52, 8, 8), (118, -50, 84, 7, 6))), 1.4, 1.0,
         name="anterior border"),
    Bone(tube(((58, 56, 104, 10, 14), (52, 52, 78, 11, 14), (62, 44, 54, 10, 10))), 1.4, 1.0,
         name="sacroiliac part"),
)  # fmt: skip

_PUBIS = (
    Bone(tube(((78, -16, -6, 13, 12), (58, -36, -18, 9, 8), (34, -52, -28, 8, 8),
               (13, -58, -36, 9, 10))), 1.6, 0.8, name="pubis"),
    Bone(ball((10, -57, -46), (7, 8, 20)), 1.4, 1.0, name="pubis"),
    Bone(tube(((13, -56, -62, 8, 6), (30, -34, -82, 7, 5), (46, 0, -94, 8, 6))), 1.6, 0.8,
         name="ramus"),
    Bone(tube(((86, 24, 2, 16, 14), (78, 34, -30, 14, 13), (66, 30, -66, 15, 14),
               (56, 18, -92, 13, 12))), 1.6, 0.9, name="ischium"),
)  # fmt: skip

_ACETABULUM = Bone(
    Ball(np.array([89.0, 0.0, 2.0]), np.full(3, 33.0), np.eye(3), np.array([-0.72, 0.15, 0.62])),
    1.4, 1.0, name="acetabulum",
)  # fmt: skip

FEMUR = (
    Bone(ball((90, 0, 0), (23.5, 23.5, 23.5)), 1.5, 1.0, name="femoral head", gap_mm=3.2),
    Bone(tube(((96, 0, -4, 17, 18), (112, 3, -20, 14, 17), (122, 5, -30, 17, 18)),
              across=(0.6, 0, 0.8)), 2.2, 0.9, name="femoral neck"),
    Bone(ball((131, 10, -20), (14, 19, 21)), 1.3, 0.9, name="greater trochanter"),
    Bone(ball((106, 19, -64), (9, 9, 11)), 1.3, 0.9, name="lesser trochanter"),
    Bone(tube(((126, 6, -30, 18, 19), (121, 6, -60, 18, 18), (118, 4, -95, 15.5, 16),
               (112, 0, -170, 15, 15.5), (106, -4, -300, 14.5, 15), (100, -4, -420, 16, 16))),
         5.5, 0.05, True, "femoral shaft"),
)  # fmt: skip

_HALF = Anatomy(
    flesh=(
        Flesh(tube(((92, 6, 30, 82, 96), (98, 4, -40, 88, 98), (98, 0, -130, 86, 94),
                    (95, 0, -260, 80, 86), (92, 0, -420, 70, 76))), 12.0),
        Flesh(ball((78, 62, -16), (78, 66, 82)), 24.0),
        Flesh(ball((118, 4, -10), (62, 74, 84)), 14.0),
    ),
    bones=(*one_bone("hip bone", (*_ILIUM, _ACETABULUM, *_PUBIS)), *one_bone("femur", FEMUR)),
    vessels=(
        Vessel(line((2, -12, 230), (6, -8, 165), (34, 8, 120), (58, -22, 80), (74, -56, 20),
                    (80, -62, -10), (82, -56, -90), (76, -36, -240), (70, -20, -420)), 4.0),
        Vessel(line((34, 8, 118), (44, 34, 80), (46, 52, 40), (60, 66, 10)), 2.2),
        Vessel(line((44, 34, 80), (40, 20, 30), (34, -4, -10), (28, -14, -40)), 1.4),
        Vessel(line((81, -58, -40), (92, -40, -70), (100, -20, -160), (100, 0, -260)), 2.2),
        Vessel(line((76, -66, -30), (66, -74, -120), (52, -62, -260)), 2.0, True),
    ),
    muscles=(
        line((70, 92, 40), (96, 74, -50)), line((40, 90, 50), (74, 88, -40)),
        line((104, 52, 100), (130, 26, 0)), line((128, 14, 120), (132, 4, 0)),
        line((134, -36, 80), (138, -40, -60)), line((60, 62, 50), (120, 20, -8)),
        line((96, 34, -20), (120, 22, -20)), line((96, 30, -50), (118, 20, -50)),
        line((48, 4, 200), (62, -8, 80), (88, -38, 10), (104, -10, -60)),
        line((90, -10, 100), (86, -36, 20)), line((110, -60, 60), (112, -62, -200)),
        line((60, -46, -30), (84, -40, -80)), line((40, -36, -60), (78, -16, -200)),
        line((34, -20, -80), (62, 10, -240)), line((60, 30, -100), (72, 52, -260)),
        line((76, 36, -100), (100, 56, -260)), line((130, -20, -60), (134, -16, -260)),
        line((116, -36, -40), (114, -36, -260)), line((40, -2, -40), (60, 10, -20)),
        line((150, -20, 60), (150, -10, -60)),
    ),
    name="pelvis",
)  # fmt: skip

_MIDDLE = Anatomy(
    flesh=(
        Flesh(tube(((0, 6, 260, 152, 104), (0, 6, 150, 158, 108), (0, 8, 60, 172, 112),
                    (0, 12, -10, 172, 108), (0, 10, -40, 130, 80)), cap=0.3), 20.0),
    ),
    bones=(
        Bone(tube(((0, 46, 112, 50, 20), (0, 60, 86, 46, 20), (0, 74, 56, 34, 15),
                   (0, 82, 26, 24, 10), (0, 78, 4, 14, 7))), 1.2, 1.0, name="sacrum", gap_mm=1.6),
        Bone(tube(((0, 76, -4, 10, 5), (0, 66, -28, 6, 4))), 1.0, 1.0, name="coccyx"),
        *(
            Bone(tube(((0, 28 - 0.15 * n, 124 + 36 * n, 26, 19), (0, 26, 149 + 36 * n, 26, 19)),
                      cap=0.15), 1.2, 1.0, name="lumbar body", unit=f"L{n}")
            for n in range(4)
        ),
        *(Bone(ball((0, 74, 130 + 36 * n), (4.5, 17, 12)), 1.2, 0.9, name="spinous process",
                unit=f"L{n}")
          for n in range(4)),
        *(Bone(tube(((-38, 46, 136 + 36 * n, 5, 5), (-16, 50, 134 + 36 * n, 8, 7),
                     (16, 50, 134 + 36 * n, 8, 7), (38, 46, 136 + 36 * n, 5, 5)), across=(0, 1, 0)),
               1.3, 0.8, name="transverse process", unit=f"L{n}") for n in range(4)),
    ),
    muscles=(
        line((-30, 72, 120), (-30, 72, 260)), line((30, 72, 120), (30, 72, 260)),
        line((-40, -88, 60), (-40, -88, 260)), line((40, -88, 60), (40, -88, 260)),
        line((-138, 0, 140), (-130, 0, 260)), line((138, 0, 140), (130, 0, 260)),
        line((0, 30, -50), (0, 50, -40)),
    ),
    organs=(
        # The belly and the lesser pelvis: fat that bowel, bladder and the rest are painted into.
        Organ(tube(((0, -28, 270, 108, 56), (0, -30, 120, 98, 54), (0, -32, 70, 84, 46),
                    (0, -14, 30, 52, 46)), cap=0.3), "fat", name="belly"),
        Organ(tube(((0, 0, 50, 50, 50), (0, 6, 0, 48, 46), (0, 10, -32, 36, 34))), "fat",
              name="belly"),
    ),
)  # fmt: skip


def pelvis() -> Anatomy:
    """Both halves and the middle."""
    return joined([_MIDDLE, _HALF, _HALF.moved(MIRROR)])


def hip_prosthesis() -> Anatomy:
    """What replaces the bones of REPLACED: cup, ball and stem of the left hip, in pelvis frame."""
    stem = tube(((104, 0, -14, 8, 8), (120, 5, -34, 13, 9), (119, 4, -80, 9, 8),
                 (113, 0, -160, 6, 6)))  # fmt: skip
    cup = Ball(HIP, np.full(3, 27.0), np.eye(3), np.array([-0.72, 0.1, 0.62]))
    return Anatomy(hardware=(cup, ball((90, 0, 0), (15, 15, 15)), stem))


REPLACED = ("femoral head", "femoral neck")
