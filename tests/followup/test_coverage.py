"""What a scan shows: its grid, and the neighborhood of the body in it."""

import numpy as np
import pytest

from calciscope.followup.coverage import Coverage
from calciscope.labels import Label
from calciscope.volume import Volume


@pytest.fixture
def coverage() -> Coverage:
    """A body in x from 0 to 100 mm of a grid of 200 x 100 x 100 mm; a place counts up to 15 mm."""
    tissues = np.zeros((100, 50, 50), np.uint8)
    tissues[:50] = Label.MUSCLE
    return Coverage(Volume.from_spacing(tissues, (2.0, 2.0, 2.0)), skin_mm=15.0)


@pytest.mark.parametrize(
    ("point", "shown"),
    [
        ((50, 50, 50), True),
        ((50, 50, 98), True),
        ((50, 50, 99.5), False),
        ((50, 50, -2), False),
        ((108, 50, 50), True),  # 10 mm outside of the skin
        ((130, 50, 50), False),  # in the grid, but far from any body
    ],
)
def test_places(coverage: Coverage, point: tuple[float, float, float], shown: bool) -> None:
    assert coverage.share(np.array([point], dtype=float)) == float(shown)


def test_share_of_a_lesion(coverage: Coverage) -> None:
    points = np.array([[50.0, 50.0, z] for z in (90, 94, 98, 102)])
    assert coverage.share(points) == 0.75


def test_without_a_body_nothing_is_shown() -> None:
    empty = Volume.from_spacing(np.zeros((10, 10, 10), np.uint8), (2.0, 2.0, 2.0))
    assert Coverage(empty, 15.0).share(np.array([[10.0, 10.0, 10.0]])) == 0.0
