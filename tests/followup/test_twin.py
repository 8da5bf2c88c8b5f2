"""The digital twin and its follow-up compared, with the true masks in place of the network's."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from calciscope.ct.measurements import measure_study
from calciscope.ct.segmentation import CtSegmentation
from calciscope.findings import Findings, Provenance
from calciscope.followup.compare import compare_points
from calciscope.followup.comparison import Comparison, Relation, Scope, Trend
from calciscope.followup.time_point import TimePoint
from calciscope.followup.wording import total_of
from calciscope.labels import IGNORE, Label
from calciscope.phantom.follow_up import FollowUp, make_follow_up
from calciscope.phantom.twin import Twin, make_twin
from calciscope.readers.study import CtAcquisition

pytestmark = pytest.mark.slow


def date_of(twin: Twin) -> TimePoint:
    """The findings that a perfect network would lead to."""
    ct, labels = twin.acquired.ct, twin.acquired.labels.array
    hidden = np.isin(labels, (Label.CALCIFICATION, IGNORE))
    nearest = ndimage.distance_transform_edt(
        hidden, sampling=tuple(ct.spacing_mm), return_distances=False, return_indices=True
    )
    beneath = labels[tuple(nearest)]
    tissues = np.where(labels == IGNORE, beneath, labels)
    segmentation = CtSegmentation(
        ct.with_array(tissues),
        ct.with_array(beneath),
        ct.with_array(np.where(tissues == Label.CALCIFICATION, np.uint8(255), np.uint8(0))),
        ct.with_array(labels > 0),
        {},
        0,
        0,
    )
    made = CtAcquisition(kvp=130.0, kernel="B30s", slice_thickness_mm=2.5)
    measured = measure_study(ct, segmentation, made)
    provenance = Provenance("calciscope", "0", (), "none", "none", {}, 0.0, ())
    findings = Findings(provenance=provenance, ct=measured.findings)
    return TimePoint(Path("twin"), findings, segmentation.tissues, measured.lesion_ids)


@pytest.fixture(scope="module")
def follow_up() -> FollowUp:
    return make_follow_up()


@pytest.fixture(scope="module")
def comparison(follow_up: FollowUp) -> Comparison:
    return compare_points(date_of(make_twin()), date_of(follow_up.twin)).comparison


def test_every_lesion_is_matched_with_itself(follow_up: FollowUp, comparison: Comparison) -> None:
    pairs = [c for c in comparison.changes if c.relation is Relation.ONE_TO_ONE]
    assert len(pairs) >= 98
    earlier = np.array([c.centroid_earlier_mm for c in pairs])
    later = np.array([c.centroid_later_mm for c in pairs])
    # Lesions of a chain lie 15 mm apart from center to center and more.
    assert np.linalg.norm(follow_up.later_mm(earlier) - later, axis=1).max() < 4.0
    assert comparison.counts[Trend.NOT_COVERED] == 0


def test_the_rod_that_is_gone_and_the_new_one(comparison: Comparison) -> None:
    gone = [c for c in comparison.changes if c.trend is Trend.RESOLVED]
    new = [c for c in comparison.changes if c.trend is Trend.NEW]
    # 34.8 and 28.5 mg were painted; nodules that one noise hides are smaller.
    assert max(c.ha_mass_earlier_mg for c in gone) == pytest.approx(34.8, rel=0.15)
    assert max(c.ha_mass_later_mg for c in new) == pytest.approx(28.5, rel=0.15)
    assert len([c for c in (*gone, *new) if abs(c.change_mg or 0.0) > 6.0]) == 2


def test_change_by_side(comparison: Comparison) -> None:
    left = total_of(comparison, Scope.COMMON, "side", "left")
    right = total_of(comparison, Scope.COMMON, "side", "right")
    assert left is not None
    assert right is not None
    # (2462.2 - 1804.3) / 1804.3 and (1446.3 - 1481.1) / 1481.1 of what was painted.
    assert left.change_percent == pytest.approx(36.5, abs=3.0)
    assert (left.trend, left.beyond_error) == (Trend.GROWN, True)
    assert right.change_percent == pytest.approx(-2.3, abs=3.0)
    assert (right.trend, right.beyond_error) == (Trend.STABLE, False)


def test_the_measurement_error_holds_on_the_right(comparison: Comparison) -> None:
    still = [
        c
        for c in comparison.changes
        if c.laterality == "right" and c.relation is Relation.ONE_TO_ONE
    ]
    within = [c for c in still if not c.beyond_error]
    assert len(within) >= 0.95 * len(still)


def test_bones_are_registered_to_half_a_millimeter(comparison: Comparison) -> None:
    assert len(comparison.registration) == 4
    for part in comparison.registration:
        assert part.usable
        assert part.residual_mm is not None
        assert part.residual_mm < 0.8
