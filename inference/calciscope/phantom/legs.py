"""The shape of a leg, from foot to mid-thigh, as tables along its axis.

Leg frame in mm: u to the lateral side, v to the back, z to the head with 0 at the ankle joint
and 380 at the knee (before scaling). Figures are design choices for an adult; legs.py holds all
of them, limb_drawing.py paints them.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Profile = tuple[tuple[float, ...], ...]
"""Rows (z, value, value, ...), interpolated linearly."""

#: z, lateral radius, front-back radius, center v
SKIN: Profile = (
    (-80, 30, 100, -48), (-60, 37, 112, -45), (-35, 38, 88, -36), (-15, 38, 62, -18),
    (0, 38, 45, 0), (50, 40, 45, 0), (100, 45, 50, 0), (200, 55, 60, 0), (270, 60, 66, 0),
    (330, 58, 62, 0), (380, 60, 62, 0), (430, 66, 68, 0), (500, 74, 78, 0), (600, 82, 85, 0),
    (700, 86, 90, 0), (840, 90, 95, 0),
)  # fmt: skip

#: z, u, v, half width, half depth, triangularity, cortex, share of spongiosa in the cavity
TIBIA: Profile = (
    (-14, -20, -4, 4, 8, 0.0, 1.2, 1), (-2, -16, -5, 10, 13, 0.0, 1.5, 1),
    (2, -4, -6, 22, 18, 0.0, 1.5, 1), (14, -4, -9, 20, 17, 0.0, 1.5, 1),
    (45, -5, -18, 13, 14, 0.08, 3, 0.6), (100, -7, -28, 12, 14, 0.14, 5, 0.1),
    (200, -9, -37, 12, 14, 0.16, 5, 0.0), (290, -9, -38, 13, 15, 0.14, 4.5, 0.1),
    (330, -6, -28, 19, 18, 0.08, 2.5, 0.7), (360, 0, -10, 33, 23, 0.0, 1.5, 1),
    (377, 0, -5, 37, 25, 0.0, 1.5, 1), (380, 0, -5, 35, 23, 0.0, 1.5, 1),
)  # fmt: skip

FIBULA: Profile = (
    (-26, 27, 3, 3, 4, 0, 1.2, 1), (-18, 27, 3, 6, 8, 0, 1.5, 1), (0, 27, 3, 8, 9, 0, 1.8, 1),
    (25, 24, 0, 7, 8, 0, 2.5, 0.5), (60, 21, -4, 6, 6.5, 0, 3, 0.1), (200, 18, -20, 6, 6, 0, 3, 0),
    (320, 23, -8, 6, 6.5, 0, 2.5, 0.2), (350, 31, 10, 11, 11, 0, 1.5, 1),
    (364, 32, 13, 7, 8, 0, 1.2, 1), (368, 32, 13, 3, 3, 0, 1.2, 1),
)  # fmt: skip

FEMUR: Profile = (
    (424, 0, 0, 39, 24, 0, 1.8, 1), (440, 0, -6, 32, 20, 0, 2.0, 1),
    (470, 0, -8, 20, 17, 0, 4, 0.5), (510, 1, -8, 15, 15, 0, 6, 0.1),
    (620, 4, -10, 14.5, 15, 0, 7, 0), (760, 8, -8, 16, 16, 0, 6, 0),
    (840, 10, -4, 22, 20, 0, 4, 0.5),
)  # fmt: skip

#: name, center (u, v, z), radii; cortex 1.3 mm over spongiosa
ROUND_BONES: tuple[tuple[str, tuple[float, float, float], tuple[float, float, float]], ...] = (
    ("medial condyle", (-20, 4, 404), (17, 31, 21)),
    ("lateral condyle", (20, 4, 404), (17, 30, 21)),
    ("patella", (0, -46, 410), (21, 9, 21)),
    ("fabella", (21, 39, 408), (5, 3.5, 5)),
    ("talus", (-2, -12, -16), (21, 27, 13)),
    ("calcaneus", (3, 16, -44), (16, 36, 19)),
    ("navicular", (-12, -48, -26), (15, 12, 12)),
    ("cuboid", (16, -44, -36), (12, 17, 11)),
    ("cuneiforms", (-10, -72, -34), (17, 13, 10)),
    ("metatarsal 1", (-20, -108, -48), (8, 30, 8)),
    ("metatarsal 3", (0, -106, -50), (5, 34, 6)),
    ("metatarsal 5", (22, -92, -54), (5, 34, 6)),
)

MUSCLES: tuple[str, ...] = (
    "", "tibialis anterior", "extensor digitorum longus", "fibularis longus/brevis",
    "tibialis posterior / FHL", "soleus medial", "soleus lateral", "gastrocnemius medial",
    "gastrocnemius lateral", "vastus lateralis", "vastus medialis", "rectus femoris",
    "hamstrings", "adductors",
)  # fmt: skip
"""Values of the muscle map are indices of this table."""


def at(profile: Profile, z: float) -> NDArray[np.float64]:
    """Row of a profile at height z, without the z column; the ends hold beyond it."""
    table = np.asarray(profile, dtype=float)
    return np.array([np.interp(z, table[:, 0], column) for column in table[:, 1:].T])


def spans(profile: Profile, z: float) -> bool:
    """Whether the bone of this profile reaches the height z."""
    return profile[0][0] <= z <= profile[-1][0]


@dataclass(frozen=True)
class Leg:
    """One leg of one person.

    Attributes:
        side: L or R.
        center_x_mm: of its axis, LPS; center_y_mm likewise.
        rotation_deg: of the foot, outward.
        length: factor on all heights (1: tibia of 380 mm).
        girth: factor on the skin's radii; bone: factor on the bones' radii.
        subcutis_mm: at calf; thigh 1.5 times, tibial crest half.
        skin_mm: thickness.
        cortex: factor on cortical thickness (0.4: osteoporosis).
        harmonics: relative amplitude of the outline's 2nd to 4th harmonic, and phases.
        fatty: share of muscle replaced by fat streaks, 0-0.6.
        muscle_hu, fat_hu, marrow_hu, spongiosa_hu, cortical_hu: at the tube voltage used.
        edema_hu: added to subcutaneous fat (stranding), 0-60.
        bones_left_out: names of ROUND_BONES that this leg lacks.
        tilt: lean of the axis, mm of x and y per mm of z.
        knee_flexion: lean of the thigh to the front, mm per mm.
        amputated_below_mm: nothing under this height.
    """

    side: str
    center_x_mm: float
    center_y_mm: float = 0.0
    rotation_deg: float = 15.0
    length: float = 1.0
    girth: float = 1.0
    bone: float = 1.0
    subcutis_mm: float = 6.0
    skin_mm: float = 1.8
    cortex: float = 1.0
    harmonics: tuple[float, ...] = (0.0, 0.0, 0.0)
    phases: tuple[float, ...] = (0.0, 0.0, 0.0)
    fatty: float = 0.05
    muscle_hu: float = 52.0
    fat_hu: float = -98.0
    marrow_hu: float = -49.0
    spongiosa_hu: float = 294.0
    cortical_hu: float = 1555.0
    edema_hu: float = 0.0
    bones_left_out: tuple[str, ...] = ()
    tilt: tuple[float, float] = (0.0, 0.0)
    knee_flexion: float = 0.0
    amputated_below_mm: float = -1e9
    vessel_hu: float = 55.0
    vein_mm: float = 3.0
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def sign(self) -> float:
        """+1 where lateral is +x (left leg), -1 for the right leg."""
        return 1.0 if self.side == "L" else -1.0

    def axis_at(self, z_mm: float) -> tuple[float, float]:
        """Center of the leg in x and y at a height."""
        bend = self.knee_flexion * max(z_mm - 400 * self.length, 0.0)
        return (
            self.center_x_mm + self.tilt[0] * z_mm,
            self.center_y_mm + self.tilt[1] * z_mm - bend,
        )

    def local(
        self, x: NDArray[np.float64], y: NDArray[np.float64], z_mm: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(u, v) of points of one axial plane."""
        cx, cy = self.axis_at(z_mm)
        dx, dy = (x - cx) * self.sign, y - cy
        angle = np.deg2rad(self.rotation_deg)
        return dx * np.cos(angle) + dy * np.sin(angle), -dx * np.sin(angle) + dy * np.cos(angle)

    def world(self, u: float, v: float, z_mm: float) -> NDArray[np.float64]:
        """LPS of a point given in the leg frame; the inverse of `local`."""
        angle = np.deg2rad(self.rotation_deg)
        dx, dy = u * np.cos(angle) - v * np.sin(angle), u * np.sin(angle) + v * np.cos(angle)
        cx, cy = self.axis_at(z_mm)
        return np.array([cx + self.sign * dx, cy + dy, z_mm])
