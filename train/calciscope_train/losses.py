"""The training loss: weighted cross-entropy plus an overlap term, blind where the label is 255.

No map wins by predicting no lesion at all: a missed lesion costs its overlap term in full however
few voxels it has. A crop without a label still rewards predicting none of it, gently, through the
smoothing. `train/README.md` holds the comparison of the overlap terms.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import cc3d
import numpy as np
import torch
from monai.losses.dice import DiceLoss
from monai.losses.tversky import TverskyLoss
from torch import Tensor, nn
from torch.nn import functional

from calciscope.labels import IGNORE, Label

LABEL_WEIGHTS = (1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 4.0)
"""Weight of each label's voxels in the cross-entropy: what is rare and sought counts more."""

SMOOTH_VOXELS = 5.0
"""Added to both sides of the Dice fraction: about the smallest lesion that must not be missed."""

Overlap = Literal["dice", "focal_tversky"]
"""Overlap terms: Dice; focal Tversky, for which a missed voxel counts more than a false one."""

RARE = (Label.VASCULAR, Label.FOREIGN, Label.CALCIFICATION)
"""Labels whose components count one by one: the rest of the loss can afford to give them up."""

TVERSKY_FALSE_NEGATIVE = 0.7
"""Weight of missed voxels in the Tversky index; false positives have the rest of 1."""

TVERSKY_FOCUS = 0.75
"""Exponent of the focal Tversky loss, 1 / gamma of Abraham & Khan 2019 with gamma 4/3."""


class MaskedDiceCELoss(nn.Module):
    """Mean of cross-entropy over labeled voxels, plus an overlap loss of the foreground labels.

    Overlap is taken over the whole batch at once (MONAI's DiceLoss and TverskyLoss, batch=True).
    Voxels labeled 255 take part in no term; their gradient is exactly zero.

    Args:
        label_weights: weight of each label in the cross-entropy.
        dice_weight: weight of the overlap term; the cross-entropy has weight 1.
        overlap: the overlap term.
        lesion_weight: weight of the per-lesion term, see `missed_lesions`.
    """

    label_weights: Tensor

    def __init__(
        self,
        label_weights: Sequence[float] = LABEL_WEIGHTS,
        dice_weight: float = 1.0,
        overlap: Overlap = "dice",
        lesion_weight: float = 0.0,
    ) -> None:
        super().__init__()
        if len(label_weights) != len(Label):
            raise ValueError(f"label_weights needs {len(Label)} values, got {len(label_weights)}")
        if overlap not in get_args(Overlap):
            raise ValueError(f"overlap is one of {', '.join(get_args(Overlap))}, not {overlap}")
        weights = torch.tensor(label_weights, dtype=torch.float32)
        self.register_buffer("label_weights", weights, persistent=False)
        self.dice_weight = dice_weight
        self.lesion_weight = lesion_weight
        # include_background: the background is left out before.
        self.overlap: nn.Module
        if overlap == "dice":
            self.overlap = DiceLoss(
                include_background=True,
                batch=True,
                smooth_nr=SMOOTH_VOXELS,
                smooth_dr=SMOOTH_VOXELS,
            )
            self.exponent = 1.0
        else:
            self.overlap = TverskyLoss(
                include_background=True,
                batch=True,
                alpha=1.0 - TVERSKY_FALSE_NEGATIVE,
                beta=TVERSKY_FALSE_NEGATIVE,
                reduction="none",
                smooth_nr=SMOOTH_VOXELS,
                smooth_dr=SMOOTH_VOXELS,
            )
            self.exponent = TVERSKY_FOCUS

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss, shape ().

        Args:
            logits: shape (N, K, X, Y, Z).
            labels: shape (N, X, Y, Z), integers; 255 is left out.
        """
        logits = logits.float()
        labels = labels.long()
        known = labels != IGNORE
        target = labels.where(known, 0)
        weight = self.label_weights[target] * known
        # Written out: cross_entropy has no deterministic kernel on CUDA.
        chosen = torch.log_softmax(logits, dim=1).gather(1, target.unsqueeze(1)).squeeze(1)
        # A batch without one labeled voxel has loss 0 rather than 0 / 0.
        entropy = -(chosen * weight).sum() / weight.sum().clamp(min=1.0)
        mask = known.unsqueeze(1)
        reference = functional.one_hot(target, logits.shape[1]).movedim(-1, 1)
        probability = torch.softmax(logits, dim=1)
        overlap: Tensor = self.overlap(probability[:, 1:] * mask, (reference * mask)[:, 1:])
        if self.exponent != 1.0:
            # A power of exactly zero has no finite slope.
            overlap = overlap.clamp(min=1e-6) ** self.exponent
        loss = entropy + self.dice_weight * overlap.mean()
        if self.lesion_weight > 0:
            missed = [missed_lesions(probability[:, label], labels, label) for label in RARE]
            loss = loss + self.lesion_weight * torch.stack(missed).sum()
        return loss


def missed_lesions(
    probability: Tensor, labels: Tensor, label: Label = Label.CALCIFICATION
) -> Tensor:
    """Mean over lesions of one minus the lesion's mean probability; 0 without a lesion.

    Each lesion counts once, however large: in Dice and cross-entropy one mass outweighs fifty foci.

    Args:
        probability: of the label, shape (N, X, Y, Z).
        labels: shape (N, X, Y, Z).
        label: whose connected components are the lesions.
    """
    masks = (labels == label).cpu().numpy()
    ids = np.zeros(masks.shape, dtype=np.int64)
    count = 0
    for number, mask in enumerate(masks):
        components, found = cc3d.connected_components(mask, connectivity=26, return_N=True)
        ids[number] = np.where(components > 0, components.astype(np.int64) + count, 0)
        count += found
    if count == 0:
        return probability.sum() * 0.0
    index = torch.from_numpy(ids).to(probability.device).flatten()
    sums = probability.new_zeros(count + 1).index_add(0, index, probability.flatten())
    sizes = torch.bincount(index, minlength=count + 1)
    return (1.0 - sums[1:] / sizes[1:]).mean()
