"""An int8 file is written when it agrees, and refused with figures when it does not."""

import json
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
import torch

from calciscope.errors import InputError, MissingExtraError, ModelError
from calciscope.labels import Label
from calciscope.models.engine import Engine, create_engine
from calciscope.models.manifest import FILE_NAME, ModelManifest, load_manifest
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train import quantize as quantizer
from calciscope_train.cases import list_cases, read_case, write_case
from calciscope_train.checkpoints import TrainedNetwork
from calciscope_train.export import export_onnx
from calciscope_train.network import CalcificationUNet
from calciscope_train.quantization_check import label_agreement, speed_ratio
from calciscope_train.quantize import halves, lesion_windows, quantize, write_quantized

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelManifest:
    """A network of random weights."""
    torch.manual_seed(0)
    network = CalcificationUNet(widths=(8, 16), fine_width=8)
    for _ in range(5):
        network(torch.randn(2, 2, 16, 16, 8))
    trained = TrainedNetwork(
        network.eval(), PreprocessingSpec(patch_size=(32, 32, 8)), steps=5, minutes=0.25
    )
    folder = tmp_path_factory.mktemp("models") / "ct-calcification" / "0.0.1"
    names = {"name": "ct-calcification", "model_version": "0.0.1"}
    return export_onnx(trained, folder, training_data={}, **names)  # type: ignore[arg-type]


@pytest.fixture
def two_cases(toy_root: Path, tmp_path: Path) -> Path:
    """Two cases of the val split: one for scales, one for the check."""
    case = read_case(list_cases(toy_root, "val")[0])
    for name in ("a", "b"):
        write_case(
            tmp_path / "cases" / "val" / name,
            np.asarray(case.ct),
            np.asarray(case.labels),
            {**case.meta, "case_id": name},
        )
    return tmp_path / "cases"


def test_int8_runs_and_says_nearly_the_same(model: ModelManifest, toy_root: Path) -> None:
    case = read_case(list_cases(toy_root, "val")[0])
    windows = lesion_windows(case, model, 3)
    path = model.folder / "trial.onnx"
    write_quantized(model, path, windows)
    try:
        assert path.stat().st_size < model.path.stat().st_size
        quantized = create_engine(replace(model, file="trial.onnx"), "openvino", 1)
        exact = create_engine(model, "openvino", 1, "fp32")
        agreement = label_agreement(exact, quantized, windows)
        assert agreement.windows == 3
        # Random weights: logits lie closer together than a trained network's.
        assert 0.8 < agreement.labels < 1.0
        assert label_agreement(exact, exact, windows).labels == 1.0
        assert speed_ratio(exact, quantized, windows[0]) > 0
    finally:
        path.unlink()


def test_scales_and_check_share_no_patient(toy_root: Path) -> None:
    case = read_case(list_cases(toy_root, "val")[0])
    named = ({"host": "1"}, {"host": "1"}, {"patient_id": "2"}, {"host": "3"}, {"host": "1"})
    cases = [
        replace(case, meta={"case_id": str(n), **meta}) for n, meta in enumerate((*named, {}, {}))
    ]
    scaling, checking = halves(cases)
    assert [c.case_id for c in scaling] == ["0", "1", "3", "4", "6"]
    assert [c.case_id for c in checking] == ["2", "5"]


def test_windows_hold_lesions(model: ModelManifest, toy_root: Path) -> None:
    case = read_case(list_cases(toy_root, "val")[0])
    windows = lesion_windows(case, model, 4)
    assert [window.shape for window in windows] == [(1, 2, 32, 32, 8)] * 4
    # A sphere of mineral has 400 HU: above 0 in the second channel (100 to 1500 HU) it is -0.57.
    assert all((np.abs(window[0, 1] + 0.57) < 0.1).any() for window in windows)
    assert (np.asarray(case.labels) == Label.CALCIFICATION).any()


def test_what_agrees_is_kept_and_named_in_the_manifest(
    model: ModelManifest, two_cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # "Quantized" to the network itself: agreement is whole, and the file is the one to keep.
    monkeypatch.setattr(
        quantizer,
        "write_quantized",
        lambda model, path, *rest: path.write_bytes(model.path.read_bytes()),
    )

    def in_fp32(
        manifest: ModelManifest, engine: str, threads: int | None, precision: str = "fp32"
    ) -> Engine:
        # bf16 alone turns a percent of the near ties of random weights over.
        file = manifest.variants[0].file if precision == "int8" else manifest.file
        return create_engine(replace(manifest, file=file, variants=()), engine, threads, "fp32")

    monkeypatch.setattr(quantizer, "create_engine", in_fp32)
    before = (model.folder / FILE_NAME).read_bytes()
    try:
        quantize(model.folder, [two_cases], threads=1)
        kept = load_manifest(model.folder)
        (variant,) = kept.variants
        assert (variant.precision, variant.file) == ("int8", "model_int8.onnx")
        assert variant.label_agreement > 0.9999
        assert variant.agreement["scheme"] == "everything"
        assert variant.agreement["cases"] == ["b"]
        assert variant.agreement["lesion_agreement"] >= 0.99
        assert json.loads((model.folder / FILE_NAME).read_text())["sha256"] == model.sha256
        assert create_engine(kept, "openvino", 1, "int8").precision == "int8"
    finally:
        (model.folder / FILE_NAME).write_bytes(before)
        (model.folder / "model_int8.onnx").unlink(missing_ok=True)


def test_what_disagrees_is_refused_and_the_model_left_as_it_was(
    model: ModelManifest, two_cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path.name: path.read_bytes() for path in model.folder.iterdir()}
    monkeypatch.setattr(quantizer, "SCHEMES", {"everything": ()})
    # Random weights do not agree on 99.9 %.
    with pytest.raises(ModelError, match=r"no int8 version .* \(everything: 9?\d\.\d+% of labels"):
        quantize(model.folder, [two_cases], threads=1)
    assert {path.name: path.read_bytes() for path in model.folder.iterdir()} == files


def test_the_test_split_and_absent_cases_are_refused(model: ModelManifest, toy_root: Path) -> None:
    with pytest.raises(InputError, match="test cases must not"):
        quantize(model.folder, [toy_root], split="test")
    with pytest.raises(InputError, match="too few val cases"):
        quantize(model.folder, [toy_root])


def test_without_nncf_the_cure_is_named(
    model: ModelManifest, toy_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(quantizer, "version", absent)
    with pytest.raises(MissingExtraError, match=r"calciscope\[train\]"):
        quantize(model.folder, [toy_root])
