"""What fills the pelvis: bladder, rectum, bowel loops with gas, stool and oral contrast."""

import numpy as np

from calciscope.phantom.anatomy.parts import Anatomy, Organ
from calciscope.phantom.anatomy.solids import Points, Tube, ball, tube

Rng = np.random.Generator


CENTER, HALF = np.array([0.0, -26.0, 120.0]), np.array([72.0, 34.0, 120.0])
"""Box of the belly in the frame of the pelvis: its middle and half its size, mm."""


def bowel_loop(rng: Rng, radius: float, center: Points = CENTER, half: Points = HALF) -> Tube:
    """A random curve inside the belly: steps of 20 mm that turn and bounce off its wall."""
    point = center + rng.uniform(-0.8, 0.8, 3) * half
    direction = rng.normal(size=3)
    nodes = [point]
    for _ in range(int(rng.integers(3, 9))):
        direction = direction / np.linalg.norm(direction) + 0.6 * rng.normal(size=3)
        step = point + 20 * direction / np.linalg.norm(direction)
        point = np.clip(step, center - 0.85 * half, center + 0.85 * half)
        direction = np.where(step == point, direction, -direction)
        if np.linalg.norm(point - nodes[-1]) > 4:
            nodes.append(point)
    if len(nodes) < 2:
        nodes.append(point + np.array([12.0, 0, 0]))
    radii = radius * rng.uniform(0.75, 1.25, (len(nodes), 1)) * np.ones((1, 2))
    return Tube(np.array(nodes), radii, np.array([0.3, 0.9, 0.2]), 0.9)


def viscera(rng: Rng, contrast: str) -> Anatomy:
    """Organs of a random person.

    Args:
        rng: of places, sizes and fillings.
        contrast: none, oral (in part of the bowel) or urine (excreted into the bladder).
    """
    organs = []
    for _ in range(int(rng.integers(8, 22))):
        radius = float(rng.uniform(8, 15) if rng.uniform() < 0.7 else rng.uniform(16, 26))
        filling = str(rng.choice(["bowel", "stool", "gas"], p=[0.6, 0.25, 0.15]))
        if contrast == "oral" and rng.uniform() < 0.5:
            filling = "oral contrast"
        level = float(rng.uniform(0.2, 0.8)) if rng.uniform() < 0.3 else 0.0
        organs.append(
            Organ(bowel_loop(rng, radius), filling, rng.uniform(1.0, 2.5), level, name="bowel")
        )
    size = rng.uniform(0.4, 1.2)
    bladder = "contrast urine" if contrast == "urine" else "urine"
    organs += [
        Organ(ball((0, -20, -8 + 24 * size), (44 * size, 32 * size, 32 * size)), bladder, 3.0,
              name="bladder"),
        Organ(ball((0, 4, 20 if rng.uniform() < 0.5 else -26), (24, 18, 22)), "organ",
              name="pelvic organ"),
        Organ(tube(((4, 50, 46, 17, 15), (0, 54, 10, 19, 17), (0, 40, -24, 12, 13),
                    (0, 42, -50, 10, 10))), str(rng.choice(["stool", "gas", "bowel"])), 3.0,
              0.4 if rng.uniform() < 0.5 else 0.0, name="bowel"),
    ]  # fmt: skip
    return Anatomy(organs=tuple(organs))
