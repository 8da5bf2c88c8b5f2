"""The CT network: a 3D U-Net behind a space-to-depth stem, with a full-resolution path.

On slices of 2.5 mm and pixels of 1 mm, folding 2 x 2 pixels into channels gives voxels of
2 x 2 x 2.5 mm: nearly cubic, so that all that follows is isotropic, and a quarter as many, so that
it is fast. What the fold costs in sharpness the full-resolution path brings back: lesions of a few
voxels are drawn there. Every operation is a convolution, a normalization, a ReLU, an addition, a
nearest upsampling or a reshape, so the graph exports with free batch and size, and every backward
pass has a deterministic CUDA kernel.
"""

from copy import deepcopy
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from calciscope.labels import Label

Norm = Literal["batch", "instance", "group"]

FOLD = 2
"""Pixels folded into channels along X and along Y; slices are never folded."""

GROUPS = 8
"""Groups of the "group" normalization; divides every width."""


class SpaceToDepth(nn.Module):
    """Fold 2 x 2 pixels into channels: (N, C, X, Y, Z) to (N, 4C, X/2, Y/2, Z)."""

    def forward(self, x: Tensor) -> Tensor:
        n, c, i, j, k = x.shape
        x = x.reshape(n, c, i // FOLD, FOLD, j // FOLD, FOLD, k)
        return x.permute(0, 1, 3, 5, 2, 4, 6).reshape(n, c * FOLD * FOLD, i // FOLD, j // FOLD, k)


class DepthToSpace(nn.Module):
    """Undo SpaceToDepth: (N, 4C, X, Y, Z) to (N, C, 2X, 2Y, Z)."""

    def forward(self, x: Tensor) -> Tensor:
        n, c, i, j, k = x.shape
        x = x.reshape(n, c // (FOLD * FOLD), FOLD, FOLD, i, j, k)
        return x.permute(0, 1, 4, 2, 5, 3, 6).reshape(n, c // (FOLD * FOLD), i * FOLD, j * FOLD, k)


def _norm(kind: Norm, channels: int) -> nn.Module:
    if kind == "batch":
        # Batches are small and lesion-rich; slow running statistics follow the whole stream.
        return nn.BatchNorm3d(channels, momentum=0.05)
    if kind == "instance":
        return nn.InstanceNorm3d(channels, affine=True)
    if kind == "group":
        return nn.GroupNorm(GROUPS, channels)
    raise ValueError(f"norm must be batch, instance or group, not {kind!r}")


class ConvUnit(nn.Sequential):
    """3 x 3 x 3 convolution, normalization, ReLU; a stride halves the grid."""

    def __init__(self, inputs: int, outputs: int, norm: Norm, stride: int = 1) -> None:
        super().__init__(
            nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
            _norm(norm, outputs),
            nn.ReLU(inplace=True),
        )


class ResidualUnit(nn.Module):
    """One convolution around which the input is added: relu(x + norm(conv(x)))."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.convolution = nn.Conv3d(channels, channels, 3, padding=1, bias=False)
        self.norm = _norm(norm, channels)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.norm(self.convolution(x)))


class UpUnit(nn.Module):
    """Bring a coarser level up by nearest neighbor, add the skip, and mix.

    Narrowing happens on the coarse grid (an eighth of the work); adding instead of concatenating
    halves the mixing convolution.
    """

    def __init__(self, inputs: int, outputs: int, norm: Norm) -> None:
        super().__init__()
        self.narrow = nn.Conv3d(inputs, outputs, 1)
        self.mix = nn.Sequential(ConvUnit(outputs, outputs, norm), ResidualUnit(outputs, norm))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        raised = functional.interpolate(self.narrow(x), scale_factor=2.0, mode="nearest")
        mixed: Tensor = self.mix(raised + skip)
        return mixed


class CalcificationUNet(nn.Module):
    """Tissue and calcification logits of a CT on the model grid.

    Input (N, C, X, Y, Z) float, windowed to [-1, 1]; output (N, K, X, Y, Z) logits. X, Y and Z
    must be multiples of `required_multiple`.

    Args:
        inputs: channels in; one per HU window.
        labels: channels out.
        widths: channels of each level, finest first; each level halves the grid.
        fine_width: channels of the full-resolution path.
        norm: normalization everywhere.
    """

    def __init__(
        self,
        inputs: int = 2,
        labels: int = len(Label),
        widths: tuple[int, ...] = (32, 64, 96, 128),
        fine_width: int = 16,
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        depth = 2 ** (len(widths) - 1)
        self.inputs = inputs
        self.required_multiple = (FOLD * depth, FOLD * depth, depth)
        self.fold = SpaceToDepth()
        self.stem = nn.Sequential(
            ConvUnit(inputs * FOLD * FOLD, widths[0], norm), ResidualUnit(widths[0], norm)
        )
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(
            nn.Sequential(ConvUnit(fine, coarse, norm, stride=2), ResidualUnit(coarse, norm))
            for fine, coarse in pairs
        )
        self.up = nn.ModuleList(UpUnit(coarse, fine, norm) for fine, coarse in reversed(pairs))
        self.unfold = nn.Sequential(
            nn.Conv3d(widths[0], fine_width * FOLD * FOLD, 1), DepthToSpace()
        )
        self.fine = ConvUnit(inputs, fine_width, norm)
        self.head = nn.Sequential(
            ConvUnit(fine_width, fine_width, norm), nn.Conv3d(fine_width, labels, 1)
        )

    def forward(self, ct: Tensor) -> Tensor:
        """Logits of each label; shape (N, K, X, Y, Z)."""
        x = self.stem(self.fold(ct))
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(x)
        for up in self.up:
            x = up(x, skips.pop())
        logits: Tensor = self.head(self.fine(ct) + self.unfold(x))
        return logits


def parameter_count(network: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def set_norm_frozen(network: nn.Module, frozen: bool) -> None:
    """Make BatchNorm use (and keep) its running statistics while the weights go on learning."""
    for module in network.modules():
        # SyncBatchNorm, which several GPUs use instead, is no BatchNorm3d.
        if isinstance(module, (nn.BatchNorm3d, nn.SyncBatchNorm)):
            module.train(not frozen)


def folded(network: CalcificationUNet) -> CalcificationUNet:
    """A copy for inference with each BatchNorm folded into the convolution before it."""
    copy = deepcopy(network).eval()
    for module in copy.modules():
        if isinstance(module, ConvUnit) and isinstance(module[1], nn.BatchNorm3d):
            module[0] = _fold(module[0], module[1])
            module[1] = nn.Identity()
        elif isinstance(module, ResidualUnit) and isinstance(module.norm, nn.BatchNorm3d):
            module.convolution = _fold(module.convolution, module.norm)
            module.norm = nn.Identity()
    return copy


def _fold(convolution: nn.Module, norm: nn.BatchNorm3d) -> nn.Conv3d:
    if not isinstance(convolution, nn.Conv3d):
        raise TypeError(f"expected a Conv3d before BatchNorm, got {type(convolution).__name__}")
    return fuse_conv_bn_eval(convolution, norm)
