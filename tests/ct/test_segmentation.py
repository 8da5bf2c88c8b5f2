from collections.abc import Callable
from itertools import permutations, product

import numpy as np
import pytest

from calciscope.ct.segmentation import CtSegmentation, CtSegmenter
from calciscope.labels import Label
from calciscope.models.manifest import ModelManifest
from calciscope.volume import Volume

AIR, FAT, MUSCLE, MINERAL, TABLE = -1000, -100, 50, 400, 420
SHAPE = (200, 120, 50)
ORIGIN = (-100.0, -60.0, 0.0)
LESION = (slice(140, 150), slice(50, 58), slice(20, 30))
"""In the left leg: 10 x 8 x 10 mm."""


class ThresholdEngine:
    """A network that labels each voxel by its HU alone: a bone's marrow is "muscle" to it."""

    name, device, precision = "threshold", "CPU", "fp32"

    def __init__(self) -> None:
        self.runs = 0

    def run(self, batch: np.ndarray) -> np.ndarray:
        self.runs += 1
        soft = (batch[:, 0] + 1) * 250 - 200  # back to HU, held in -200..300
        hard = (batch[:, 1] + 1) * 700 + 100  # held in 100..1500
        logits = np.zeros((len(batch), len(Label), *batch.shape[2:]), dtype=np.float32)
        logits[:, Label.BACKGROUND] = 5 * (soft <= -199)
        logits[:, Label.SUBCUTANEOUS] = 5 * ((soft > -199) & (soft < -30))
        logits[:, Label.MUSCLE] = 5 * (soft >= -30)
        logits[:, Label.CALCIFICATION] = (hard - 225) / 10  # half at about 275 HU
        return logits


@pytest.fixture
def segmenter(toy_manifest: ModelManifest) -> CtSegmenter:
    return CtSegmenter(toy_manifest, ThresholdEngine())


def two_legs() -> Volume:
    """Legs of 40 mm radius on a dense table; one lesion in the left one. Canonical, 1 mm."""
    x, y = np.arange(SHAPE[0])[:, None, None], np.arange(SHAPE[1])[None, :, None]
    hu = np.full(SHAPE, AIR, dtype=np.int16)
    for center in (50, 150):
        distance = np.hypot(x - center, y - 50) * np.ones((1, 1, SHAPE[2]))
        hu[distance < 40] = FAT
        hu[distance < 30] = MUSCLE
    hu[LESION] = MINERAL
    hu[:, 112:115] = TABLE
    return Volume.from_spacing(hu, (1.0, 1.0, 1.0), ORIGIN)


@pytest.fixture(scope="module")
def result(toy_manifest: ModelManifest) -> CtSegmentation:
    return CtSegmenter(toy_manifest, ThresholdEngine()).segment(two_legs())


def test_all_volumes_lie_on_the_native_grid(result: CtSegmentation) -> None:
    ct = two_legs()
    for volume in (result.tissues, result.tissue_beneath, result.probability, result.body):
        assert volume.same_grid(ct)
    assert result.tissues.array.dtype == np.uint8
    assert result.tissue_beneath.array.dtype == np.uint8
    assert result.probability.array.dtype == np.uint8
    assert result.body.array.dtype == bool


def test_lesion_is_found_where_it_is(result: CtSegmentation) -> None:
    found = np.argwhere(result.tissues.array == Label.CALCIFICATION)
    # Slices of 2.5 mm smear the ends by less than one native slice of 1 mm.
    assert (found.min(axis=0) - (140, 50, 20) >= (0, 0, -1)).all()
    assert (found.max(axis=0) - (149, 57, 29) <= (0, 0, 1)).all()
    assert len(found) == pytest.approx(10 * 8 * 10, rel=0.2)
    np.testing.assert_allclose(found.mean(axis=0), (144.5, 53.5, 24.5), atol=0.3)
    x, _, _ = result.tissues.lps_mm(found.mean(axis=0))
    assert x == pytest.approx(44.5, abs=0.3)  # positive is the patient's left


