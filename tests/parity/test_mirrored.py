"""The shipped model and the side of lesions: a mirrored patient has left and right swapped."""

from pathlib import Path

import numpy as np
import pytest

from calciscope.findings import Findings
from calciscope.phantom.acquisition import Protocol, acquire
from calciscope.phantom.dicom import write_ct_series
from calciscope.phantom.legs import Leg
from calciscope.phantom.mineral import Deposit, Lesion
from calciscope.phantom.scene import Furniture, paint_scene
from calciscope.phantom.shapes import Capsule, Ellipsoid
from calciscope.pipeline import Analyzer
from calciscope.volume import Volume
from calciscope.writers.nifti import write_volume

pytestmark = pytest.mark.slow

QUIET = Protocol(noise_hu=6.0, kvp=120)


def legs_ct() -> Volume:
    """Two shanks, three rods in the left calf and one nodule in the right subcutis."""
    grid = Volume.from_spacing(
        np.zeros((336, 176, 64), np.uint8), (1, 1, 1.25), (-167.5, -85.0, 120.0)
    )
    pair = [Leg(side="R", center_x_mm=-85.0), Leg(side="L", center_x_mm=85.0)]
    canvas = paint_scene(grid, pair, Furniture(), np.random.default_rng(0))
    up = np.array([0.0, 0.0, 1.0])
    lesions = [
        Lesion("C3", "muscle", (Deposit(Capsule.along(np.array([95, 25, z]), up, 14, 5), 500.0),))
        for z in (135.0, 160.0, 185.0)
    ]
    nodule = Ellipsoid.sphere(np.array([-85.0, 54.0, 160.0]), 5.0)
    lesions.append(Lesion("C1", "subcutaneous", (Deposit(nodule, 500.0),)))
    return acquire(canvas, lesions, QUIET, np.random.default_rng(1)).ct


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(threads=1)


@pytest.fixture(scope="module")
def ct() -> Volume:
    return legs_ct()


@pytest.fixture(scope="module")
def expected(analyzer: Analyzer, ct: Volume, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    folder = tmp_path_factory.mktemp("dicom")
    write_ct_series(ct, folder, uid_seed="parity", kvp=120)
    return analyzer.analyze(folder).findings


def sides(findings: Findings) -> list[str]:
    return sorted(str(x.laterality) for x in findings.ct.lesions)


def test_the_lesions_are_found_on_their_sides(expected: Findings) -> None:
    assert sides(expected) == ["left", "left", "left", "right"]
    rods = [x for x in expected.ct.lesions if x.laterality == "left"]
    assert {str(x.compartment) for x in rods} == {"muscle"}
    # Rods of 14 x 5 mm hold 242 mm3 x 0.5 mg.
    for rod in rods:
        assert rod.ha_mass_mg == pytest.approx(121, rel=0.15)


def test_a_mirrored_patient_has_the_sides_swapped(
    analyzer: Analyzer, ct: Volume, expected: Findings, tmp_path: Path
) -> None:
    # The grid is symmetric about x = 0: turning the array over mirrors the patient.
    write_volume(tmp_path / "ct.nii.gz", ct.with_array(ct.array[::-1]), np.int16)
    found = analyzer.analyze(tmp_path / "ct.nii.gz").findings
    swapped = {"left": "right", "right": "left"}
    assert sides(found) == sorted(swapped[s] for s in sides(expected))
