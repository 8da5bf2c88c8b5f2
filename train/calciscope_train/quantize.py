"""`calciscope-train quantize`: an int8 file beside a model's fp32 file, or a refusal.

Weights and activations of convolutions become 8-bit integers (NNCF, after training, with scales
taken from validation cases). What is quantized is tried from most to least; the first scheme that
gives the fp32 network's label in 99.9 % of the voxels of windows that hold calcification, and finds
the same lesions, is kept. Agreement is measured on other cases than the scales are taken from.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import InputError, MissingExtraError, ModelError
from calciscope.models.engine import create_engine
from calciscope.models.manifest import ModelManifest, load_manifest, sha256_of, write_manifest
from calciscope.models.variants import INT8, MINIMUM_LABEL_AGREEMENT, ModelVariant
from calciscope.preprocessing import network_input
from calciscope_train.cases import Case, list_cases, read_case
from calciscope_train.quantization_check import (
    Agreement,
    label_agreement,
    lesion_agreement,
    speed_ratio,
)

LOGGER = logging.getLogger(__name__)

FILE = "model_int8.onnx"
ENGINE = "openvino"
"""ONNX Runtime's 3D convolution gains nothing from int8; OpenVINO's does."""

MINIMUM_LESION_AGREEMENT = 0.99
"""Smallest share of lesions that both versions find."""

MINIMUM_SPEED = 1.05
"""An int8 file is taken by itself only where it is at least this much faster."""

FULL_RESOLUTION = ("17", "18", "19", "20")
FINEST_LEVEL = ("0", "1", "15", "16")
"""Convolutions of `network.CalcificationUNet` by their number in the exported graph."""

SCHEMES: Mapping[str, tuple[str, ...]] = {
    "everything": (),
    "all but the full-resolution path": FULL_RESOLUTION,
    "all but the full-resolution path and the finest level": FULL_RESOLUTION + FINEST_LEVEL,
}
"""What is quantized, from most to least, and the convolutions that are left as they are."""


@dataclass(frozen=True)
class _Tried:
    """A scheme and what came of it."""

    scheme: str
    labels: Agreement
    lesions: float
    speed: float

    def figures(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "scheme": self.scheme,
            "label_agreement": round(self.labels.labels, 5),
            "calcification_dice": round(self.labels.calcification_dice, 4),
            "windows": self.labels.windows,
            "lesion_agreement": round(self.lesions, 4),
            "speed_against_default_precision": round(self.speed, 2),
        }


def quantize(
    model: Path,
    cases: Sequence[Path] = (Path("cases/phantom"), Path("cases/host")),
    split: str = "val",
    windows_per_case: int = 2,
    threads: int | None = None,
) -> None:
    """Add an int8 file to a model, checked against its fp32 file on other cases.

    Args:
        model: folder of an exported model.
        cases: folders of prepared cases; every second patient gives scales, the others are checked.
        split: of the cases; never those that the model is judged by.
        windows_per_case: windows around lesions that are taken of each case.
        threads: CPU threads; None for all.

    Raises:
        InputError: there are too few cases of this split, or the split is that of the test.
        MissingExtraError: NNCF is not installed.
        ModelError: no scheme agrees with fp32; the model is left as it was.
    """
    if split == "test":
        raise InputError("test cases must not be quantized on; give --split val")
    _require_nncf()
    manifest = load_manifest(model)
    plain = replace(manifest, variants=())
    folders = [folder for root in cases for folder in list_cases(root, split)]
    opened = [read_case(folder) for folder in folders]
    scaling, checking = halves(opened)
    taken = [w for case in scaling for w in lesion_windows(case, manifest, windows_per_case)]
    checked = [w for case in checking for w in lesion_windows(case, manifest, windows_per_case)]
    if not taken or not checked:
        raise InputError(f"too few {split} cases with calcification to quantize on; make more")
    exact = create_engine(plain, ENGINE, threads, "fp32")
    default = create_engine(plain, ENGINE, threads)
    draft = model / f".{FILE}.partial"
    tried: list[_Tried] = []
    try:
        for scheme, kept in SCHEMES.items():
            write_quantized(plain, draft, taken, kept)
            drafted = _with_file(plain, draft)
            engine = create_engine(drafted, ENGINE, threads, INT8)
            labels = label_agreement(exact, engine, checked)
            lesions = 0.0
            if labels.labels >= MINIMUM_LABEL_AGREEMENT:
                lesions = lesion_agreement(plain, exact, engine, checking)
            tried.append(_Tried(scheme, labels, lesions, speed_ratio(default, engine, checked[0])))
            LOGGER.info("%s", tried[-1].figures())
            if lesions >= MINIMUM_LESION_AGREEMENT:
                break
        else:
            raise ModelError(_refusal(plain, tried))
        _keep(manifest, draft, tried, [case.case_id for case in checking])
    finally:
        draft.unlink(missing_ok=True)


def halves(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """The cases of every second patient, in the order in which they come, and all others."""
    patients = list(dict.fromkeys(case.patient for case in cases))
    first = set(patients[::2])
    return (
        [case for case in cases if case.patient in first],
        [case for case in cases if case.patient not in first],
    )


def lesion_windows(
    case: Case, model: ModelManifest, count: int, seed: int = 0
) -> list[NDArray[np.float32]]:
    """Network inputs (1, C, X, Y, Z) around random lesions of a case; none where it has none."""
    centers = case.centers["lesions"]
    size = np.array(model.preprocessing.patch_size)
    chosen = np.random.default_rng(seed).permutation(centers)[:count]
    windows = []
    for center in chosen.astype(int):
        start = np.clip(center - size // 2, 0, np.maximum(np.array(case.ct.shape) - size, 0))
        i, j, k = (slice(first, first + n) for first, n in zip(start, size, strict=True))
        seen = np.asarray(case.ct[i, j, k])
        missing = [(0, wanted - there) for wanted, there in zip(size, seen.shape, strict=True)]
        windows.append(network_input(np.pad(seen, missing, "edge")[None], model.preprocessing))
    return windows


def write_quantized(
    model: ModelManifest,
    path: Path,
    windows: Sequence[NDArray[np.float32]],
    kept: Sequence[str] = (),
) -> None:
    """Quantize a model's network and write it as ONNX with the metadata of the original.

    Args:
        model: a verified model.
        path: file to write.
        windows: inputs (1, C, X, Y, Z) that the scales are taken from.
        kept: numbers of the convolutions that are left as they are.
    """
    onnx, nncf = import_module("onnx"), import_module("nncf")
    nncf.set_log_level(logging.ERROR)
    network = onnx.load(model.path)
    convolutions = [node.name for node in network.graph.node if node.op_type == "Conv"]
    ignored = [name for name in convolutions if name.removeprefix("node_conv3d_") in kept]
    if "0" in kept:
        ignored += [name for name in convolutions if name == "node_conv3d"]
    # Sums of a kept level carry its fine differences: they stay as they are too.
    ignored += _sums_of(network, set(ignored))
    quantized = nncf.quantize(
        network,
        nncf.Dataset(windows, lambda window: {model.input_name: window}),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(windows),
        ignored_scope=nncf.IgnoredScope(names=ignored),
    )
    del quantized.metadata_props[:]
    onnx.helper.set_model_props(quantized, model.onnx_metadata())
    onnx.save(quantized, path)


def _sums_of(network: Any, convolutions: set[str]) -> list[str]:
    """Additions that a convolution flows into directly."""
    outputs = {
        out for node in network.graph.node if node.name in convolutions for out in node.output
    }
    return [
        node.name
        for node in network.graph.node
        if node.op_type == "Add" and outputs & set(node.input)
    ]


def _with_file(model: ModelManifest, path: Path) -> ModelManifest:
    """A manifest in memory that offers a file as its int8 version."""
    variant = ModelVariant(INT8, path.name, sha256_of(path), (), 1.0, {})
    return replace(model, variants=(variant,))


def _keep(
    manifest: ModelManifest, draft: Path, tried: Sequence[_Tried], checked_on: Sequence[str]
) -> None:
    """Put the file in its place and name it in the manifest, in this order."""
    best = tried[-1]
    variant = ModelVariant(
        precision=INT8,
        file=FILE,
        sha256=sha256_of(draft),
        engines=(ENGINE,) if best.speed >= MINIMUM_SPEED else (),
        label_agreement=best.labels.labels,
        agreement={
            **best.figures(),
            "cases": list(checked_on),
            "rejected": [each.figures() for each in tried[:-1]],
            "nncf": version("nncf"),
        },
    )
    others = tuple(each for each in manifest.variants if each.precision != INT8)
    draft.replace(manifest.folder / FILE)
    write_manifest(replace(manifest, variants=(*others, variant)), manifest.folder)
    LOGGER.info("wrote %s, sha256 %s", manifest.folder / FILE, variant.sha256)


def _refusal(model: ModelManifest, tried: Sequence[_Tried]) -> str:
    figures = "; ".join(
        f"{each.scheme}: {each.labels.labels:.3%} of labels, {each.lesions:.1%} of lesions"
        for each in tried
    )
    return (
        f"no int8 version of {model.name} {model.version} agrees with fp32 on"
        f" {MINIMUM_LABEL_AGREEMENT:.1%} of labels and {MINIMUM_LESION_AGREEMENT:.0%} of lesions"
        f" ({figures}); keep fp32"
    )


def _require_nncf() -> None:
    try:
        version("nncf")
        version("onnx")
    except PackageNotFoundError as error:
        raise MissingExtraError(error.name, "train") from error
