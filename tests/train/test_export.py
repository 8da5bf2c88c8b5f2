"""A trained network as an ONNX file that the runtime accepts and that says the same."""

import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest
import torch

from calciscope.errors import MissingExtraError, ModelError, OutputError
from calciscope.labels import Label
from calciscope.models.manifest import ModelManifest, load_manifest
from calciscope.models.onnx_metadata import read_onnx_metadata
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train import export as exporter
from calciscope_train.checkpoints import TrainedNetwork, read_checkpoint
from calciscope_train.export import current_commit, export_onnx, without_excess_weight
from calciscope_train.network import CalcificationUNet
from calciscope_train.parity import check_parity
from calciscope_train.segmenter import CHECKPOINT_KEY

pytestmark = pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec.*:FutureWarning")

SPEC = PreprocessingSpec(patch_size=(16, 16, 8))
ARCHITECTURE = {"inputs": 2, "widths": (8, 16), "fine_width": 8, "norm": "batch"}


def trained_network() -> TrainedNetwork:
    """Random weights, and statistics that folding must take into account."""
    torch.manual_seed(0)
    network = CalcificationUNet(widths=(8, 16), fine_width=8)
    for _ in range(5):
        network(torch.randn(2, 2, 16, 16, 8))
    return TrainedNetwork(network.eval(), SPEC, steps=5, minutes=0.25)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> ModelManifest:
    """One export, looked at by several tests."""
    folder = tmp_path_factory.mktemp("models") / "ct-calcification" / "0.0.1"
    return export_onnx(
        trained_network(),
        folder,
        name="ct-calcification",
        model_version="0.0.1",
        training_data={"phantoms": 3},
    )


def test_the_folder_holds_what_the_runtime_accepts(exported: ModelManifest) -> None:
    assert sorted(path.name for path in exported.folder.iterdir()) == [
        "manifest.json",
        "model.onnx",
    ]
    assert load_manifest(exported.folder) == exported
    assert exported.required_multiple == (4, 4, 2)
    assert exported.training_data == {"phantoms": 3, "steps": 5, "minutes": 0.2}
    assert [label.value for label in exported.labels] == [int(label) for label in Label]
    assert list(exported.folder.parent.iterdir()) == [exported.folder]


def test_no_path_of_the_machine_is_in_the_file(exported: ModelManifest) -> None:
    assert str(Path(__file__).parents[2]).encode() not in exported.path.read_bytes()


def test_preprocessing_and_labels_are_inside_the_file(exported: ModelManifest) -> None:
    inside = read_onnx_metadata(exported.path)
    assert PreprocessingSpec.from_json(inside["preprocessing"]) == SPEC
    assert json.loads(inside["labels"])["6"] == "soft-tissue calcification"
    assert inside["version"] == "0.0.1"


@pytest.mark.parametrize("shape", [(1, 2, 16, 16, 8), (3, 2, 8, 20, 6)])
def test_batch_and_size_are_free_and_onnx_runtime_agrees(
    exported: ModelManifest, shape: tuple[int, ...]
) -> None:
    ct = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
    session = onnxruntime.InferenceSession(exported.path, providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"ct": ct})
    with torch.no_grad():
        expected = trained_network().network(torch.from_numpy(ct)).numpy()
    assert logits.shape == (shape[0], 7, *shape[2:])
    np.testing.assert_allclose(logits, expected, atol=1e-4)


def test_another_network_is_told_apart(exported: ModelManifest) -> None:
    torch.manual_seed(1)
    other = CalcificationUNet(widths=(8, 16), fine_width=8).eval()
    with pytest.raises(ModelError, match=r"model.onnx differs from torch"):
        check_parity(other, exported.path, SPEC.patch_size)
    difference, agreement = check_parity(trained_network().network, exported.path, SPEC.patch_size)
    assert 0 <= difference < 1e-3
    assert agreement > 0.999


def test_a_model_is_replaced_only_by_force(
    exported: ModelManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"name": "ct-calcification", "model_version": "0.0.1", "training_data": {}}
    with pytest.raises(OutputError, match="exists already"):
        export_onnx(trained_network(), exported.folder, **names)  # type: ignore[arg-type]

    def refuse(*args: object) -> None:
        raise ModelError("they differ")

    before = exported.path.read_bytes()
    monkeypatch.setattr(exporter, "write_onnx", lambda *args: exported.path.touch())
    monkeypatch.setattr(exporter, "check_parity", refuse)
    with pytest.raises(ModelError, match="they differ"):
        export_onnx(trained_network(), exported.folder, force=True, **names)  # type: ignore[arg-type]
    assert exported.path.read_bytes() == before
    assert list(exported.folder.parent.iterdir()) == [exported.folder]


def test_without_the_onnx_library_the_cure_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(exporter, "version", absent)
    with pytest.raises(MissingExtraError, match=r"calciscope\[train\]"):
        export_onnx(
            trained_network(), tmp_path / "a", name="a", model_version="1", training_data={}
        )


def test_a_checkpoint_gives_back_its_network(tmp_path: Path) -> None:
    trained = trained_network()
    weights = {f"network.{k}": v for k, v in trained.network.state_dict().items()}
    record = {"spec": SPEC.to_json(), "architecture": ARCHITECTURE, "seconds": 90.0}
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": weights, "global_step": 5, CHECKPOINT_KEY: record}, path)
    back = read_checkpoint(path)
    ct = torch.randn(1, 2, 16, 16, 8)
    with torch.no_grad():
        assert torch.equal(back.network(ct), trained.network(ct))
    assert (back.steps, back.minutes, back.spec) == (5, 1.5, SPEC)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_what_is_no_checkpoint_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "last.ckpt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"last.ckpt cannot be read as a checkpoint"):
        read_checkpoint(path)


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    with pytest.raises(ModelError, match="not a checkpoint of calciscope-train fit"):
        read_checkpoint(tmp_path / "other.ckpt")


def test_the_commit_is_a_hash_or_unknown() -> None:
    commit = current_commit()
    assert commit == "unknown" or len(commit.rstrip("+")) == 40


def test_excess_weight_is_taken_back_from_the_logits() -> None:
    network = trained_network().network
    before = network.head[1].bias.detach().clone()
    without_excess_weight(network, (1.0, 1.0, 1.0, 1.5, 100.0, 20.0, 5.0))
    lowered = (before - network.head[1].bias.detach()).numpy()
    expected = [0, 0, 0, 0, np.log(20), np.log(4), 0]
    np.testing.assert_allclose(lowered, expected, atol=1e-6)
    for weights in ((1.0, 2.0), (1.0,) * 6 + (0.0,)):
        with pytest.raises(ModelError, match="label_weights needs 7 positive values"):
            without_excess_weight(network, weights)
