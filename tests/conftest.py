"""Fixtures that every test may use."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from calciscope.ct.burden import total_burden
from calciscope.ct.definition import describe_definition
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import CtFindings, Lesion
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Level, Region
from calciscope.models.manifest import ModelManifest, standard_labels
from calciscope.preprocessing import PreprocessingSpec
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Volume

# A busy machine is not a wrong result.
settings.register_profile("calciscope", deadline=None)
settings.load_profile("calciscope")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real CTs for development, which lie beside the checkout and are never part of it."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def toy_manifest() -> ModelManifest:
    """The manifest of a model whose network is a stand-in."""
    return ModelManifest(
        name="toy",
        version="0",
        sha256="",
        preprocessing=PreprocessingSpec(),
        commit="",
        created="",
        license="Apache-2.0",
        training_data={},
        labels=standard_labels(),
    )


@pytest.fixture(scope="session")
def stored() -> Callable[[Volume, tuple[int, ...], tuple[bool, ...]], Volume]:
    """Stores the same voxels with their axes in another order and direction."""

    def store(volume: Volume, order: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
        array = volume.array.transpose(order)
        affine = volume.affine.copy()
        affine[:3, :3] = volume.affine[:3, list(order)]
        for axis, flip in enumerate(flips):
            if flip:
                array = np.flip(array, axis)
                affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
                affine[:3, axis] *= -1
        return Volume(array, affine)

    return store


@pytest.fixture(scope="session")
def lesion() -> Lesion:
    """One lesion of muscle in the left lower leg."""
    return Lesion(
        id=1,
        compartment=Compartment.MUSCLE,
        compartment_fractions={
            "muscle": 2 / 3,
            "subcutaneous": 0.0,
            "fascia": 1 / 3,
            "vascular": 0.0,
            "joint": 0.0,
            "indeterminate": 0.0,
        },
        laterality=Laterality.LEFT,
        region=Region.LOWER_LEG,
        level=Level.DISTAL,
        volume_mm3=123.456,
        volume_pv_mm3=100.04,
        ha_mass_mg=12.3456,
        agatston=99.99,
        hu_mean=301.26,
        hu_max=555.0,
        hu_p95=500.0,
        longest_diameter_mm=12.34,
        short_axis_mm=3.21,
        linearity=0.98765,
        angle_to_bone_axis_deg=4.567,
        distance_to_skin_mm=10.04,
        distance_to_bone_mm=None,
        centroid_lps_mm=(-85.04, 12.06, -0.01),
        probability=0.87654,
    )


@pytest.fixture(scope="session")
def make_ct() -> Callable[..., CtFindings]:
    """Builds the CT findings of some lesions."""

    def make(*lesions: Lesion) -> CtFindings:
        grid = Volume.from_spacing(np.zeros((4, 4, 4), np.int16), (0.98, 0.98, 2.5))
        definition = describe_definition(grid, CtAcquisition(kvp=130.0), MeasurementSettings())
        return CtFindings(lesions, total_burden(lesions), definition)

    return make


@pytest.fixture(scope="session")
def errors_of_dciodvfy() -> Callable[[Path], list[str]]:
    """Error lines of David Clunie's validator."""

    def errors(path: Path) -> list[str]:
        program = Path(sys.executable).with_name("dciodvfy")
        done = subprocess.run([program, path], capture_output=True, text=True, check=False)
        lines = (done.stderr + done.stdout).splitlines()
        # A line of its own names the kind of object that it recognized.
        assert any(not line.startswith(("Error", "Warning")) for line in lines), lines
        return [line for line in lines if line.startswith("Error")]

    return errors
