"""A new run from the weights of an earlier one."""

from pathlib import Path

import pytest
import torch

from calciscope.errors import ModelError
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.initial_weights import load_initial_weights
from calciscope_train.schedule import Budget
from calciscope_train.segmenter import CalcificationSegmenter


def segmenter(fine_width: int = 8, widths: tuple[int, ...] = (8, 8)) -> CalcificationSegmenter:
    return CalcificationSegmenter(
        PreprocessingSpec(), Budget(), widths=widths, fine_width=fine_width
    )


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint whose averaged weights are all 0.5 and whose raw ones are all 2."""
    state = segmenter().state_dict()
    path = tmp_path / "last.ckpt"
    stored = {
        "state_dict": {name: torch.full_like(w, 0.5) for name, w in state.items()},
        "current_model_state": {name: torch.full_like(w, 2) for name, w in state.items()},
    }
    torch.save(stored, path)
    return path


def test_the_averaged_weights_are_taken(checkpoint: Path) -> None:
    module = segmenter()
    load_initial_weights(module, checkpoint)
    for name, weight in module.network.state_dict().items():
        if weight.is_floating_point():
            assert (weight == 0.5).all(), name


@pytest.mark.parametrize(
    ("module", "named"),
    [
        (segmenter(16), "is .* there, .* here"),
        (segmenter(widths=(8, 8, 8)), "it lacks down"),
    ],
)
def test_another_architecture_is_one_clear_sentence(
    checkpoint: Path, module: CalcificationSegmenter, named: str
) -> None:
    before = {k: v.clone() for k, v in module.state_dict().items()}
    with pytest.raises(ModelError, match=rf"another architecture than this run \(.*{named}"):
        load_initial_weights(module, checkpoint)
    for name, weight in module.state_dict().items():
        assert torch.equal(weight, before[name])


def test_a_part_too_many_is_another_architecture_too(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": segmenter(widths=(8, 8, 8)).state_dict()}, path)
    with pytest.raises(ModelError, match="is unknown here"):
        load_initial_weights(segmenter(), path)


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "last.ckpt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"last\.ckpt cannot be read as a checkpoint"):
        load_initial_weights(segmenter(), path)
