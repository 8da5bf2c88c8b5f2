"""Text and marks can be told apart: WCAG 2.2 contrast, and colors for color-blind readers."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike, NDArray

from calciscope.labels import COMPARTMENT_COLORS
from calciscope.writers import report_html

CSS = (Path(report_html.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL)[:2]
)
SCHEMES = pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])

VISION: dict[str, ArrayLike] = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
"""Linear RGB as seen; Machado, Oliveira and Fernandes 2009, severity 1."""


def linear(color: str) -> NDArray[np.float64]:
    """Linear RGB of an sRGB color (IEC 61966-2-1)."""
    value = np.array(to_rgb(color))
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    dark, light = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* (D65) of linear RGB."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = xyz @ rgb / np.array([0.9505, 1.0, 1.089])
    root = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def test_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    np.testing.assert_allclose(lab(linear("#ffffff")), [100, 0, 0], atol=0.1)


@SCHEMES
def test_text_can_be_read(scheme: dict[str, str]) -> None:
    for text in ("ink", "soft", "accent"):
        for ground in ("paper", "panel"):
            assert contrast(scheme[text], scheme[ground]) >= 4.5, (text, ground)
    assert contrast(scheme["ink"], scheme["caution"]) >= 4.5
    # The notice on top stands in paper on ink.
    assert contrast(scheme["paper"], scheme["ink"]) >= 4.5


@SCHEMES
def test_edges_of_controls_and_marks_can_be_seen(scheme: dict[str, str]) -> None:
    for edge in ("soft", "accent", "caution-line"):
        assert contrast(scheme[edge], scheme["paper"]) >= 3.0, edge
    assert contrast(scheme["soft"], scheme["panel"]) >= 3.0
    # Chips and bars of a compartment's color have an edge in `soft`.
    assert ".chip" in CSS
    assert CSS.count("1px solid var(--soft)") + CSS.count("0 0 0 1px var(--soft)") >= 2


def test_lesions_stand_out_from_the_black_of_pictures() -> None:
    for compartment, color in COMPARTMENT_COLORS.items():
        assert contrast(color, "#000000") >= 3.0, compartment


@pytest.mark.parametrize("kind", VISION)
def test_compartments_stay_apart_for_color_blind_readers(kind: str) -> None:
    """A difference of 2.3 is just seen; small marks side by side need several times that."""
    seen = {
        compartment: lab(np.clip(np.asarray(VISION[kind]) @ linear(color), 0, 1))
        for compartment, color in COMPARTMENT_COLORS.items()
    }
    for one, other in combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) >= 15, (one, other)
