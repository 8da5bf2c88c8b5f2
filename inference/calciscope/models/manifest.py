"""What a model is: `manifest.json` beside `model.onnx`, and the checks before it may run."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from calciscope.errors import ModelError
from calciscope.labels import DESCRIPTIONS, Code, Label
from calciscope.models.onnx_metadata import read_onnx_metadata
from calciscope.models.operating_point import BALANCED, PLAIN, Calibration, OperatingMode
from calciscope.models.variants import ModelVariant
from calciscope.preprocessing import PreprocessingSpec
from calciscope.writers.whole_file import whole_file

SCHEMA_VERSION = 1
FILE_NAME = "manifest.json"
INTENDED_USE = "research use, not a diagnosis"
_OPTIONAL = ("calibration", "modes", "variants")


@dataclass(frozen=True)
class ModelLabel:
    """An output channel of a model and what it means to DICOM (see `labels.LabelDescription`)."""

    value: int
    name: str
    category: Code | None = None
    property_type: Code | None = None

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "ModelLabel":
        """Read what `dataclasses.asdict` gave."""
        codes = [record.get(key) for key in ("category", "property_type")]
        category, property_type = (code and Code(**code) for code in codes)
        return cls(int(record["value"]), str(record["name"]), category, property_type)


def standard_labels() -> tuple[ModelLabel, ...]:
    """The project's label map as a manifest writes it."""
    described = [
        ModelLabel(int(label), text.text, text.category, text.property_type)
        for label, text in DESCRIPTIONS.items()
    ]
    return (ModelLabel(int(Label.BACKGROUND), "background"), *described)


@dataclass(frozen=True)
class ModelManifest:
    """A trained model.

    Attributes:
        name: such as "ct-calcification"; with `version` it names the folder.
        version: such as "0.1.0".
        sha256: hexadecimal digest of the ONNX file.
        preprocessing: what the network expects of its input.
        commit: of the code that trained it.
        created: ISO 8601 date and time.
        license: SPDX name.
        training_data: what it was trained on, free form.
        labels: output channels in order.
        file: name of the ONNX file inside `folder`.
        required_multiple: the input's X, Y, Z must be multiples of these.
        input_name: name of the ONNX input, float32 (N, C, X, Y, Z).
        output_name: name of the ONNX output, float32 logits (N, K, X, Y, Z).
        calibration: of its probabilities; None where it was never calibrated.
        modes: what `calciscope-train calibrate` chose; none where it was never calibrated.
        variants: further files of the same network, such as int8.
        folder: where it was read from; not written.
    """

    name: str
    version: str
    sha256: str
    preprocessing: PreprocessingSpec
    commit: str
    created: str
    license: str
    training_data: dict[str, Any]
    labels: tuple[ModelLabel, ...]
    file: str = "model.onnx"
    required_multiple: tuple[int, int, int] = (16, 16, 4)
    input_name: str = "input"
    output_name: str = "logits"
    intended_use: str = INTENDED_USE
    schema_version: int = SCHEMA_VERSION
    calibration: Calibration | None = None
    modes: tuple[OperatingMode, ...] = ()
    variants: tuple[ModelVariant, ...] = ()
    folder: Path = Path()

    @property
    def path(self) -> Path:
        """The ONNX file."""
        return self.folder / self.file

    def mode(self, name: str = BALANCED) -> OperatingMode:
        """The operating point of a name.

        Raises:
            ModelError: the model has no such mode.
        """
        modes = self.modes or (PLAIN,)
        for mode in modes:
            if mode.name == name:
                return mode
        raise ModelError(
            f"model {self.name} {self.version} has no mode {name!r} (it has"
            f" {', '.join(mode.name for mode in modes)}); name one of these or another version"
        )

    def variant(self, precision: str) -> ModelVariant | None:
        """The file of another arithmetic; None where there is none."""
        return next((v for v in self.variants if v.precision == precision), None)

    @property
    def quantization(self) -> str | None:
        """Precision of `file` where it is a variant's, such as "int8"; None for the network's."""
        return next((v.precision for v in self.variants if v.file == self.file), None)

    def to_dict(self) -> dict[str, Any]:
        """The manifest as JSON types, without `folder` and without what it has not."""
        record = asdict(self)
        del record["folder"]
        # A model that has none of these keeps the manifest that older programs read.
        return {k: v for k, v in record.items() if k not in _OPTIONAL or v}

    @classmethod
    def from_dict(cls, record: dict[str, Any], folder: Path = Path()) -> "ModelManifest":
        """Read what `to_dict` gave.

        Raises:
            ModelError: a field is missing, superfluous or of the wrong type, or the schema is
                of another version.
        """
        version = record.get("schema_version") if isinstance(record, dict) else None
        if version != SCHEMA_VERSION:
            raise ModelError(
                f"{folder / FILE_NAME} has schema version {version!r}, this program reads"
                f" {SCHEMA_VERSION}; install a matching version of calciscope"
            )
        try:
            x, y, z = (int(value) for value in record["required_multiple"])
            parsed = {
                "preprocessing": PreprocessingSpec.from_dict(record["preprocessing"]),
                "labels": tuple(ModelLabel.from_dict(label) for label in record["labels"]),
                "required_multiple": (x, y, z),
                "folder": folder,
                **_parsed_options(record),
            }
            manifest = cls(**{**record, **parsed})
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ModelError(
                f"{folder / FILE_NAME} is malformed ({error!r}); install the model again"
            ) from error
        if Path(manifest.file).name != manifest.file:
            raise ModelError(
                f"{folder / FILE_NAME} names a file outside its folder, {manifest.file};"
                " install the model again"
            )
        return manifest

    def onnx_metadata(self) -> dict[str, str]:
        """Key-value pairs that the exporter stores in the ONNX file and `load_manifest` checks."""
        labels = {str(label.value): label.name for label in self.labels}
        return {
            "name": self.name,
            "version": self.version,
            "preprocessing": self.preprocessing.to_json(),
            "labels": json.dumps(labels, sort_keys=True),
            "intended_use": self.intended_use,
        }


