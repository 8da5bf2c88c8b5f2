"""The batch scripts, run by a shell whose `srun`, `scontrol` and `apptainer` only take notes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

SCRIPTS = Path(__file__).parents[2] / "train" / "slurm"
ARRAY = {"SLURM_ARRAY_JOB_ID": "4700", "SLURM_ARRAY_TASK_ID": "3"}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


class Cluster:
    """A folder of stand-ins for SLURM, and what they were called with."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.notes = folder / "notes"
        self.notes.touch()
        self.add("srun", "exit ${STATUS:-0}")
        self.add("scontrol", "exit 0")
        # Only these, and no real scontrol of the machine that runs the tests.
        self.bash = shutil.which("bash") or ""

    def add(self, name: str, then: str) -> None:
        """A command that notes its arguments."""
        script = self.bin / name
        script.write_text(f'#!/bin/sh\necho {name} "$@" >> "{self.notes}"\n{then}\n')
        script.chmod(0o755)

    def submit(self, script: str, *arguments: str, **environment: str) -> int:
        """Run a batch script as SLURM would; gives its exit status."""
        given = {"PATH": str(self.bin), "SLURM_JOB_ID": "4711", **environment}
        given["SLURM_SUBMIT_DIR"] = str(SCRIPTS.parents[1])
        command = [self.bash, str(SCRIPTS / script), *arguments]
        return subprocess.run(command, env=given, check=False, cwd=self.bin.parent).returncode

    @property
    def calls(self) -> list[str]:
        """Every call so far."""
        return self.notes.read_text().splitlines()


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_a_run_that_is_done_is_not_requeued(cluster: Cluster) -> None:
    assert cluster.submit("fit.sbatch", "runs/ct", "--model.norm", "group") == 0
    assert cluster.calls == [
        "srun --kill-on-bad-exit=0 calciscope-train fit --config configs/ct.yaml "
        "--config configs/cluster.yaml --run runs/ct --model.norm group"
    ]


def test_every_task_has_the_cores_of_the_job(cluster: Cluster) -> None:
    cluster.add("srun", f'echo cores "$SRUN_CPUS_PER_TASK" >> "{cluster.notes}"')
    assert cluster.submit("fit.sbatch", "runs/ct", SLURM_CPUS_PER_TASK="8") == 0
    assert cluster.calls[-1] == "cores 8"


@pytest.mark.parametrize("status", ["75", "138", "143"])
def test_a_run_that_was_cut_short_is_requeued(cluster: Cluster, status: str) -> None:
    assert cluster.submit("fit.sbatch", "runs/ct", STATUS=status) == 0
    assert cluster.calls[-1] == "scontrol requeue 4711"


def test_a_run_that_failed_is_not_requeued_for_ever(cluster: Cluster) -> None:
    assert cluster.submit("fit.sbatch", "runs/ct", STATUS="1") == 1
    assert len(cluster.calls) == 1


def test_each_task_of_an_array_has_its_own_folder_and_requeues_itself(cluster: Cluster) -> None:
    assert cluster.submit("array.sbatch", "runs/seeds", STATUS="75", **ARRAY) == 0
    assert "--run runs/seeds/3 --seed_everything 3 --data.seed 3" in cluster.calls[0]
    assert cluster.calls[1] == "scontrol requeue 4700_3"


def test_without_scontrol_the_status_says_that_there_is_more_to_do(cluster: Cluster) -> None:
    (cluster.bin / "scontrol").unlink()
    assert cluster.submit("fit.sbatch", "runs/ct", STATUS="75") == 75


def test_in_a_container_scontrol_is_called_outside_of_it(cluster: Cluster) -> None:
    given = {"CONTAINER": "calciscope.sif", "BIND": "/scratch", "STATUS": "75"}
    assert cluster.submit("fit.sbatch", "runs/ct", **given) == 0
    folder = cluster.bin.parent
    assert f"apptainer exec --nv --bind {folder},/scratch --pwd {folder}" in cluster.calls[0]
    assert "calciscope.sif calciscope-train fit --config" in cluster.calls[0]
    assert cluster.calls[1] == "scontrol requeue 4711"


def test_a_script_without_a_folder_says_how_it_is_used(cluster: Cluster) -> None:
    assert cluster.submit("fit.sbatch") != 0
    assert cluster.calls == []


@pytest.mark.parametrize("script", ["fit.sbatch", "array.sbatch"])
def test_slurm_warns_the_processes_with_a_signal_that_fit_listens_to(script: str) -> None:
    lines = (SCRIPTS / script).read_text().splitlines()
    options = {line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH ")}
    assert {"--requeue", "--open-mode=append", "--signal=USR1@180"} <= options
    overlay = yaml.safe_load((SCRIPTS.parents[1] / "configs" / "cluster.yaml").read_text())
    assert "SIGUSR1" in overlay["stop"]["signals"]


def test_the_scripts_need_nothing_of_the_shell_but_bash() -> None:
    for script in SCRIPTS.iterdir():
        done = subprocess.run(["bash", "-n", str(script)], env={"PATH": os.environ["PATH"]})
        assert done.returncode == 0
