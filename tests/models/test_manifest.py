import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from calciscope.errors import ModelError
from calciscope.labels import DESCRIPTIONS, Label
from calciscope.models.manifest import (
    FILE_NAME,
    ModelManifest,
    load_manifest,
    sha256_of,
    standard_labels,
    write_manifest,
)
from calciscope.models.onnx_metadata import read_onnx_metadata

Install = Callable[..., Path]


def change(folder: Path, **fields: Any) -> None:
    path = folder / FILE_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_manifest_survives_writing_and_reading(model: ModelManifest, tmp_path: Path) -> None:
    path = write_manifest(model, tmp_path)
    record = json.loads(path.read_text())
    assert ModelManifest.from_dict(record, model.folder) == model
    assert "folder" not in record
    assert record["intended_use"] == "research use, not a diagnosis"
    assert model.path == model.folder / "model.onnx"


def test_labels_carry_their_dicom_codes(model: ModelManifest) -> None:
    values = [label.value for label in model.labels]
    assert values == [0, 1, 2, 3, 4, 5, 6]
    assert model.labels[0].property_type is None
    muscle = model.labels[Label.MUSCLE]
    assert muscle.property_type == DESCRIPTIONS[Label.MUSCLE].property_type
    assert muscle.property_type is not None
    assert muscle.property_type.value == "127954009"
    assert standard_labels() == model.labels


def test_hash_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of(path) == expected


def test_altered_network_is_refused(model: ModelManifest) -> None:
    content = bytearray(model.path.read_bytes())
    content[len(content) // 2] ^= 1
    model.path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx is not the file its manifest describes"):
        load_manifest(model.folder)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_unknown_schema_is_refused(model: ModelManifest, version: object) -> None:
    change(model.folder, schema_version=version)
    with pytest.raises(ModelError, match=r"schema version .*, this program reads 1"):
        load_manifest(model.folder)


@pytest.mark.parametrize(
    "fields",
    [
        {"preprocessing": {}},
        {"preprocessing": None},
        {"labels": [{"value": 1}]},
        {"labels": 5},
        {"required_multiple": [16, 16]},
        {"surprise": 1},
    ],
)
def test_malformed_manifest_is_refused(model: ModelManifest, fields: dict[str, object]) -> None:
    change(model.folder, **fields)
    with pytest.raises(ModelError, match="again"):
        load_manifest(model.folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 10**5])
def test_manifest_that_is_no_record_is_refused(model: ModelManifest, content: bytes) -> None:
    (model.folder / FILE_NAME).write_bytes(content)
    with pytest.raises(ModelError, match=r"manifest\.json"):
        load_manifest(model.folder)


def test_missing_field_is_named(model: ModelManifest) -> None:
    record = model.to_dict()
    del record["license"]
    with pytest.raises(ModelError, match="license"):
        ModelManifest.from_dict(record)


def test_file_outside_the_folder_is_refused(model: ModelManifest) -> None:
    change(model.folder, file="../model.onnx")
    with pytest.raises(ModelError, match="names a file outside its folder"):
        load_manifest(model.folder)


def test_missing_files_are_named(model: ModelManifest, tmp_path: Path) -> None:
    model.path.unlink()
    with pytest.raises(ModelError, match=r"model\.onnx cannot be read"):
        load_manifest(model.folder)
    with pytest.raises(ModelError, match=r"nowhere.manifest\.json cannot be read"):
        load_manifest(tmp_path / "nowhere")


@pytest.mark.parametrize("key", ["name", "version", "preprocessing", "labels", "intended_use"])
def test_network_that_contradicts_its_manifest_is_refused(
    model: ModelManifest, install_model: Install, tmp_path: Path, key: str
) -> None:
    metadata = model.onnx_metadata()
    metadata[key] = metadata[key].replace("1", "9") + " "
    folder = install_model(tmp_path / "other" / "1.2.3", metadata)
    with pytest.raises(ModelError, match=f"contradicts its manifest about its {key}"):
        load_manifest(folder)


def test_network_without_metadata_is_refused(install_model: Install, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="contradicts its manifest about its name"):
        load_manifest(install_model(tmp_path / "bare", {}))


def test_changed_preprocessing_is_refused(model: ModelManifest) -> None:
    preprocessing = {**model.to_dict()["preprocessing"], "spacing_mm": [1.5, 1.5, 1.5]}
    change(model.folder, preprocessing=preprocessing)
    with pytest.raises(ModelError, match="about its preprocessing"):
        load_manifest(model.folder)


def test_metadata_is_read_as_the_onnx_library_reads_it(model: ModelManifest) -> None:
    props = onnx.load(model.path).metadata_props
    assert read_onnx_metadata(model.path) == {prop.key: prop.value for prop in props}


def test_metadata_may_be_any_text(install_model: Install, tmp_path: Path) -> None:
    metadata = {"empty": "", "long": "x" * 70_000, "größe": "µ \n {}"}
    folder = install_model(tmp_path / "odd", metadata)
    assert read_onnx_metadata(folder / "model.onnx") == metadata


@pytest.mark.parametrize("content", [b"", b"hello", b"\x0f" * 100, b"\x72\x7f\x0a"])
def test_file_that_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx is not a readable ONNX model"):
        read_onnx_metadata(path)
