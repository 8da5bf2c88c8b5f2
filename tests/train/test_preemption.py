"""A run whose machine is taken away goes on: really killed, on a cluster that is only pretended."""

import signal
from pathlib import Path

import pytest
import torch

from calciscope_train.requeue import REQUEUE_STATUS

from .processes import Fit, fit_arguments, steps_of

SLURM = {
    "SLURM_JOB_ID": "4711",
    "SLURM_JOB_NAME": "calciscope",
    "SLURM_ARRAY_JOB_ID": "4700",
    "SLURM_ARRAY_TASK_ID": "3",
    "SLURM_NTASKS": "1",
    "SLURM_NTASKS_PER_NODE": "1",
    "SLURM_NNODES": "1",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NODEID": "0",
    "SLURM_NODELIST": "localhost",
    # A container: no scontrol anywhere.
    "PATH": "",
}
"""Task 3 of a job array, inside a container."""


@pytest.mark.slow
def test_a_run_survives_the_end_of_its_time_a_sudden_death_and_another_machine(
    toy_root: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    last = run / "checkpoints" / "last.ckpt"

    # First start, as SLURM does it; it warns before the time is up.
    first = Fit(fit_arguments(toy_root, run, 100_000), tmp_path, SLURM)
    first.wait_for_checkpoint(last)
    first.process.send_signal(signal.SIGUSR1)
    assert first.wait() == REQUEUE_STATUS, first.log.read_text()
    steps = steps_of(last)
    assert f"told to stop at step {steps};" in first.log.read_text()
    # Lightning's own checkpoint, which it writes inside its handler, is not there.
    assert not list(tmp_path.rglob("hpc_ckpt*"))

    # Requeued under the same number; the node dies without a word.
    requeued = {**SLURM, "SLURM_RESTART_COUNT": "1"}
    second = Fit(fit_arguments(toy_root, run, 100_000), tmp_path, requeued)
    second.wait_for_checkpoint(last, steps)
    second.process.kill()
    assert second.wait() == -signal.SIGKILL
    assert f"going on from {last}" in second.log.read_text()
    survived = steps_of(last)
    assert survived > steps

    # Outside the cluster it goes on and ends with its budget.
    third = Fit(fit_arguments(toy_root, run, survived + 3), tmp_path)
    assert third.wait() == 0, third.log.read_text()
    stored = torch.load(last, weights_only=True)
    assert stored["global_step"] == survived + 3
    # No crop was trained on twice, though the epochs were cut: two a step, from the first on.
    assert stored["CtSegmentationDataModule"]["crops_seen"] == 2 * (survived + 3)
    # The average went on as well: it counts one update a step.
    assert int(stored["averaging_state"]["n_averaged"]) == survived + 3