def test_tissue_beneath_a_lesion_is_kept(result: CtSegmentation) -> None:
    lesion = result.tissues.array == Label.CALCIFICATION
    assert set(np.unique(result.tissue_beneath.array[lesion])) == {Label.MUSCLE}
    elsewhere = result.tissues.array[~lesion] == result.tissue_beneath.array[~lesion]
    assert elsewhere.all()
    assert not (result.tissue_beneath.array == Label.CALCIFICATION).any()


def test_calcification_is_probability_of_one_half(result: CtSegmentation) -> None:
    calcified = result.tissues.array == Label.CALCIFICATION
    np.testing.assert_array_equal(calcified, result.probability.array >= 128)
    assert result.probability.array[144, 54, 25] == 255
    assert result.probability.array[50, 50, 25] == 0


def test_tissues_are_drawn_inside_the_body_only(result: CtSegmentation) -> None:
    outside = ~result.body.array
    assert not result.tissues.array[outside].any()
    assert not result.probability.array[outside].any()
    assert result.tissues.array[50, 50, 25] == Label.MUSCLE
    assert result.tissues.array[50, 15, 25] == Label.SUBCUTANEOUS


def test_dense_table_is_not_calcification(result: CtSegmentation) -> None:
    assert (two_legs().array[:, 112:115] > MINERAL).all()
    assert not result.tissues.array[:, 100:].any()


@pytest.mark.parametrize(
    ("order", "flips"),
    [
        (order, flips)
        for number, (order, flips) in enumerate(
            product(permutations(range(3)), product((False, True), repeat=3))
        )
        if number % 7 == 3
    ],
)
def test_storage_order_does_not_matter(
    segmenter: CtSegmenter,
    result: CtSegmentation,
    stored: Callable[[Volume, tuple[int, ...], tuple[bool, ...]], Volume],
    order: tuple[int, ...],
    flips: tuple[bool, ...],
) -> None:
    other = segmenter.segment(stored(two_legs(), order, flips))
    for name in ("tissues", "tissue_beneath", "probability", "body"):
        expected = stored(getattr(result, name), order, flips)
        volume: Volume = getattr(other, name)
        np.testing.assert_array_equal(volume.array, expected.array, err_msg=name)
        np.testing.assert_allclose(volume.affine, expected.affine)


def test_model_spacing_needs_no_resampling(segmenter: CtSegmenter) -> None:
    legs = two_legs()
    ct = Volume.from_spacing(legs.array[:, :, ::2].copy(), (1.0, 1.0, 2.0), ORIGIN)
    result = segmenter.segment(ct)
    found = result.tissues.array == Label.CALCIFICATION
    np.testing.assert_array_equal(found, ct.array == MINERAL)


def test_stages_and_progress_are_told(segmenter: CtSegmenter) -> None:
    shares: list[float] = []
    result = segmenter.segment(two_legs(), shares.append)
    assert list(result.timings) == [
        "preprocess",
        "body",
        "network",
        "bone_vote",
        "restore",
        "boundaries",
    ]
    assert all(seconds >= 0 for seconds in result.timings.values())
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert result.windows == len(shares)
    assert isinstance(segmenter.engine, ThresholdEngine)
    assert segmenter.engine.runs == result.windows


def test_a_model_segments_one_ct_after_another(segmenter: CtSegmenter) -> None:
    first = segmenter.segment(two_legs())
    empty = Volume.from_spacing(np.full(SHAPE, AIR, dtype=np.int16), (1.0, 1.0, 1.0))
    second = segmenter.segment(empty)
    third = segmenter.segment(two_legs())
    assert second.windows == 0
    assert not second.tissues.array.any()
    np.testing.assert_array_equal(first.tissues.array, third.tissues.array)


def test_ct_in_hand_is_not_changed(segmenter: CtSegmenter) -> None:
    ct = two_legs()
    before = ct.array.copy()
    segmenter.segment(ct)
    np.testing.assert_array_equal(ct.array, before)
