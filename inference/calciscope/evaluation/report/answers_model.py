"""What a checklist can learn of the model: from its manifest, in its maker's words.

No answer may say more than the manifest does; without a model there is none.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from calciscope.evaluation.records import EvaluationProvenance
from calciscope.evaluation.report.wording import model_name


class HasProvenance(Protocol):
    """An evaluation of any kind of model."""

    @property
    def provenance(self) -> EvaluationProvenance:
        """How it came about."""


def technology(report: HasProvenance) -> str | None:
    """CLAIM 1."""
    model = report.provenance.model
    return f"Segmentation of CT by the network {model_name(model)} (ONNX)" if model else None


def intended_use(report: HasProvenance) -> str | None:
    """As the model's manifest has it."""
    model = report.provenance.model
    return f"Intended use by the manifest: {model.intended_use}" if model else None


def preprocessing(report: HasProvenance) -> str | None:
    """As the model's manifest has it."""
    model = report.provenance.model
    return flat(model.preprocessing) or None if model else None


def model_description(report: HasProvenance) -> str | None:
    """In the maker's words, where the manifest has them."""
    return _told(report, "description", "architecture")


def initialization(report: HasProvenance) -> str | None:
    """In the maker's words."""
    return _told(report, "initialization")


def training(report: HasProvenance) -> str | None:
    """Where all that the manifest says of training stands."""
    model = report.provenance.model
    told = ", ".join(str(key).replace("_", " ") for key in model.training_data) if model else ""
    return f"Section 'Provenance', training data: {told}" if told else None


def selection(report: HasProvenance) -> str | None:
    """In the maker's words."""
    return _told(report, "selection")


def ensembling(report: HasProvenance) -> str | None:
    """In the maker's words."""
    return _told(report, "ensembling")


def imbalance(report: HasProvenance) -> str | None:
    """In the maker's words."""
    return _told(report, "class_imbalance")


def access(report: HasProvenance) -> str | None:
    """Commit and license, as far as the manifest has them."""
    model = report.provenance.model
    return f"Model under {model.license}, made by commit {model.commit}" if model else None


def predictors(report: HasProvenance) -> str | None:
    """A model reads HU on the grid its manifest names."""
    return "The CT's HU, preprocessed as the manifest says" if report.provenance.model else None


def specification(report: HasProvenance) -> str | None:
    """The file that predicts."""
    model = report.provenance.model
    return f"ONNX file with SHA-256 {model.sha256}" if model else None


def _told(report: HasProvenance, *keys: str) -> str | None:
    """What the maker of a model wrote into its training data under one of these keys."""
    model = report.provenance.model
    told = (
        [str(model.training_data[key]) for key in keys if key in model.training_data]
        if model
        else []
    )
    return "; ".join(told) or None


def flat(record: Mapping[str, Any], prefix: str = "") -> str:
    """A nested record in one line: "phantoms cases: 148; phantoms split: train"."""
    parts = []
    for key, value in record.items():
        name = f"{prefix}{str(key).replace('_', ' ')}"
        if isinstance(value, Mapping):
            parts.append(flat(value, f"{name} "))
        elif isinstance(value, list | tuple):
            parts.append(f"{name}: {', '.join(_plain(item) for item in value)}")
        elif value is not None:
            parts.append(f"{name}: {value}")
    return "; ".join(part for part in parts if part)


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return "–".join(_plain(item) for item in value)
    return str(value)
