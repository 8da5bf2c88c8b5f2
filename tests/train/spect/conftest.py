"""Toy SPECT/CT cases: a thigh whose hot spots lie in bone, muscle or fat."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from calciscope.evaluation.spect.cases import NO_COMPARTMENT, write_spect_case
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment, Label
from calciscope.spect.patch_spec import PatchSpec
from calciscope.volume import Volume
from calciscope_train.spect.patch_making import make_patches

SHAPE, SPACING = (72, 72, 48), (3.0, 3.0, 4.0)
SMALL = PatchSpec(fine_size=16, fine_mm=6.0, coarse_size=8, coarse_mm=28.0)
PLACES = (
    (Compartment.BONE, 0.0, 40.0),
    (Compartment.MUSCLE, 45.0, 90.0),
    (Compartment.SUBCUTANEOUS, 86.0, 140.0),
)
"""Compartment, distance from the axis and height of each focus, in mm."""


def write_toy_case(folder: Path, seed: int) -> Path:
    """One case: a cylinder of bone (15 mm), muscle (72 mm) and fat (100 mm) with three foci."""
    rng = np.random.default_rng(seed)
    grid = Volume.from_spacing(np.zeros(SHAPE), SPACING, (-106.5, -106.5, 0.0))
    x, y, z = np.moveaxis(grid.lps_mm(np.moveaxis(np.indices(SHAPE), 0, -1)), -1, 0)
    radius = np.hypot(x, y)
    labels = np.zeros(SHAPE, np.uint8)
    ct = np.full(SHAPE, -1000.0)
    compartments = np.full(SHAPE, NO_COMPARTMENT, np.uint8)
    activity = np.zeros(SHAPE, np.float32)
    for limit, label, hu, compartment in (
        (100, Label.SUBCUTANEOUS, -100, Compartment.SUBCUTANEOUS),
        (72, Label.MUSCLE, 50, Compartment.MUSCLE),
        (15, Label.BONE, 700, Compartment.BONE),
    ):
        inside = radius < limit
        labels[inside], ct[inside], activity[inside] = label, hu, 0.4
        compartments[inside] = HOT_SPOT_COMPARTMENTS.index(compartment)
    for _, distance, height in PLACES:
        angle = rng.uniform(0, 2 * np.pi)
        offset = (x - distance * np.cos(angle)) ** 2 + (y - distance * np.sin(angle)) ** 2
        activity[offset + (z - height) ** 2 < 9.0**2] = 12.0
    spect = ndimage.gaussian_filter(activity, 4.5 / np.array(SPACING))
    spect = spect * rng.normal(1.0, 0.05, SHAPE)
    arrays = {
        "ct": ct + rng.normal(0, 10, SHAPE),
        "labels": labels,
        "spect": spect,
        "activity": activity,
        "compartments": compartments,
    }
    volumes = {name: Volume(array, grid.affine) for name, array in arrays.items()}
    write_spect_case(folder, volumes, {"seed": seed})
    return folder


@pytest.fixture(scope="session")
def toy_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of eight cases."""
    root = tmp_path_factory.mktemp("spect")
    for seed in range(8):
        write_toy_case(root / f"toy-{seed:02d}", seed)
    return root


@pytest.fixture(scope="session")
def toy_patches(toy_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of small patches: train (6 cases, 2 views, margin 1) and val (2 cases)."""
    root = tmp_path_factory.mktemp("patches")
    for number, folder in enumerate(sorted(toy_cases.iterdir())):
        split, views, margin = ("train", 2, 1) if number < 6 else ("val", 1, 0)
        assert make_patches(folder, root / split, views, margin, SMALL) == len(PLACES)
    return {"train": root / "train", "val": root / "val"}


@pytest.fixture
def fit_arguments(toy_patches: dict[str, Path], tmp_path: Path) -> list[str]:
    """The shipped configuration on toy patches, four steps long."""
    config = Path(__file__).parents[3] / "configs" / "spect.yaml"
    spec = '{"fine_size": 16, "fine_mm": 6.0, "coarse_size": 8, "coarse_mm": 28.0}'
    return [
        *("--config", str(config), "--run", str(tmp_path / "run")),
        *("--data.train", str(toy_patches["train"]), "--data.val", str(toy_patches["val"])),
        *("--data.spec", spec, "--data.batch_size", "6", "--data.samples_per_epoch", "12"),
        *("--model.budget.steps", "4", "--trainer.logger", "false", "--precision", "32-true"),
    ]
