"""How lesions and hard places share the crops."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calciscope.labels import Label
from calciscope_train.cases import read_case
from calciscope_train.crop_mix import CENTERS, CropMix, LesionMix
from calciscope_train.crops import CropPlan
from calciscope_train.lesion_table import LesionTable, lesion_table

Make = Callable[..., Path]
EVEN = LesionMix(tiny=1.0, small=1.0, medium=1.0, large=1.0, faint=0.5, by_kind=False)


def table(*rows: tuple[int, float, float, int]) -> LesionTable:
    """Rows of case, volume, contrast and kind."""
    case, volume, contrast, kind = (np.array(column) for column in zip(*rows, strict=True))
    return LesionTable(case, np.zeros((len(rows), 3), np.int16), volume, contrast, kind)


def test_a_size_has_its_share_however_many_lesions_are_of_it() -> None:
    lesions = table((0, 20.0, 300.0, 0), *[(0, 900.0, 300.0, 0)] * 3)
    mix = LesionMix(tiny=0.5, small=0.6, medium=0.5, large=0.2, by_kind=False)
    # Nothing is tiny or medium: 0.6 and 0.2 are left, three lesions share the second.
    expected = [0.75, 0.25 / 3, 0.25 / 3, 0.25 / 3]
    assert mix.probabilities(lesions, [1.0]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("volume", "size"), [(9.9, 0), (10.0, 1), (49.9, 1), (50.0, 2), (500.0, 3)]
)
def test_limits_of_size(volume: float, size: int) -> None:
    weights = [0.0] * 4
    weights[size] = 1.0
    mix = LesionMix(*weights, by_kind=False)
    lesions = table((0, volume, 300.0, 0), (0, 1e9 if size < 3 else 1.0, 300.0, 0))
    assert mix.probabilities(lesions, [1.0]) == pytest.approx([1.0, 0.0])


def test_faint_lesions_have_their_share_within_their_size() -> None:
    lesions = table((0, 20.0, 149.0, 0), (0, 20.0, 151.0, 0), (0, 20.0, 500.0, 0))
    mix = LesionMix(faint=0.8, by_kind=False)
    assert mix.probabilities(lesions, [1.0]) == pytest.approx([0.8, 0.1, 0.1])


def test_kinds_and_cases_share_what_is_alike() -> None:
    # Two kinds of one half; the second kind in two cases of weight 1 and 3.
    lesions = table((0, 20.0, 300.0, 0), (0, 20.0, 300.0, 1), (1, 20.0, 300.0, 1))
    by_kind = LesionMix(by_kind=True).probabilities(lesions, [1.0, 3.0])
    assert by_kind == pytest.approx([1 / 2, 1 / 8, 3 / 8])
    plain = LesionMix(by_kind=False).probabilities(lesions, [1.0, 3.0])
    assert plain == pytest.approx([1 / 8, 1 / 8, 3 / 4])


def test_what_must_not_be_drawn_is_not_drawn() -> None:
    lesions = table((0, 20.0, 300.0, 0), (1, 20.0, 300.0, 0))
    assert EVEN.probabilities(lesions, [0.0, 1.0]) == pytest.approx([0.0, 1.0])
    only_faint = LesionMix(faint=1.0).probabilities(lesions, [1.0, 1.0])
    assert only_faint.tolist() == [0.0, 0.0]


def test_cases_without_lesions_have_none_to_draw(make_case: Make) -> None:
    case = read_case(make_case(np.zeros((8, 8, 4), dtype=np.uint8)))
    assert EVEN.probabilities(lesion_table([case]), [1.0]).tolist() == []


@pytest.mark.parametrize("wrong", [{"tiny": -1.0}, {"faint": 1.1}])
def test_weights_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="weights of lesions"):
        LesionMix(**wrong)  # type: ignore[arg-type]


def test_lesions_are_measured_in_their_case(make_case: Make) -> None:
    labels = np.full((40, 40, 20), Label.MUSCLE, dtype=np.uint8)
    labels[5:7, 5, 5] = Label.CALCIFICATION
    labels[20:24, 20:24, 10:12] = Label.CALCIFICATION
    labels[19, 20, 10] = Label.BONE
    rows = [{"kind": "C1", "center_index": [21, 21, 11]}, {"kind": "X1", "center_index": [0, 0, 0]}]
    case = read_case(make_case(labels, lesions=rows))
    measured = lesion_table([case, case])
    assert measured.case.tolist() == [0, 0, 1, 1]
    # 2 and 32 voxels of 2.5 mm3; calcification is 600 HU there and muscle 200.
    assert sorted(measured.volume_mm3[:2]) == [5.0, 80.0]
    assert measured.contrast_hu == pytest.approx([400.0] * 4)
    large = measured.volume_mm3 == 80.0
    assert len(set(measured.kind[large])) == len(set(measured.kind[~large])) == 1
    assert measured.kind[large][0] != measured.kind[~large][0]


def hard_case(make_case: Make, rows: list[list[int]]) -> Path:
    folder = make_case(np.full((40, 40, 20), Label.MUSCLE, dtype=np.uint8))
    np.save(folder / "hard.npy", np.array(rows, dtype=np.int16))
    return folder


def test_hard_places_have_their_share_of_the_crops(make_case: Make) -> None:
    case = read_case(hard_case(make_case, [[5, 5, 5, 0], [35, 35, 15, 1], [34, 35, 15, 1]]))
    mix = CropMix(hard_share=0.5, hard_misses=0.25)
    plan = CropPlan([case], [1.0], mix, (8, 8, 4))
    names = list(CENTERS.values())
    draws = [plan.draw(number) for number in range(800)]
    counts = Counter(names[draw.centered_on] for draw in draws)
    # Binomial with n = 800: five standard deviations are 71 at p = 1/2 and 47 at p = 1/8.
    assert 329 < counts["muscle"] < 471
    assert 53 < counts["hard_miss"] < 147
    for draw in draws:
        if names[draw.centered_on] == "hard_false_positive":
            assert all(s <= 5 < s + n for s, n in zip(draw.start, (8, 8, 4), strict=True))


def test_without_hard_places_the_others_have_all_crops(make_case: Make) -> None:
    case = read_case(make_case(np.full((16, 16, 8), Label.MUSCLE, dtype=np.uint8)))
    plan = CropPlan([case], [1.0], CropMix(hard_share=1.0), (8, 8, 4))
    names = {list(CENTERS.values())[plan.draw(number).centered_on] for number in range(20)}
    assert names == {"muscle"}


def test_small_lesions_are_drawn_as_the_mix_says(make_case: Make) -> None:
    labels = np.full((60, 40, 20), Label.MUSCLE, dtype=np.uint8)
    labels[5:13, 5, 5] = Label.CALCIFICATION  # 20 mm3
    for x in (30, 40, 50):
        labels[x : x + 6, 20:26, 8:14] = Label.CALCIFICATION  # 540 mm3
    case = read_case(make_case(labels))
    mix = CropMix(1.0, 0, 0, 0, 0, 0, lesions=LesionMix(small=0.8, large=0.2))
    plan = CropPlan([case], [1.0], mix, (16, 16, 8))
    small = sum(plan.draw(number).start[0] < 13 for number in range(400))
    # Binomial with n = 400, p = 0.8: five standard deviations are 40.
    assert 280 < small < 360
