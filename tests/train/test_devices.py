"""Precision by device."""

from pathlib import Path

import pytest
import torch

from calciscope_train.devices import best_precision


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ("flags : fpu avx512f avx512_bf16 amx_tile", "bf16-mixed"),
        ("Features : fp asimd bf16", "bf16-mixed"),
        ("flags : fpu avx2 avx512f avx512_bf16x", "32-true"),
    ],
)
def test_a_processor_computes_in_bf16_only_if_it_has_the_instructions(
    tmp_path: Path, flags: str, precision: str
) -> None:
    features = tmp_path / "cpuinfo"
    features.write_text(f"processor : 0\n{flags}\n")
    assert best_precision("cpu", features) == precision


def test_a_machine_that_does_not_say_computes_in_32_bits(tmp_path: Path) -> None:
    assert best_precision("cpu", tmp_path / "absent") == "32-true"
    assert best_precision("mps", Path(__file__)) == "32-true"


@pytest.mark.parametrize(("supported", "precision"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_gpu_is_asked(monkeypatch: pytest.MonkeyPatch, supported: bool, precision: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    assert best_precision("auto") == precision
