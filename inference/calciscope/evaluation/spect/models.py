"""The hot-spot models of an evaluation, in a form that every process can load them from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from calciscope.errors import InputError
from calciscope.evaluation.records import ModelRecord
from calciscope.evaluation.spect.judging import Classifier
from calciscope.evaluation.spect.rows import RULE
from calciscope.models.engine import create_engine
from calciscope.models.hot_spot_manifest import HotSpotManifest, load_hot_spot_manifest
from calciscope.models.manifest import FILE_NAME
from calciscope.spect.classification import CompartmentClassifier
from calciscope.spect.rule import MajorityTissue


@dataclass(frozen=True)
class About:
    """What the report says of the judged model.

    Attributes:
        manifest: of the model; record: the same for the report.
        engine, device: that it runs on.
    """

    manifest: HotSpotManifest
    record: ModelRecord
    engine: str
    device: str


@dataclass(frozen=True)
class HotSpotModels:
    """The judged model, others for ablations, and the rule.

    Attributes:
        judged: folder of the model.
        others: name and folder of each other one.
        engine: as on the command line; one thread each.
    """

    judged: Path
    others: tuple[tuple[str, Path], ...] = ()
    engine: str = "auto"

    @property
    def key(self) -> str:
        """Changes with any file of any model; its settings stand in the manifest."""
        folders = (("", self.judged), *self.others)
        texts = [
            f"{name}={(folder / FILE_NAME).read_text(encoding='utf-8')}" for name, folder in folders
        ]
        return "\n".join([*texts, self.engine])

    def load(self) -> Mapping[str, Classifier]:
        """The judged model under "", the rule under `RULE`, others under their names.

        Raises:
            ModelError: a model is not whole, or no engine takes it.
        """
        folders = (("", self.judged), *self.others)
        return {RULE: MajorityTissue(), **{name: self._load(folder) for name, folder in folders}}

    def about(self) -> About:
        """What the report says of the judged model; it is loaded to see where it runs.

        Raises:
            ModelError: as for `load`.
        """
        manifest = load_hot_spot_manifest(self.judged)
        engine = create_engine(manifest, self.engine, 1, "fp32")
        written = manifest.to_dict()
        keys = ("name", "version", "sha256", "created", "commit", "license", "intended_use")
        record = ModelRecord(
            **{key: str(written[key]) for key in keys},
            training_data=written["training_data"],
            preprocessing=written["patches"],
            file=manifest.file,
            file_sha256=manifest.sha256,
        )
        return About(manifest, record, engine.name, engine.device)

    def _load(self, folder: Path) -> CompartmentClassifier:
        manifest = load_hot_spot_manifest(folder)
        return CompartmentClassifier(manifest, create_engine(manifest, self.engine, 1, "fp32"))


def model_folders(root: Path) -> tuple[tuple[str, Path], ...]:
    """Name and folder of each model within a folder, in order of name.

    Raises:
        InputError: there is none.
    """
    found = tuple((p.parent.name, p.parent) for p in sorted(root.glob(f"*/{FILE_NAME}")))
    if not found:
        raise InputError(f"no model in the folders of {root}; name a folder of folders of models")
    return found
