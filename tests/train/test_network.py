"""The network: shapes, what a voxel depends on, and folding for inference."""

import pytest
import torch
from torch import nn

from calciscope_train.network import (
    CalcificationUNet,
    ConvUnit,
    DepthToSpace,
    Norm,
    SpaceToDepth,
    folded,
    parameter_count,
    set_norm_frozen,
)

SMALL = (8, 16)


def test_space_to_depth_is_undone() -> None:
    x = torch.randn(2, 3, 4, 6, 5)
    folded_pixels = SpaceToDepth()(x)
    assert folded_pixels.shape == (2, 12, 2, 3, 5)
    assert torch.equal(DepthToSpace()(folded_pixels), x)
    # Channel 0 becomes channels 0..3: pixels (0, 0), (0, 1), (1, 0), (1, 1) of each block.
    assert torch.equal(folded_pixels[:, 1], x[:, 0, 0::2, 1::2])


@pytest.mark.parametrize("norm", ["batch", "instance", "group"])
@pytest.mark.parametrize("shape", [(1, 2, 32, 32, 16), (2, 2, 32, 16, 24)])
def test_any_multiple_of_the_required_size_goes_through(norm: Norm, shape: tuple[int, ...]) -> None:
    network = CalcificationUNet(widths=(8, 8, 16, 16), fine_width=8, norm=norm).eval()
    assert network.required_multiple == (16, 16, 8)
    assert network(torch.randn(shape)).shape == (shape[0], 7, *shape[2:])


def test_required_multiple_is_the_smallest_that_works() -> None:
    network = CalcificationUNet(widths=SMALL, fine_width=8).eval()
    assert network.required_multiple == (4, 4, 2)
    for short in ((1, 2, 6, 4, 2), (1, 2, 4, 4, 3)):
        with pytest.raises(RuntimeError):
            network(torch.randn(short))


def test_the_default_is_small_enough_for_two_cores() -> None:
    assert 1e6 < parameter_count(CalcificationUNet()) < 3e6


def test_single_voxels_reach_the_output() -> None:
    """The full-resolution path tells neighbors within a folded block apart."""
    torch.manual_seed(0)
    network = CalcificationUNet(widths=SMALL, fine_width=8).eval()
    ct = torch.randn(1, 2, 16, 16, 8, requires_grad=True)
    network(ct)[0, 6, 8, 8, 4].backward()
    assert ct.grad is not None
    assert ct.grad[0, :, 8, 8, 4].abs().sum() > ct.grad[0, :, 0, 0, 0].abs().sum()
    assert (ct.grad[0, 0, 7:10, 7:10, 3:6] != 0).all()


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    network = CalcificationUNet(widths=SMALL, fine_width=8)
    network(torch.randn(2, 2, 8, 8, 4)).square().mean().backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    # A bias just before BatchNorm cannot matter; there is none in this network.
    assert idle == []


def test_folding_changes_no_logit_and_leaves_no_batch_norm() -> None:
    torch.manual_seed(0)
    network = CalcificationUNet(widths=SMALL, fine_width=8)
    for _ in range(3):
        network(torch.randn(2, 2, 16, 16, 4) * 3 + 1)
    network.eval()
    plain = folded(network)
    ct = torch.randn(1, 2, 16, 16, 4)
    with torch.no_grad():
        torch.testing.assert_close(plain(ct), network(ct), atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, nn.BatchNorm3d) for module in plain.modules())
    assert any(isinstance(module, nn.BatchNorm3d) for module in network.modules())


def test_other_norms_are_left_as_they_are() -> None:
    network = CalcificationUNet(widths=SMALL, fine_width=8, norm="group")
    assert any(isinstance(module, nn.GroupNorm) for module in folded(network).modules())


def test_frozen_batch_norm_keeps_its_statistics_while_weights_learn() -> None:
    unit = ConvUnit(2, 8, "batch")
    norm = unit[1]
    assert isinstance(norm, nn.BatchNorm3d)
    assert norm.running_mean is not None
    set_norm_frozen(unit, True)
    before = norm.running_mean.clone()
    unit(torch.randn(1, 2, 4, 4, 4) + 5).sum().backward()
    assert torch.equal(norm.running_mean, before)
    assert unit[0].weight.grad is not None
    set_norm_frozen(unit, False)
    unit(torch.randn(1, 2, 4, 4, 4) + 5)
    assert not torch.equal(norm.running_mean, before)


def test_instance_norm_is_per_channel_and_case() -> None:
    norm = ConvUnit(2, 8, "instance")[1]
    x = torch.randn(2, 8, 4, 4, 4) * 3 + 1
    expected = torch.nn.functional.instance_norm(x)
    torch.testing.assert_close(norm(x), expected, atol=1e-5, rtol=1e-5)


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="norm must be batch, instance or group"):
        CalcificationUNet(norm="layer")  # type: ignore[arg-type]
