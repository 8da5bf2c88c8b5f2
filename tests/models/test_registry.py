from collections.abc import Callable
from pathlib import Path

import pytest

from calciscope.errors import ModelError
from calciscope.models.registry import find_model, installed_models, model_folders, models_root

Install = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path, install_model: Install) -> Path:
    for version in ("0.9.0", "0.10.0", "0.2.0"):
        install_model(tmp_path / "tiny" / version)
    (tmp_path / "tiny" / "notes").mkdir()
    return tmp_path


def test_newest_version_comes_first_by_number(root: Path) -> None:
    assert [model.version for model in installed_models(root)] == ["0.10.0", "0.9.0", "0.2.0"]
    assert find_model("tiny", root=root).version == "0.10.0"


def test_a_version_can_be_named(root: Path) -> None:
    assert find_model("tiny", "0.2.0", root).version == "0.2.0"


def test_models_are_sorted_by_name(root: Path, install_model: Install) -> None:
    install_model(root / "another" / "0.1.0")
    names = [folder.parent.name for folder in model_folders(root)]
    assert names == ["another", "tiny", "tiny", "tiny"]


def test_absent_version_lists_what_is_there(root: Path) -> None:
    with pytest.raises(ModelError, match=r"tiny 3\.0\.0 .* 0\.10\.0, 0\.9\.0, 0\.2\.0"):
        find_model("tiny", "3.0.0", root)


def test_absent_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"ct-calcification .*versions there: none"):
        find_model(root=tmp_path)


def test_a_bad_model_is_not_hidden(root: Path) -> None:
    (root / "tiny" / "0.10.0" / "model.onnx").write_bytes(b"other")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        find_model("tiny", root=root)


def test_a_checkout_keeps_its_models_in_onnx() -> None:
    assert models_root() == Path(__file__).parents[2] / "onnx"