def _parsed_options(record: dict[str, Any]) -> dict[str, Any]:
    """What calibration and quantization added to a manifest, if anything."""
    stored = record.get("calibration")
    return {
        "calibration": None if stored is None else Calibration.from_dict(stored),
        "modes": tuple(OperatingMode.from_dict(mode) for mode in record.get("modes", ())),
        "variants": tuple(ModelVariant.from_dict(each) for each in record.get("variants", ())),
    }


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file; raises ModelError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error}); install the model again") from error


def write_manifest(manifest: ModelManifest, folder: Path) -> Path:
    """Write `manifest.json` into a folder and return its path."""
    path = folder / FILE_NAME
    with whole_file(path) as draft:
        draft.write_text(json.dumps(manifest.to_dict(), indent=2) + "\n", encoding="utf-8")
    return path


def load_manifest(folder: Path) -> ModelManifest:
    """Read a model's manifest and make sure that its ONNX files are the ones it describes.

    Raises:
        ModelError: the manifest is absent, malformed or of another schema version; an ONNX file
            is absent or altered, or its own metadata says something else.
    """
    path = folder / FILE_NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({error}); install the model again") from error
    manifest = ModelManifest.from_dict(record, folder)
    metadata = manifest.onnx_metadata()
    verify_file(manifest.path, manifest.sha256, metadata)
    for variant in manifest.variants:
        verify_file(folder / variant.file, variant.sha256, metadata)
    return manifest


def verify_file(path: Path, sha256: str, metadata: Mapping[str, str]) -> None:
    """Refuse a file that is not the one meant, or that says something else about itself.

    Raises:
        ModelError: SHA-256 or metadata differ.
    """
    if sha256_of(path) != sha256:
        raise ModelError(
            f"{path} is not the file its manifest describes (SHA-256 differs);"
            " install the model again"
        )
    inside = read_onnx_metadata(path)
    for key, expected in metadata.items():
        if inside.get(key) != expected:
            raise ModelError(
                f"{path} contradicts its manifest about its {key}; export the model again"
            )
