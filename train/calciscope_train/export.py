"""`calciscope-train export`: a checkpoint becomes `model.onnx` and `manifest.json`."""

import logging
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from calciscope.errors import MissingExtraError, ModelError, OutputError
from calciscope.labels import Label
from calciscope.models.manifest import (
    ModelManifest,
    load_manifest,
    sha256_of,
    standard_labels,
    write_manifest,
)
from calciscope_train.checkpoints import TrainedNetwork, read_checkpoint
from calciscope_train.network import CalcificationUNet, folded
from calciscope_train.parity import check_parity

log = logging.getLogger(__name__)

OPSET = 20
INPUT, OUTPUT = "ct", "logits"


def export(
    checkpoint: Path,
    model_version: str,
    out: Path = Path("onnx"),
    name: str = "ct-calcification",
    training_data: dict[str, Any] | None = None,
    license: str = "Apache-2.0",
    force: bool = False,
    label_weights: tuple[float, ...] | None = None,
) -> None:
    """Write a checkpoint as an ONNX model with its manifest, checked against torch.

    Args:
        checkpoint: a last.ckpt of calciscope-train fit; averaged weights are taken.
        model_version: such as 0.1.0; with the name it gives the folder.
        out: folder of models.
        name: of the model.
        training_data: what it was trained on, for the manifest.
        license: SPDX name.
        force: replace a model of this name and version.
        label_weights: of the loss it was trained with; what weighed more than calcification is
            taken back to its weight, see `without_excess_weight`. None changes nothing.
    """
    trained = read_checkpoint(checkpoint)
    if label_weights is not None:
        without_excess_weight(trained.network, label_weights)
    manifest = export_onnx(
        trained,
        out / name / model_version,
        name=name,
        model_version=model_version,
        training_data=training_data or {},
        license=license,
        force=force,
    )
    log.info("wrote %s, sha256 %s", manifest.path, manifest.sha256)


def without_excess_weight(network: CalcificationUNet, label_weights: Sequence[float]) -> None:
    """Lower the logits of labels that weighed more in the loss than calcification; in place.

    A weight in the cross-entropy adds its logarithm to the logit that is learned (logit adjustment:
    Menon 2021, ICLR). A rare label needs its weight to be learned at all; afterwards it would take
    calcification for its own.

    Raises:
        ModelError: there is not one positive weight for each label.
    """
    if len(label_weights) != len(Label) or min(label_weights) <= 0:
        raise ModelError(f"label_weights needs {len(Label)} positive values, got {label_weights}")
    excess = torch.tensor(label_weights) / label_weights[Label.CALCIFICATION]
    with torch.no_grad():
        network.get_parameter("head.1.bias").sub_(torch.log(excess.clamp(min=1.0)))


def export_onnx(
    trained: TrainedNetwork,
    folder: Path,
    *,
    name: str,
    model_version: str,
    training_data: Mapping[str, Any],
    license: str = "Apache-2.0",
    force: bool = False,
) -> ModelManifest:
    """Write model.onnx and manifest.json into a folder, whole or not at all.

    Raises:
        MissingExtraError: the onnx library is not installed.
        OutputError: the folder exists and is not to be replaced.
        ModelError: ONNX Runtime does not reproduce torch.
    """
    require_onnx()
    if folder.exists() and not force:
        raise OutputError(f"{folder} exists already; raise the version or give --force true")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        manifest = ModelManifest(
            name=name,
            version=model_version,
            sha256="",
            preprocessing=trained.spec,
            commit=current_commit(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            license=license,
            training_data={
                **training_data,
                "steps": trained.steps,
                "minutes": round(trained.minutes, 1),
            },
            labels=standard_labels(),
            required_multiple=trained.network.required_multiple,
            input_name=INPUT,
            output_name=OUTPUT,
            folder=draft,
        )
        write_onnx(trained.network, manifest.path, manifest.onnx_metadata())
        check_parity(trained.network, manifest.path, trained.spec.patch_size)
        write_manifest(replace(manifest, sha256=sha256_of(manifest.path)), draft)
        draft.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load_manifest(folder)


def write_onnx(network: CalcificationUNet, path: Path, metadata: Mapping[str, str]) -> None:
    """Write one self-contained ONNX file with free batch, X, Y and Z.

    Raises:
        ModelError: the file does not pass ONNX's own checker.
    """
    import onnx  # the library; the checkout's folder of models bears the same name

    free = torch.export.Dim.DYNAMIC
    example = torch.zeros(2, *_example_shape(network))
    program = torch.onnx.export(
        folded(network),
        (example,),
        dynamo=True,
        opset_version=OPSET,
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes={"ct": {0: free, 2: free, 3: free, 4: free}},
        verbose=False,
    )
    if program is None:
        raise ModelError(f"{path.name} was not exported; torch.onnx gave no program")
    program.model.metadata_props.update(metadata)
    for node in program.model.graph.all_nodes():
        # Stack traces with the paths of the machine that exports.
        node.metadata_props.clear()
    program.save(path, external_data=False)
    try:
        onnx.checker.check_model(onnx.load(path), full_check=True)
    except onnx.checker.ValidationError as error:
        raise ModelError(f"{path.name} does not pass onnx.checker ({error})") from error


def _example_shape(network: CalcificationUNet) -> tuple[int, int, int, int]:
    x, y, z = (2 * multiple for multiple in network.required_multiple)
    return network.inputs, x, y, z


def require_onnx() -> None:
    """Raise MissingExtraError where the onnx library is not installed."""
    # Never by `import onnx`: in a checkout that finds the folder of models.
    try:
        version("onnx")
        version("onnxscript")
    except PackageNotFoundError as error:
        raise MissingExtraError("onnx", "train") from error


def current_commit() -> str:
    """The commit of this checkout, with "+" where files differ from it; "unknown" outside git."""
    here = Path(__file__).resolve().parent
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return answer.stdout.strip() or "unknown"
