"""The foot: tarsals, five rays with toes, sesamoids, and a skin with separate toes.

Frame of the leg: ankle joint at 0, toes to -v, sole to -z, u lateral.
"""

from calciscope.phantom.anatomy.parts import Anatomy, Bone, Flesh, Organ, Vessel, line
from calciscope.phantom.anatomy.solids import ball, tube

#: base and head of the metatarsals (u, v, z), radius of shaft, lengths of the phalanges
RAYS = (
    ((-16, -82, -36), (-25, -138, -57), 5.5, (33, 25)),
    ((-7, -84, -35), (-10, -146, -57), 3.6, (26, 13, 10)),
    ((1, -82, -37), (3, -142, -58), 3.4, (24, 11, 10)),
    ((9, -78, -41), (14, -135, -59), 3.4, (22, 10, 9)),
    ((17, -71, -46), (26, -124, -60), 3.6, (20, 9, 9)),
)  # fmt: skip

TARSALS = (
    ("talus", (-2, -12, -17), (20, 25, 12)), ("talus", (-8, -34, -23), (12, 11, 11)),
    ("navicular", (-12, -49, -27), (15, 8, 12)), ("cuboid", (14, -50, -43), (11, 16, 11)),
    ("cuneiform", (-19, -70, -35), (8, 11, 11)), ("cuneiform", (-8, -70, -31), (6, 10, 9)),
    ("cuneiform", (3, -69, -34), (6, 10, 9)), ("sesamoid", (-30, -134, -67), (4.5, 6, 3.5)),
    ("sesamoid", (-20, -134, -67), (4.5, 6, 3.5)), ("os trigonum", (2, 18, -20), (5, 4, 4)),
    ("os peroneum", (24, -50, -54), (4, 5, 3)),
)  # fmt: skip


def _ray(number: int) -> tuple[list[Bone], list[Flesh]]:
    """Metatarsal and phalanges of one ray, and the skin of its toe."""
    (bu, bv, bz), (hu, hv, hz), r, lengths = RAYS[number]
    bones = [
        Bone(tube(((bu, bv, bz, 1.6 * r, 1.8 * r), (bu, bv - 9, bz - 2, 1.1 * r, 1.2 * r),
                   (0.5 * (bu + hu), 0.5 * (bv + hv), 0.5 * (bz + hz) + 2, r, r),
                   (hu, hv + 8, hz, 1.2 * r, 1.2 * r), (hu, hv, hz, 1.5 * r, 1.6 * r))),
             2.0, 0.3, True, "metatarsal")
    ]  # fmt: skip
    v, z = hv - 1.6 * r - 3, hz - 2.0
    for n, length in enumerate(lengths):
        k = (1.0, 0.85, 0.75)[n] * r
        bones.append(
            Bone(tube(((hu, v, z, 1.25 * k, 1.15 * k),
                       (hu, v - 0.3 * length, z + 0.5, 0.8 * k, 0.8 * k),
                       (hu, v - 0.75 * length, z, 0.8 * k, 0.8 * k),
                       (hu, v - length, z - 0.5, 1.0 * k, 0.9 * k)), cap=0.4),
                 1.2, 0.4, True, "phalanx")
        )  # fmt: skip
        v -= length + 2.5
        z -= 1.0
    wide = 2.3 * r if number else 2.1 * r
    toe = tube(((hu, hv + 6, hz - 2, wide * 1.1, wide * 1.2), (hu, 0.5 * (hv + v), z, wide, wide),
                (hu, v + 1, z, 0.9 * wide, 0.8 * wide)), cap=0.8)  # fmt: skip
    return bones, [Flesh(toe, 1.5)]


def _foot() -> Anatomy:
    bones = [Bone(ball(center, radii), 1.2, 1.0, name=name) for name, center, radii in TARSALS]
    bones.append(
        Bone(tube(((5, 42, -48, 14, 16), (4, 18, -42, 14, 17), (9, -14, -42, 13, 13),
                   (12, -30, -43, 10, 11))), 1.3, 1.0, name="calcaneus")
    )  # fmt: skip
    bones.append(Bone(ball((26, -66, -52), (5, 9, 5)), 1.2, 1.0, name="metatarsal tuberosity"))
    outline = ((0, 50, -46, 27, 30), (0, 22, -38, 32, 40), (0, -20, -30, 36, 42),
               (0, -60, -38, 38, 33), (1, -100, -48, 44, 25), (2, -132, -56, 47, 17))  # fmt: skip
    flesh = [Flesh(tube(outline, cap=0.6), 3.0)]
    for number in range(5):
        more_bones, skin = _ray(number)
        bones += more_bones
        flesh += skin
    return Anatomy(
        tuple(flesh),
        tuple(bones),
        (
            Vessel(line((2, -30, -2), (-2, -50, -12), (-8, -90, -24)), 1.0),
            Vessel(line((-22, 14, -8), (-24, -10, -40), (-6, -60, -52), (4, -110, -62)), 1.0),
            Vessel(line((-30, -20, 0), (-26, -60, -18), (-14, -110, -36)), 1.3, True),
        ),
        (
            line((-24, -10, -52), (-22, -120, -68)), line((0, -10, -58), (0, -120, -70)),
            line((24, -10, -58), (28, -110, -68)), line((0, -80, -56), (0, -125, -62)),
            line((6, -50, -20), (6, -100, -36)),
        ),
        (
            Organ(tube(((2, 30, -68, 10, 2), (0, -40, -64, 14, 1.5), (0, -120, -72, 22, 1.2))),
                  "tendon", hidden=False),
            Organ(ball((4, 48, -68), (18, 18, 8)), "fat", hidden=False),
        ),
        name="foot",
    )  # fmt: skip


FOOT = _foot()
