"""The loss: its value by hand, its blindness to 255, and that predicting nothing does not pay."""

import math

import pytest
import torch

from calciscope.labels import IGNORE, Label
from calciscope_train.losses import SMOOTH_VOXELS, MaskedDiceCELoss, missed_lesions

CALCIFICATION = int(Label.CALCIFICATION)


def sure(labels: torch.Tensor, strength: float = 20.0) -> torch.Tensor:
    """Logits that say these labels."""
    return strength * torch.nn.functional.one_hot(labels, 7).movedim(-1, 1).float()


def test_value_by_hand() -> None:
    """Uniform logits on 4 voxels: 2 muscle, 1 calcification, 1 ignored."""
    labels = torch.tensor([Label.MUSCLE, Label.MUSCLE, Label.CALCIFICATION, IGNORE])
    loss = MaskedDiceCELoss([1, 1, 1, 1, 1, 1, 4])(
        torch.zeros(1, 7, 4, 1, 1), labels.view(1, 4, 1, 1)
    )
    entropy = math.log(7)  # the same at every voxel, so that weights cancel
    s = SMOOTH_VOXELS
    p = 3 / 7  # soft volume of each label over the 3 known voxels
    muscle = 1 - (2 * 2 / 7 + s) / (p + 2 + s)
    calcification = 1 - (2 * 1 / 7 + s) / (p + 1 + s)
    absent = 1 - s / (p + s)
    expected = entropy + (muscle + calcification + 4 * absent) / 6
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_the_cross_entropy_is_that_of_torch() -> None:
    torch.manual_seed(1)
    labels = torch.randint(0, 7, (2, 6, 6, 4))
    labels[0, :2] = IGNORE
    logits = torch.randn(2, 7, 6, 6, 4)
    loss = MaskedDiceCELoss(dice_weight=0.0)
    weights = loss.label_weights
    expected = torch.nn.functional.cross_entropy(logits, labels, weights, ignore_index=IGNORE)
    assert float(loss(logits, labels)) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_loss_has_a_deterministic_gradient_on_a_gpu() -> None:
    labels = torch.randint(0, 7, (1, 6, 6, 4), device="cuda")
    logits = torch.randn(1, 7, 6, 6, 4, device="cuda", requires_grad=True)
    torch.use_deterministic_algorithms(True)
    try:
        MaskedDiceCELoss(lesion_weight=0.1).cuda()(logits, labels).backward()
    finally:
        torch.use_deterministic_algorithms(False)
    assert logits.grad is not None and logits.grad.any()


def test_a_sure_and_right_answer_costs_nothing() -> None:
    labels = torch.randint(0, 7, (2, 6, 6, 4))
    assert float(MaskedDiceCELoss()(sure(labels), labels)) == pytest.approx(0.0, abs=1e-5)


def test_ignored_voxels_have_no_gradient_and_no_say() -> None:
    torch.manual_seed(0)
    labels = torch.randint(0, 7, (2, 6, 6, 4))
    ignored = torch.rand(labels.shape) < 0.4
    labels[ignored] = IGNORE
    logits = torch.randn(2, 7, 6, 6, 4, requires_grad=True)
    loss = MaskedDiceCELoss()(logits, labels)
    loss.backward()
    assert logits.grad is not None
    gradient = logits.grad.movedim(1, -1)
    assert (gradient[ignored] == 0).all()
    assert (gradient[~ignored] != 0).any(dim=-1).all()
    with torch.no_grad():
        elsewhere = torch.where(ignored.unsqueeze(1), torch.randn_like(logits) * 50, logits)
        assert MaskedDiceCELoss()(elsewhere, labels).item() == pytest.approx(loss.item())


