"""Toy cases: an ellipse of leg with bone, and spheres of mineral in its soft tissue."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from calciscope.labels import Label
from calciscope_train.cases import write_case

TOY_SHAPE = (72, 56, 24)
TISSUES = ((1.0, Label.SUBCUTANEOUS, -100), (0.7, Label.MUSCLE, 60), (0.08, Label.BONE, 800))
SPHERES = ((Label.CALCIFICATION, 400), (Label.VASCULAR, 700), (Label.FOREIGN, 3000))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors are fastest on one thread; give the number back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def toy_case(seed: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """HU and labels of one toy leg at 1 x 1 x 2.5 mm."""
    generator = np.random.default_rng(seed)
    x, y, z = np.meshgrid(*(np.arange(size) for size in TOY_SHAPE), indexing="ij")
    radius = ((x - 36) / 30) ** 2 + ((y - 28) / 24) ** 2
    labels = np.zeros(TOY_SHAPE, dtype=np.uint8)
    hu = np.full(TOY_SHAPE, -1000.0, dtype=np.float32)
    for limit, label, value in TISSUES:
        labels[radius < limit] = label
        hu[radius < limit] = value
    for number in range(9):
        label, value = SPHERES[0 if number < 5 else 1 + number % 2]
        center = generator.uniform((14, 12, 3), (58, 44, 21))
        distance = np.hypot(np.hypot(x - center[0], y - center[1]), 2.5 * (z - center[2]))
        inside = (distance < generator.uniform(2, 4)) & (labels != Label.BONE) & (labels > 0)
        labels[inside] = label
        hu[inside] = value
    return hu + generator.normal(0, 15, TOY_SHAPE).astype(np.float32), labels


@pytest.fixture(scope="session")
def toy_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root of prepared cases: three to train on, one to validate."""
    root = tmp_path_factory.mktemp("cases")
    for split, seeds in (("train", range(3)), ("val", range(100, 101))):
        for seed in seeds:
            hu, labels = toy_case(seed)
            name = f"toy-{seed:03d}"
            meta = {"case_id": name, "source": "phantom", "spacing_mm": [1.0, 1.0, 2.5]}
            write_case(root / split / name, hu, labels, meta)
    return root


@pytest.fixture
def make_case(tmp_path: Path) -> Callable[..., Path]:
    """Write a case from labels alone; its HU are 100 times the label."""

    def make(labels: NDArray[np.uint8], name: str = "made", **meta: object) -> Path:
        folder = tmp_path / "train" / name
        given = {"case_id": name, "source": "phantom", "spacing_mm": [1.0, 1.0, 2.5], **meta}
        write_case(folder, labels.astype(np.int16) * 100, labels, given)
        return folder

    return make
