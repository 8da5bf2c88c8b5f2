"""Where models live: `onnx/<name>/<version>/` in a checkout, `calciscope/_models` in a wheel."""

import re
from pathlib import Path

from calciscope.errors import ModelError
from calciscope.models.hot_spot_manifest import (
    HOT_SPOT_MODEL,
    HotSpotManifest,
    load_hot_spot_manifest,
)
from calciscope.models.manifest import FILE_NAME, ModelManifest, load_manifest


def models_root() -> Path:
    """The folder of models that came with this program."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "_models"
    return shipped if shipped.is_dir() else package.parents[1] / "onnx"


def model_folders(root: Path | None = None) -> list[Path]:
    """Folders that hold a manifest, by name, newest version first; nothing is verified."""
    manifests = (root or models_root()).glob(f"*/*/{FILE_NAME}")
    newest_first = sorted((path.parent for path in manifests), key=_version, reverse=True)
    return sorted(newest_first, key=lambda folder: folder.parent.name)


def installed_models(root: Path | None = None) -> list[ModelManifest | HotSpotManifest]:
    """All models, verified, by name, newest version first; raises ModelError where one is bad."""
    return [
        load_hot_spot_manifest(folder)
        if folder.parent.name.startswith(HOT_SPOT_MODEL)
        else load_manifest(folder)
        for folder in model_folders(root)
    ]


def find_model(
    name: str = "ct-calcification", version: str | None = None, root: Path | None = None
) -> ModelManifest:
    """The newest version of a CT model, or the one asked for.

    Raises:
        ModelError: there is none, or it does not pass its checks.
    """
    return load_manifest(_find_folder(name, version, root))


def find_hot_spot_model(
    version: str | None = None, root: Path | None = None, name: str = HOT_SPOT_MODEL
) -> HotSpotManifest:
    """The newest version of the hot-spot model, or the one asked for.

    Raises:
        ModelError: there is none, or it does not pass its checks.
    """
    return load_hot_spot_manifest(_find_folder(name, version, root))


def _find_folder(name: str, version: str | None, root: Path | None) -> Path:
    folders = [folder for folder in model_folders(root) if folder.parent.name == name]
    for folder in folders:
        if version in (None, folder.name):
            return folder
    there = ", ".join(folder.name for folder in folders) or "none"
    raise ModelError(
        f"model {name} {version or ''} is not in {root or models_root()} (versions there: {there});"
        " install calciscope again or name another version"
    )


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", folder.name))