def test_a_batch_without_labels_costs_only_what_is_known_of_it() -> None:
    logits = torch.randn(1, 7, 4, 4, 4, requires_grad=True)
    loss = MaskedDiceCELoss()(logits, torch.full((1, 4, 4, 4), IGNORE))
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_missing_a_small_lesion_costs_more_than_a_rough_hit() -> None:
    labels = torch.full((1, 24, 24, 8), int(Label.MUSCLE))
    labels[0, 10:12, 10:12, 4:6] = CALCIFICATION
    rough = labels.clone()
    rough[0, 9:12, 10:13, 4:6] = CALCIFICATION
    nothing = torch.full_like(labels, int(Label.MUSCLE))
    loss = MaskedDiceCELoss()
    costs = [float(loss(sure(said, 8.0), labels)) for said in (labels, rough, nothing)]
    assert costs[0] < costs[1] < costs[2]
    # 8 voxels of 4608 and yet more than a twentieth of the whole Dice term.
    assert costs[2] - costs[0] > 0.05


def test_false_lesions_cost_where_there_is_none() -> None:
    labels = torch.full((1, 16, 16, 8), int(Label.MUSCLE))
    false = labels.clone()
    false[0, 4:6, 4:6, 2:4] = CALCIFICATION
    loss = MaskedDiceCELoss()
    assert float(loss(sure(false), labels)) > float(loss(sure(labels), labels)) + 0.1


def test_weights_are_one_for_each_label() -> None:
    with pytest.raises(ValueError, match="needs 7 values, got 2"):
        MaskedDiceCELoss([1.0, 1.0])


def test_focal_tversky_by_hand() -> None:
    """One calcification voxel missed for sure, among two known ones: only that label errs."""
    labels = torch.tensor([Label.MUSCLE, Label.CALCIFICATION]).view(1, 2, 1, 1)
    said = torch.tensor([Label.MUSCLE, Label.MUSCLE]).view(1, 2, 1, 1)
    logits = sure(said, 60.0)
    plain = MaskedDiceCELoss(dice_weight=0.0)(logits, labels)
    loss = MaskedDiceCELoss(overlap="focal_tversky")(logits, labels)
    s = SMOOTH_VOXELS
    muscle = 1 - (1 + s) / (1 + 0.3 * 1 + s)  # one false positive, weight 0.3
    calcification = 1 - s / (0.7 * 1 + s)  # one miss, weight 0.7
    absent = 4 * 1e-6**0.75
    expected = (muscle**0.75 + calcification**0.75 + absent) / 6
    assert float(loss - plain) == pytest.approx(expected, abs=1e-5)


def test_each_lesion_counts_once_however_large() -> None:
    labels = torch.full((1, 8, 4, 4), int(Label.MUSCLE))
    labels[0, 0, 0, 0] = CALCIFICATION  # one voxel, missed
    labels[0, 4:] = CALCIFICATION  # 64 voxels, half sure
    probability = torch.zeros(1, 8, 4, 4)
    probability[0, 4:] = 0.5
    assert float(missed_lesions(probability, labels)) == pytest.approx((1.0 + 0.5) / 2)


def test_lesions_of_two_crops_are_not_joined() -> None:
    labels = torch.full((2, 4, 4, 4), int(Label.MUSCLE))
    labels[:, 0, 0, 0] = CALCIFICATION
    probability = torch.zeros(2, 4, 4, 4)
    probability[1, 0, 0, 0] = 1.0
    assert float(missed_lesions(probability, labels)) == pytest.approx(0.5)


def test_without_lesion_the_term_is_zero_and_still_has_a_gradient() -> None:
    probability = torch.rand(1, 4, 4, 4, requires_grad=True)
    term = missed_lesions(probability, torch.zeros(1, 4, 4, 4, dtype=torch.long))
    term.backward()
    assert term.item() == 0.0
    assert probability.grad is not None
    assert (probability.grad == 0).all()


def test_an_unknown_overlap_term_is_refused() -> None:
    with pytest.raises(ValueError, match="dice, focal_tversky"):
        MaskedDiceCELoss(overlap="jaccard")  # type: ignore[arg-type]
