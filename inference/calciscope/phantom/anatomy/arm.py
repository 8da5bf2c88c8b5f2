"""The arm: humerus, elbow, radius and ulna.

Frame of a hanging arm, palm to the front: u lateral, v back, z to the head, 0 at the elbow joint;
shoulder at 305, wrist at -250.
"""

from calciscope.phantom.anatomy.parts import Anatomy, Bone, Flesh, Organ, Vessel, line, one_bone
from calciscope.phantom.anatomy.solids import ball, tube

ELBOW = line((0.0, 0.0, 4.0))[0]
SHOULDER = line((-8.0, 0.0, 305.0))[0]

HUMERUS = (
    Bone(tube(((4, -2, 292, 20, 19), (8, -1, 265, 14, 14), (6, 0, 220, 11.5, 11.5),
               (2, 0, 140, 11, 11), (0, 0, 70, 12, 10), (0, -1, 32, 19, 8), (0, -2, 12, 27, 7))),
         4.0, 0.05, True, "humerus"),
    Bone(ball((-8, 1, 303), (22, 23, 22)), 1.3, 1.0, name="humeral head"),
    Bone(ball((15, -5, 298), (11, 13, 16)), 1.3, 1.0, name="greater tubercle"),
    Bone(tube(((-22, -2, 6, 10, 10), (-4, -2, 4, 8, 8), (6, -3, 5, 10, 10), (18, -4, 6, 9, 9)),
              across=(0, 1, 0)), 1.3, 1.0, name="trochlea"),
    Bone(ball((-30, 3, 14), (8, 7, 10)), 1.3, 1.0, name="medial epicondyle"),
    Bone(ball((27, 0, 16), (6, 6, 10)), 1.3, 1.0, name="lateral epicondyle"),
)  # fmt: skip

FOREARM_BONES = (
    Bone(tube(((-8, 15, 18, 10, 8), (-8, 14, 0, 10, 9),
               (-9, 10, -20, 9, 10), (-13, 7, -60, 7.5, 8), (-16, 4, -150, 6.5, 6.5),
               (-18, 3, -220, 5, 5), (-20, 3, -243, 7, 7)), triangle=0.08),
         3.0, 0.05, True, "ulna"),
    Bone(ball((-8, -3, -15), (8, 6, 7)), 1.2, 1.0, name="coronoid"),
    Bone(tube(((17, -2, -8, 10.5, 10.5), (16, -2, -14, 10, 10), (15, -2, -26, 7, 7),
               (9, -3, -46, 8, 8), (12, 0, -120, 7.5, 6.5), (11, 0, -200, 9, 7),
               (8, 0, -232, 14, 9), (8, 0, -247, 15, 9.5)), cap=0.35), 2.6, 0.05, True, "radius"),
    Bone(ball((21, 0, -250), (4, 5, 7)), 1.0, 1.0, name="radial styloid"),
)  # fmt: skip

UPPER_ARM = Anatomy(
    flesh=(
        Flesh(tube(((0, 0, 320, 46, 48), (2, 0, 250, 46, 50), (0, 0, 180, 42, 47),
                    (0, 0, 100, 39, 42), (0, 0, 40, 42, 35), (0, 0, 0, 41, 34)), cap=0.6), 6.0),
    ),
    bones=one_bone("humerus", HUMERUS),
    vessels=(
        Vessel(line((-26, 4, 300), (-20, 4, 150), (-8, -16, 40), (0, -22, 0)), 2.0),
        Vessel(line((-24, 14, 280), (6, 18, 160), (18, 6, 60)), 1.0),
        Vessel(line((20, -34, 10), (26, -34, 120), (24, -36, 280)), 1.6, True),
        Vessel(line((-28, -22, 10), (-32, -12, 140)), 1.6, True),
    ),
    muscles=(
        line((0, -26, 20), (0, -30, 280)), line((4, -14, 10), (8, -16, 150)),
        line((0, 24, 20), (2, 28, 280)), line((-18, 18, 60), (-18, 20, 280)),
        line((22, 14, 80), (22, 16, 280)), line((30, 0, 180), (32, 0, 300)),
        line((30, -8, 10), (22, -6, 60)),
    ),
    organs=(Organ(tube(((0, 26, 12, 12, 3), (0, 24, 60, 14, 2.5))), "tendon", hidden=False),),
    name="upper arm",
)  # fmt: skip

FOREARM = Anatomy(
    flesh=(
        Flesh(tube(((0, 0, 4, 41, 34), (0, 0, -40, 43, 38), (0, 0, -80, 40, 35),
                    (-1, 0, -150, 33, 28), (-2, 0, -215, 28, 21), (-1, 0, -262, 29, 20))), 4.5),
        Flesh(ball((-8, 18, 8), (22, 14, 26)), 2.5),
    ),
    bones=(
        *one_bone("ulna", FOREARM_BONES[:2]),
        *one_bone("radius", FOREARM_BONES[2:]),
    ),
    vessels=(
        Vessel(line((0, -22, 4), (14, -16, -60), (22, -12, -160), (22, -10, -245)), 1.2),
        Vessel(line((0, -22, -4), (-16, -10, -80), (-26, -8, -180), (-22, -11, -250)), 1.2),
        Vessel(line((2, -12, -40), (0, -6, -120), (0, -5, -220)), 0.7),
        Vessel(line((24, -24, 0), (34, -6, -120), (26, 8, -240)), 1.4, True),
        Vessel(line((-26, -22, 0), (-32, 4, -120), (-24, 12, -230)), 1.3, True),
    ),
    muscles=(
        line((30, -14, 0), (22, -10, -220)), line((16, -18, -20), (10, -14, -230)),
        line((-6, -22, -20), (-4, -14, -230)), line((-26, -10, -10), (-24, -6, -220)),
        line((2, -6, -60), (2, -8, -220)), line((26, 8, -10), (12, 12, -220)),
        line((6, 18, -30), (0, 12, -230)), line((-12, 20, -50), (-14, 12, -220)),
    ),
    name="forearm",
)  # fmt: skip
