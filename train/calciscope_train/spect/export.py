"""`calciscope-train spect-export`: a checkpoint becomes `model.onnx` and `manifest.json`."""

import logging
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from calciscope.errors import ModelError, OutputError
from calciscope.models.engine import create_engine
from calciscope.models.hot_spot_manifest import (
    HOT_SPOT_MODEL,
    HotSpotManifest,
    load_hot_spot_manifest,
    write_hot_spot_manifest,
)
from calciscope.models.manifest import sha256_of
from calciscope.spect.patch_inputs import input_length
from calciscope.spect.patch_spec import PatchSpec
from calciscope_train.checkpoints import network_weights, read_stored
from calciscope_train.export import OPSET, current_commit, require_onnx
from calciscope_train.spect.classifier import CHECKPOINT_KEY
from calciscope_train.spect.datamodule import DrawnHotSpots
from calciscope_train.spect.network import HotSpotNetwork, MeanNetwork
from calciscope_train.spect.patch_cache import cached_cases

LOGGER = logging.getLogger(__name__)

MAX_DIFFERENCE = 5e-3
"""Largest allowed difference of a logit between torch and an engine, fp32 on both sides."""


@dataclass(frozen=True, eq=False)
class TrainedHotSpotNetwork:
    """What a checkpoint holds: the averaged network in evaluation mode, and how it was trained."""

    network: HotSpotNetwork
    spec: PatchSpec
    steps: int
    minutes: float


def read_hot_spot_checkpoint(path: Path) -> TrainedHotSpotNetwork:
    """Rebuild the trained network.

    Raises:
        ModelError: the file is absent, broken, or not a checkpoint of the hot-spot network.
    """
    stored = read_stored(path)
    if CHECKPOINT_KEY not in stored:
        raise ModelError(f"{path} is not a checkpoint of calciscope-train spect-fit")
    record = stored[CHECKPOINT_KEY]
    spec = PatchSpec.from_json(record["spec"])
    network = HotSpotNetwork(spec, **record["architecture"])
    network.load_state_dict(network_weights(stored["state_dict"]))
    return TrainedHotSpotNetwork(
        network.eval(), spec, int(stored["global_step"]), float(record["seconds"]) / 60.0
    )


def spect_export(
    checkpoint: list[Path] | Path,
    model_version: str,
    out: Path = Path("onnx"),
    name: str = HOT_SPOT_MODEL,
    train: Path | None = None,
    balance: float = 0.75,
    training_data: dict[str, Any] | None = None,
    license: str = "Apache-2.0",
    force: bool = False,
) -> None:
    """Write a checkpoint of spect-fit as an ONNX model, checked against torch in every engine.

    Args:
        checkpoint: a last.ckpt of calciscope-train spect-fit; averaged weights are taken. Of
            several runs as [A,B] the model gives the mean of their logits.
        model_version: such as 0.1.0; with the name it gives the folder.
        out: folder of models.
        name: of the model.
        train: folder of patches it was trained on; says how often classes were drawn.
        balance: of the training data.
        training_data: what it was trained on, for the manifest.
        license: SPDX name.
        force: replace a model of this name and version.
    """
    runs = [
        read_hot_spot_checkpoint(path)
        for path in (checkpoint if isinstance(checkpoint, list) else [checkpoint])
    ]
    trained = runs[0]
    data = dict(training_data or {})
    priors: tuple[float, ...] = ()
    if train is not None:
        cases = cached_cases(train, trained.spec)
        drawn = DrawnHotSpots(cases, trained.spec, None, balance, 0)
        priors = tuple(round(float(share), 5) for share in drawn.priors)
        data |= {"cases": len(cases), "hot_spots": len(drawn.plain)}
    data |= {
        "runs": len(runs),
        "steps": sum(run.steps for run in runs),
        "minutes": round(sum(run.minutes for run in runs), 1),
    }
    manifest = HotSpotManifest(
        name=name,
        version=model_version,
        sha256="",
        patches=trained.spec,
        commit=current_commit(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        license=license,
        training_data=data,
        trained_priors=priors,
    )
    network = MeanNetwork([run.network for run in runs]) if len(runs) > 1 else trained.network
    done = export_hot_spot_network(network, manifest, out / name / model_version, force)
    LOGGER.info("wrote %s, sha256 %s", done.path, done.sha256)


def export_hot_spot_network(
    network: torch.nn.Module, manifest: HotSpotManifest, folder: Path, force: bool = False
) -> HotSpotManifest:
    """Write model.onnx and manifest.json into a folder, whole or not at all.

    Raises:
        MissingExtraError: the onnx library is not installed.
        OutputError: the folder exists and is not to be replaced.
        ModelError: an engine does not reproduce torch.
    """
    require_onnx()
    if folder.exists() and not force:
        raise OutputError(f"{folder} exists already; raise the version or give --force true")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        manifest = replace(manifest, folder=draft)
        _write_onnx(network, manifest.path, manifest)
        check_hot_spot_parity(network, manifest)
        write_hot_spot_manifest(replace(manifest, sha256=sha256_of(manifest.path)), draft)
        draft.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load_hot_spot_manifest(folder)


def _write_onnx(network: torch.nn.Module, path: Path, manifest: HotSpotManifest) -> None:
    example = torch.zeros(2, input_length(manifest.patches))
    program = torch.onnx.export(
        network.eval(),
        (example,),
        dynamo=True,
        opset_version=OPSET,
        input_names=[manifest.input_name],
        output_names=[manifest.output_name],
        dynamic_shapes={"rows": {0: torch.export.Dim.DYNAMIC}},
        verbose=False,
    )
    if program is None:
        raise ModelError(f"{path.name} was not exported; torch.onnx gave no program")
    metadata: Mapping[str, str] = manifest.onnx_metadata()
    program.model.metadata_props.update(metadata)
    for node in program.model.graph.all_nodes():
        # Stack traces with the paths of the machine that exports.
        node.metadata_props.clear()
    program.save(path, external_data=False)


def check_hot_spot_parity(
    network: torch.nn.Module, manifest: HotSpotManifest, seed: int = 0
) -> dict[str, float]:
    """Largest difference of a logit to torch by engine, over batches of one and five.

    Raises:
        ModelError: one differs more than rounding explains.
    """
    rng = np.random.default_rng(seed)
    differences = {}
    for name in ("onnxruntime", "openvino"):
        engine = create_engine(manifest, name, 1, "fp32")
        largest = 0.0
        for count in (1, 5):
            rows = rng.uniform(0, 1, (count, input_length(manifest.patches))).astype(np.float32)
            with torch.no_grad():
                expected = network(torch.from_numpy(rows)).numpy()
            largest = max(largest, float(np.abs(engine.run(rows) - expected).max()))
        if largest > MAX_DIFFERENCE:
            raise ModelError(
                f"{manifest.path.name} differs from torch by {largest:.2g} in {name}; export it"
                " again with another version of torch"
            )
        differences[name] = largest
    return differences
