"""What a hot-spot model is: its `manifest.json`, and the checks before it may run."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from calciscope.errors import ModelError
from calciscope.labels import HOT_SPOT_COMPARTMENTS
from calciscope.models.manifest import (
    FILE_NAME,
    INTENDED_USE,
    SCHEMA_VERSION,
    verify_file,
)
from calciscope.models.operating_point import OperatingMode
from calciscope.models.variants import ModelVariant
from calciscope.spect.patch_spec import PatchSpec
from calciscope.writers.whole_file import whole_file

HOT_SPOT_MODEL = "spect-hot-spot"
"""Name of the model that analysis uses."""

KIND = "hot_spot"
"""What the manifest of such a model says under "kind"."""


@dataclass(frozen=True)
class HotSpotManifest:
    """A trained hot-spot network.

    Attributes:
        name, version, sha256, commit, created, license, training_data: as in `ModelManifest`.
        patches: what the network expects of its input.
        classes: names of the compartments, in order of the output.
        temperature: the logits are divided by it.
        minimum_probability: a hot spot whose likeliest compartment is less likely should stay
            indeterminate.
        trained_priors: how often each class was drawn in training; empty where not known.
        expected_priors: how often each is expected; empty leaves the probabilities as trained.
        calibration: what they were fitted on, free form; empty where they were never fitted.
        file, input_name, output_name: rows float32 (N, L) to logits (N, 11).
        kind: tells it from the manifest of a CT model.
        folder: where it was read from; not written.
    """

    name: str
    version: str
    sha256: str
    patches: PatchSpec
    commit: str
    created: str
    license: str
    training_data: dict[str, Any]
    classes: tuple[str, ...] = tuple(str(c) for c in HOT_SPOT_COMPARTMENTS)
    temperature: float = 1.0
    minimum_probability: float = 0.5
    trained_priors: tuple[float, ...] = ()
    expected_priors: tuple[float, ...] = ()
    calibration: dict[str, Any] | None = None
    file: str = "model.onnx"
    input_name: str = "hot_spots"
    output_name: str = "logits"
    intended_use: str = INTENDED_USE
    schema_version: int = SCHEMA_VERSION
    kind: str = KIND
    folder: Path = Path()

    @property
    def path(self) -> Path:
        """The ONNX file."""
        return self.folder / self.file

    @property
    def quantization(self) -> str | None:
        """These models have no quantized file."""
        return None

    @property
    def modes(self) -> tuple[OperatingMode, ...]:
        """These models have no modes."""
        return ()

    @property
    def variants(self) -> tuple[ModelVariant, ...]:
        """These models have one file."""
        return ()

    def variant(self, precision: str) -> ModelVariant | None:
        """The file of another arithmetic: there is none."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """The manifest as JSON types, without `folder`."""
        record = asdict(self)
        del record["folder"]
        return record

    @classmethod
    def from_dict(cls, record: dict[str, Any], folder: Path = Path()) -> "HotSpotManifest":
        """Read what `to_dict` gave.

        Raises:
            ModelError: a field is missing, superfluous or of the wrong type, or the schema, the
                compartments or the kind are others than this program's.
        """
        place = folder / FILE_NAME
        if not isinstance(record, dict) or record.get("schema_version") != SCHEMA_VERSION:
            raise ModelError(
                f"{place} has another schema version than {SCHEMA_VERSION}; install a matching"
                " version of calciscope"
            )
        try:
            if set(record) != {field.name for field in fields(cls)} - {"folder"}:
                raise ValueError("keys differ")
            parsed = {
                "patches": PatchSpec.from_dict(record["patches"]),
                "classes": tuple(str(name) for name in record["classes"]),
                "temperature": float(record["temperature"]),
                "minimum_probability": float(record["minimum_probability"]),
                "trained_priors": tuple(float(p) for p in record["trained_priors"]),
                "expected_priors": tuple(float(p) for p in record["expected_priors"]),
                "folder": folder,
            }
            manifest = cls(**{**record, **parsed})
            manifest._check()
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelError(
                f"{place} is malformed ({error!r}); install the model again"
            ) from error
        return manifest

    def _check(self) -> None:
        if self.kind != KIND or Path(self.file).name != self.file:
            raise ValueError(f"kind {self.kind}, file {self.file}")
        if self.classes != tuple(str(c) for c in HOT_SPOT_COMPARTMENTS):
            raise ValueError(f"compartments {self.classes}")
        if self.temperature <= 0 or not 0 <= self.minimum_probability <= 1:
            raise ValueError(f"{self.temperature}, {self.minimum_probability}")
        for priors in (self.trained_priors, self.expected_priors):
            if priors and (len(priors) != len(self.classes) or min(priors) < 0):
                raise ValueError(f"priors {priors}")
        if self.expected_priors and not self.trained_priors:
            raise ValueError("expected priors without those of training")

    def onnx_metadata(self) -> dict[str, str]:
        """Key-value pairs that the exporter stores in the ONNX file and reading checks."""
        return {
            "name": self.name,
            "version": self.version,
            "patches": self.patches.to_json(),
            "classes": json.dumps(list(self.classes)),
            "intended_use": self.intended_use,
        }


def write_hot_spot_manifest(manifest: HotSpotManifest, folder: Path) -> Path:
    """Write `manifest.json` into a folder and return its path."""
    path = folder / FILE_NAME
    with whole_file(path) as draft:
        draft.write_text(json.dumps(manifest.to_dict(), indent=2) + "\n", encoding="utf-8")
    return path


def load_hot_spot_manifest(folder: Path) -> HotSpotManifest:
    """Read a hot-spot model's manifest and make sure that its ONNX file is the one it describes.

    Raises:
        ModelError: the manifest is absent or malformed; the ONNX file is absent or altered, or its
            own metadata says something else.
    """
    path = folder / FILE_NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({error}); install the model again") from error
    manifest = HotSpotManifest.from_dict(record, folder)
    verify_file(manifest.path, manifest.sha256, manifest.onnx_metadata())
    return manifest
