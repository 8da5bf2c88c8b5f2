"""What a run adapts to by itself: precision of the device, and a SLURM cluster around it."""

from pathlib import Path

import torch
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

CPU_FEATURES = Path("/proc/cpuinfo")
"""Where Linux names the instructions of the processor."""

BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")
"""bfloat16 of x86 (AVX-512, AMX) and ARM processors."""


def best_precision(accelerator: str, features: Path = CPU_FEATURES) -> str:
    """The trainer's precision: bf16-mixed where the device computes in it, else 32-true.

    Without the instructions bf16 is slower than float32, on processors as on GPUs before Ampere.

    Args:
        accelerator: as the trainer takes it.
        features: says what the processor can do.
    """
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = accelerator != "mps" and _processor_has_bf16(features)
    return "bf16-mixed" if able else "32-true"


def _processor_has_bf16(features: Path) -> bool:
    if not features.is_file():
        return False
    words = set(features.read_text(encoding="utf-8").split())
    return any(name in words for name in BF16_INSTRUCTIONS)


def slurm_environment(auto_requeue: bool) -> SLURMEnvironment | None:
    """How the processes of a SLURM job find each other; None outside a job.

    Args:
        auto_requeue: let Lightning write its own checkpoint and call scontrol, both inside the
            signal handler. Off unless asked for: the checkpoint may be torn, and a container holds
            no scontrol (pytorch-lightning #21406, #21404).
    """
    if TorchElasticEnvironment.detect() or not SLURMEnvironment.detect():
        return None
    return SLURMEnvironment(auto_requeue=auto_requeue)
