"""A moved slice moves with its labels and the centers of its lesions."""

import numpy as np

from calciscope.phantom.motion import move, random_shifts


def test_image_labels_and_centers_move_together() -> None:
    image = np.zeros((20, 20, 2), np.float32)
    labels = np.zeros(image.shape, np.uint8)
    image[8:11, 8:11, 1] = 100
    labels[8:11, 8:11, 1] = 6
    table = [{"center_index": [9, 9, 1]}, {"visible": False}]
    move(image, labels, table, np.array([[0.0, 0.0], [3.0, -2.0]]))
    assert table[0]["center_index"] == [12, 7, 1]
    assert labels[12, 7, 1] == 6
    assert image[12, 7, 1] == 100
    assert (labels == 6).sum() == 9
    assert not image[..., 0].any()


def test_shifts_are_small_and_drawn() -> None:
    shifts = random_shifts(40, 1.0, np.random.default_rng(2))
    assert shifts.shape == (40, 2)
    assert 0.1 < np.abs(shifts).max() < 8
    assert not np.allclose(shifts[0], shifts[-1])
