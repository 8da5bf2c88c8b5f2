"""The training loss: weighted cross-entropy plus Dice, blind where the label is 255.

No map wins by predicting no lesion at all: a missed lesion costs its Dice term in full however few
voxels it has. A crop without a label still rewards predicting none of it, gently, through the
smoothing.
"""

from collections.abc import Sequence

import torch
from monai.losses.dice import DiceLoss
from torch import Tensor, nn
from torch.nn import functional

from calciscope.labels import IGNORE, Label

LABEL_WEIGHTS = (1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 4.0)
"""Weight of each label's voxels in the cross-entropy: what is rare and sought counts more."""

SMOOTH_VOXELS = 5.0
"""Added to both sides of the Dice fraction: about the smallest lesion that must not be missed."""


class MaskedDiceCELoss(nn.Module):
    """Mean of cross-entropy over labeled voxels, plus mean Dice loss of the foreground labels.

    Dice is taken over the whole batch at once (MONAI's DiceLoss, batch=True). Voxels labeled 255
    take part in neither term; their gradient is exactly zero.

    Args:
        label_weights: weight of each label in the cross-entropy.
        dice_weight: weight of the Dice term; the cross-entropy has weight 1.
    """

    label_weights: Tensor

    def __init__(
        self, label_weights: Sequence[float] = LABEL_WEIGHTS, dice_weight: float = 1.0
    ) -> None:
        super().__init__()
        if len(label_weights) != len(Label):
            raise ValueError(f"label_weights needs {len(Label)} values, got {len(label_weights)}")
        weights = torch.tensor(label_weights, dtype=torch.float32)
        self.register_buffer("label_weights", weights, persistent=False)
        self.dice_weight = dice_weight
        self.dice = DiceLoss(
            include_background=True,  # the background is left out before
            batch=True,
            smooth_nr=SMOOTH_VOXELS,
            smooth_dr=SMOOTH_VOXELS,
        )

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss, shape ().

        Args:
            logits: shape (N, K, X, Y, Z).
            labels: shape (N, X, Y, Z), integers; 255 is left out.
        """
        logits = logits.float()
        labels = labels.long()
        known = labels != IGNORE
        entropy = functional.cross_entropy(
            logits, labels, self.label_weights, ignore_index=IGNORE, reduction="sum"
        )
        weight = self.label_weights[labels[known]].sum()
        # A batch without one labeled voxel has loss 0 rather than 0 / 0.
        entropy = entropy / weight.clamp(min=1.0)
        mask = known.unsqueeze(1)
        reference = functional.one_hot(labels.where(known, 0), logits.shape[1]).movedim(-1, 1)
        probability = torch.softmax(logits, dim=1)
        dice: Tensor = self.dice(probability[:, 1:] * mask, (reference * mask)[:, 1:])
        return entropy + self.dice_weight * dice
