"""What the house promises about its own structure."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME = sorted((ROOT / "inference" / "calciscope").rglob("*.py"))
FORBIDDEN = {"torch", "monai", "pytorch_lightning", "lightning", "onnx", "calciscope_train"}
HEAVY = {"numpy", "scipy", "pydicom", "highdicom", "matplotlib", "onnxruntime", "openvino"}


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def modules_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_runtime_never_imports_the_training_side() -> None:
    assert len(RUNTIME) > 40
    guilty = {str(p.relative_to(ROOT)): imported(p) & FORBIDDEN for p in RUNTIME}
    assert {name: bad for name, bad in guilty.items() if bad} == {}


def test_importing_calciscope_and_its_command_line_is_light() -> None:
    assert not modules_after("import calciscope, calciscope.cli") & (HEAVY | FORBIDDEN)


def test_analyzing_needs_no_torch() -> None:
    loaded = modules_after("import calciscope; calciscope.analyze")
    assert "highdicom" in loaded
    assert not loaded & {"torch", "monai", "pytorch_lightning"}


def test_the_folder_of_models_holds_no_python() -> None:
    assert not list((ROOT / "onnx").rglob("*.py"))


@pytest.mark.parametrize("path", RUNTIME, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_print_no_settings_from_the_environment_no_globals(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        assert not isinstance(node, ast.Global)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print"
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
            # No setting: where systemd listens (sd_notify(3)), which only the environment says.
            assert "NOTIFY_SOCKET" in source.splitlines()[node.lineno - 1]


def test_every_dependency_is_pinned_in_the_constraints() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {
        re.split("==", line)[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith("#")
    }
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["train"] + extras["service"] + extras["dev"]
    names = {re.split(r"[\[<>=;~ ]", item)[0].lower().replace("_", "-") for item in wanted}
    assert names - pinned == set()
