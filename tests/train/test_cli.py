"""The command: quick help, usage errors, one clear line on failure."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from calciscope.errors import InputError
from calciscope_train import cli

SOURCES = Path(cli.__file__).parents[1], Path(cli.__file__).parents[2] / "inference"


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    script = (
        f"import sys; sys.path[:0] = {[str(path) for path in SOURCES]!r}\n"
        "from calciscope_train.cli import run\n"
        "status = run(['--help'])\n"
        "heavy = {'torch', 'monai', 'pytorch_lightning', 'jsonargparse'} & set(sys.modules)\n"
        "sys.exit(status or len(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("synthesise", "prepare", "fit", "export", "evaluate"):
        assert command in done.stdout


@pytest.mark.parametrize("arguments", [[], ["train"], ["--wrong"]])
def test_anything_else_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    captured = capsys.readouterr()
    assert "usage: calciscope-train" in captured.out + captured.err


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, function: object) -> None:
    module = SimpleNamespace(**{cli.COMMANDS[name][1]: function})
    monkeypatch.setattr(
        cli, "import_module", lambda m: module if m == cli.COMMANDS[name][0] else import_module(m)
    )


def test_fit_gets_its_arguments_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    stand_in(monkeypatch, "fit", seen.extend)
    assert cli.run(["fit", "--config", "a.yaml", "--model.norm=group"]) == 0
    assert seen == ["--config", "a.yaml", "--model.norm=group"]


def test_other_commands_get_typed_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Path, int]] = []

    def prepare(out: Path, count: int = 3) -> None:
        seen.append((out, count))

    stand_in(monkeypatch, "prepare", prepare)
    assert cli.run(["prepare", "cases", "--count", "5"]) == 0
    assert seen == [(Path("cases"), 5)]


def test_a_failure_is_one_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: list[str]) -> None:
        raise InputError("cases has no prepared case in train; run calciscope-train synthesise")

    stand_in(monkeypatch, "fit", fail)
    assert cli.run(["fit"]) == 1
    assert capsys.readouterr().err == (
        "calciscope-train: cases has no prepared case in train; run calciscope-train synthesise\n"
    )


def test_without_the_training_extra_the_cure_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> object:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(cli, "import_module", absent)
    assert cli.run(["fit"]) == 1
    assert "pip install 'calciscope[train]'" in capsys.readouterr().err
