"""The twin of the case report, measured on its true labels: what measurement alone makes of it.

The rows of the expected findings that a correct report must contain, each with its tolerance; the
outlines are drawn by our own rule, as they are behind a network.
"""

from collections import Counter

import numpy as np
import pytest
from scipy import ndimage

from calciscope.ct.body import body_mask
from calciscope.ct.boundaries import drawn_at_half_contrast
from calciscope.ct.measurements import CtMeasurement, measure_study
from calciscope.ct.segmentation import CtSegmentation
from calciscope.findings import CtFindings, Lesion
from calciscope.labels import IGNORE, Compartment, Label
from calciscope.locations import Laterality, Level, Region
from calciscope.patterns import LesionPattern
from calciscope.phantom.twin import Twin, make_twin
from calciscope.readers.study import CtAcquisition

pytestmark = pytest.mark.slow

MUSCLE, SUBCUTANEOUS = Compartment.MUSCLE, Compartment.SUBCUTANEOUS


@pytest.fixture(scope="module")
def twin() -> Twin:
    return make_twin()


@pytest.fixture(scope="module")
def measured(twin: Twin) -> CtMeasurement:
    """Measurement with the true labels; under mineral lies what lies nearest to it."""
    ct, labels = twin.acquired.ct, twin.acquired.labels.array
    soft = np.isin(labels, (Label.SUBCUTANEOUS, Label.MUSCLE))
    nearest = ndimage.distance_transform_edt(
        ~soft, sampling=tuple(ct.spacing_mm), return_distances=False, return_indices=True
    )
    unknown = np.isin(labels, (Label.CALCIFICATION, IGNORE))
    body = body_mask(ct)
    beneath = np.where(unknown, labels[tuple(nearest)], labels).astype(np.uint8)
    beneath[~body] = Label.BACKGROUND
    drawn = drawn_at_half_contrast(ct, labels == Label.CALCIFICATION, beneath) & body
    segmentation = CtSegmentation(
        ct.with_array(np.where(drawn, np.uint8(Label.CALCIFICATION), beneath)),
        ct.with_array(beneath),
        ct.with_array(np.where(drawn, np.uint8(255), np.uint8(0))),
        ct.with_array(body),
        timings={},
        windows=0,
        network_voxels=0,
    )
    acquisition = CtAcquisition(kvp=130.0, kernel="B30s", slice_thickness_mm=2.5)
    return measure_study(ct, segmentation, acquisition)


@pytest.fixture(scope="module")
def findings(measured: CtMeasurement) -> CtFindings:
    return measured.findings


def kind(lesion: Lesion, twin: Twin) -> str:
    """What was painted nearest: C1 a nodule, C2 a plate, C3 a rod."""
    centers = np.array([painted.center_mm for painted in twin.lesions])
    away = np.linalg.norm(centers - np.array(lesion.centroid_lps_mm), axis=1)
    return twin.lesions[int(away.argmin())].kind


def volume_share(findings: CtFindings, **wanted: object) -> float:
    part = [x for x in findings.lesions if all(getattr(x, k) == v for k, v in wanted.items())]
    return sum(x.volume_pv_mm3 for x in part) / findings.burden.total.volume_pv_mm3


def test_count_volume_mass_and_calcium(findings: CtFindings) -> None:
    total = findings.burden.total
    assert 105 * 0.75 <= total.count <= 105 * 1.10
    assert total.volume_pv_mm3 == pytest.approx(9556, rel=0.05)  # 25 % were asked for
    assert total.ha_mass_mg == pytest.approx(3286, rel=0.05)  # 15 %
    assert total.calcium_mass_mg == pytest.approx(1311, rel=0.05)


def test_mass_of_each_lesion_within_its_noise(findings: CtFindings, twin: Twin) -> None:
    """Rods that are one lesion each: their errors are as large as the noise says they are."""
    painted = np.array([row["ha_mass_mg"] for row in twin.acquired.lesions])
    centers = np.array([lesion.center_mm for lesion in twin.lesions])
    errors = []
    for lesion in findings.lesions:
        away = np.linalg.norm(centers - np.array(lesion.centroid_lps_mm), axis=1)
        nearest = int(away.argmin())
        if twin.lesions[nearest].kind == "C3" and away[nearest] < 2.0:
            errors.append((lesion.ha_mass_mg - painted[nearest]) / lesion.ha_mass_noise_mg)
    assert len(errors) > 60
    assert 0.6 < np.sqrt(np.mean(np.square(errors))) < 1.5


def test_pattern_of_every_lesion(findings: CtFindings, twin: Twin) -> None:
    found = Counter((kind(lesion, twin), lesion.pattern) for lesion in findings.lesions)
    assert set(found) == {
        ("C1", LesionPattern.PUNCTATE),
        ("C2", LesionPattern.SHEET),
        ("C3", LesionPattern.LINEAR),
    }
    assert found["C3", LesionPattern.LINEAR] == 72
    assert found["C2", LesionPattern.SHEET] == 11


def test_chains(findings: CtFindings) -> None:
    linear = [c for c in findings.chains if c.linear_along_axis and c.compartment is MUSCLE]
    assert 9 <= len(linear) <= 13
    assert all(c.angle_to_bone_axis_deg <= 20 and c.linearity >= 0.7 for c in linear)


def test_level(findings: CtFindings) -> None:
    low = [x for x in findings.lesions if x.bone_fraction is not None and x.bone_fraction < 0.5]
    assert sum(x.volume_pv_mm3 for x in low) >= 0.9 * findings.burden.total.volume_pv_mm3
    assert volume_share(findings, level=Level.PROXIMAL) == 0
    assert {x.region for x in findings.lesions} == {Region.LOWER_LEG}


def test_compartments_and_sides(findings: CtFindings) -> None:
    assert volume_share(findings, compartment=MUSCLE) == pytest.approx(0.71, abs=0.08)
    assert volume_share(findings, compartment=SUBCUTANEOUS) == pytest.approx(0.29, abs=0.08)
    assert volume_share(findings, laterality=Laterality.LEFT) == pytest.approx(0.545, abs=0.02)
    assert findings.distribution is not None
    assert findings.distribution.symmetry_index_ha_mass == pytest.approx(
        (1346 + 458 - 1099 - 382) / 3286, abs=0.03
    )


def test_distances(findings: CtFindings, twin: Twin) -> None:
    for lesion in findings.lesions:
        depth, to_bone = lesion.distance_to_skin_mm, lesion.distance_to_bone_mm
        assert depth is not None
        assert to_bone is not None
        assert to_bone >= 3 - 2
        if kind(lesion, twin) == "C3":
            assert 8 - 2 <= depth <= 40 + 2
        else:
            assert depth <= 8
            # Painted with their centers 4.6 mm under the skin.
            assert lesion.centroid_to_skin_mm == pytest.approx(4.6, abs=1.5)


def test_negatives(measured: CtMeasurement) -> None:
    lesions = measured.findings.lesions
    assert {x.compartment for x in lesions} == {MUSCLE, SUBCUTANEOUS}
    assert not any(x.pattern in (LesionPattern.RIM, LesionPattern.NET) for x in lesions)
    assert not any(x.touches_border or x.distance_to_metal_mm is not None for x in lesions)
    assert measured.warnings == ()
