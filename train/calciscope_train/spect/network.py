"""The network that names a hot spot's compartment: a fine view, a coarse view and figures."""

from typing import Any

import torch
from monai.networks.blocks.convolutions import Convolution, ResidualUnit
from torch import Tensor, nn

from calciscope.errors import ModelError
from calciscope.labels import HOT_SPOT_COMPARTMENTS
from calciscope.spect.patch_inputs import FEATURES
from calciscope.spect.patch_spec import COARSE_CHANNELS, FINE_CHANNELS, PatchSpec

HOT_SPOT = FINE_CHANNELS.index("hot_spot")


def _unit(inputs: int, outputs: int) -> nn.Module:
    """Two convolutions with BatchNorm and a residual path, halving the grid."""
    unit: nn.Module = ResidualUnit(
        3, inputs, outputs, strides=2, kernel_size=3, subunits=2, act="RELU", norm="BATCH"
    )
    return unit


class HotSpotNetwork(nn.Module):
    """Logits of the compartments.

    Input (N, L) rows of `patch_inputs.network_inputs`; output (N, 11) logits. The fine branch is
    pooled over the whole patch, over the hot spot and at its center.

    Args:
        spec: sizes of the patches.
        widths: channels of the fine branch at a half, a quarter and an eighth of its grid.
        coarse_widths: the same of the coarse branch.
        hidden: width of the layer before the last.
        dropout: of that layer.
    """

    def __init__(
        self,
        spec: PatchSpec,
        widths: tuple[int, ...] = (16, 32, 64),
        coarse_widths: tuple[int, ...] = (16, 24, 32),
        hidden: int = 96,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.fine_shape = (len(FINE_CHANNELS), *(spec.fine_size,) * 3)
        self.coarse_shape = (len(COARSE_CHANNELS), *(spec.coarse_size,) * 3)
        self.fine_stem = _stem(len(FINE_CHANNELS), widths[0])
        self.fine_middle = _unit(widths[0], widths[1])
        self.fine_end = _unit(widths[1], widths[2])
        self.coarse = nn.Sequential(
            _stem(len(COARSE_CHANNELS), coarse_widths[0]),
            _unit(coarse_widths[0], coarse_widths[1]),
            _unit(coarse_widths[1], coarse_widths[2]),
        )
        self.figures = nn.Sequential(
            nn.BatchNorm1d(len(FEATURES)), nn.Linear(len(FEATURES), 48), nn.ReLU()
        )
        pooled = widths[0] + widths[1] + 2 * widths[2] + 2 * coarse_widths[2] + 48
        self.head = nn.Sequential(
            nn.Linear(pooled, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, len(HOT_SPOT_COMPARTMENTS)),
        )

    def forward(self, rows: Tensor) -> Tensor:
        """Logits (N, 11) of rows (N, L)."""
        fine_length = _product(self.fine_shape)
        coarse_stop = fine_length + _product(self.coarse_shape)
        fine = rows[:, :fine_length].reshape(-1, *self.fine_shape)
        coarse = self.coarse(rows[:, fine_length:coarse_stop].reshape(-1, *self.coarse_shape))
        mask = fine[:, HOT_SPOT : HOT_SPOT + 1]
        high = self.fine_stem(fine)
        middle = self.fine_middle(high)
        low = self.fine_end(middle)
        parts = [
            _over_mask(high, nn.functional.avg_pool3d(mask, 2)),
            _over_mask(middle, nn.functional.avg_pool3d(mask, 4)),
            low.mean(dim=(2, 3, 4)),
            _center(low),
            coarse.mean(dim=(2, 3, 4)),
            _center(coarse),
            self.figures(rows[:, coarse_stop:]),
        ]
        logits: Tensor = self.head(torch.cat(parts, dim=1))
        return logits


class MeanNetwork(nn.Module):
    """The mean of the logits of networks that were trained apart, on patches of one spec.

    Args:
        networks: of one input.

    Raises:
        ModelError: their patches differ.
    """

    def __init__(self, networks: list[HotSpotNetwork]) -> None:
        super().__init__()
        if len({(each.fine_shape, each.coarse_shape) for each in networks}) != 1:
            raise ModelError("the runs want patches of different sizes; export them one by one")
        self.networks = nn.ModuleList(networks)

    def forward(self, rows: Tensor) -> Tensor:
        """Logits (N, 11) of rows (N, L)."""
        return torch.stack([network(rows) for network in self.networks]).mean(dim=0)


def _stem(inputs: int, outputs: int) -> nn.Module:
    stem: nn.Module = Convolution(
        3, inputs, outputs, strides=2, kernel_size=3, act="RELU", norm="BATCH", bias=False
    )
    return stem


def _over_mask(maps: Tensor, mask: Tensor) -> Tensor:
    """Mean of maps (N, C, X, Y, Z) where the mask (N, 1, X, Y, Z) is; (N, C)."""
    weighed = (maps * mask).sum(dim=(2, 3, 4))
    return weighed / (mask.sum(dim=(2, 3, 4)) + 1e-3)


def _center(maps: Tensor) -> Tensor:
    """Mean of the middle voxels, one for an odd and two for an even count along each axis."""
    size = maps.shape[2]
    first, stop = (size - 1) // 2, size // 2 + 1
    return maps[:, :, first:stop, first:stop, first:stop].mean(dim=(2, 3, 4))


def _product(shape: tuple[int, ...]) -> int:
    result = 1
    for size in shape:
        result *= size
    return result


Architecture = dict[str, Any]
