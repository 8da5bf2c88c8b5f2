"""What a worker is asked to do, as plain JSON, and the key by which equal results are known."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calciscope.service.settings.rules import Rule
    from calciscope.service.settings.work import Work


@dataclass(frozen=True)
class RunOptions:
    """How a study is analyzed; equal ones share what is loaded.

    Attributes:
        model: version of ct-calcification; None for the newest.
        mode, language, accept_pet, register, labelmap, deidentify, show_patient: of the rule.
        engine, precision, threads: of the service's settings.
    """

    model: str | None = None
    mode: str = "balanced"
    language: str = "en"
    accept_pet: bool = False
    register: bool = False
    labelmap: bool = False
    deidentify: bool = False
    show_patient: bool = False
    engine: str = "auto"
    precision: str = "auto"
    threads: int | None = None

    @classmethod
    def of(cls, rule: "Rule", work: "Work", threads: int | None = None) -> "RunOptions":
        """What a rule and the settings of the work ask for."""
        return cls(
            rule.model, rule.mode, rule.language, rule.accept_pet, rule.register_uptake,
            rule.labelmap, rule.deidentify, rule.show_patient, work.engine, work.precision,
            threads or work.threads,
        )  # fmt: skip

    @property
    def loading(self) -> "RunOptions":
        """The same without what is decided study by study: equal ones share an analyzer."""
        return replace(self, accept_pet=False, register=False)


@dataclass(frozen=True)
class WorkRequest:
    """One study to be analyzed.

    Attributes:
        job_id: of the journal.
        study_uid: Study Instance UID.
        revision: of the study.
        content_key: see `content_key`; the UIDs of DICOM results follow from it.
        files: name that the reader sees, and path, of each instance.
        output: folder of the results, which appears when they are whole; its parent is there and
            belongs to this request alone.
        options: how.
    """

    job_id: int
    study_uid: str
    revision: int
    content_key: str
    files: tuple[tuple[str, str], ...]
    output: str
    options: RunOptions

    @property
    def output_folder(self) -> Path:
        """Where the results go."""
        return Path(self.output)

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> "WorkRequest":
        """Read what `to_json` gave."""
        record: dict[str, Any] = json.loads(line)
        record["files"] = tuple((str(name), str(path)) for name, path in record["files"])
        record["options"] = RunOptions(**record["options"])
        return cls(**record)


def content_key(
    instances: Iterable[tuple[str, str]], models: str, version: str, options: RunOptions
) -> str:
    """Hexadecimal SHA-256 of all that a result follows from; equal keys have equal results.

    Args:
        instances: SOP Instance UID and digest of each; their order does not count.
        models: versions and digests of the models, as text.
        version: of the program.
        options: how; the number of threads does not count.
    """
    said = {
        "instances": sorted(instances),
        "models": models,
        "version": version,
        "options": asdict(replace(options, threads=None)),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
