"""Whether a model was trained on patients that it is evaluated on, as far as lists tell."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from calciscope.evaluation.records import EvaluationReport, ModelRecord
from calciscope.evaluation.report.wording import plural

TRAINED_KEY = "patients"
HELD_OUT_KEY = "held_out_patients"
"""Keys of the lists in the training data of a manifest, at any depth."""


@dataclass(frozen=True)
class PatientOverlap:
    """Evaluated patients in the lists of the manifest.

    Attributes:
        evaluated: patients that the evaluation judged.
        trained_on: those of them that are listed as trained on, sorted.
        held_out: how many of them are listed as held out.
    """

    evaluated: int
    trained_on: tuple[str, ...]
    held_out: int

    @property
    def text(self) -> str:
        """In a sentence."""
        count = len(self.trained_on)
        return (
            f"Of {plural(self.evaluated, 'evaluated patient')} the manifest lists {count} as"
            f" trained on and {self.held_out} as held out"
        )


def patient_overlap(report: EvaluationReport) -> PatientOverlap | None:
    """Compare the lists of patients; None where the manifest has none."""
    evaluated = {row.patient for data in report.datasets for row in data.judged.cases}
    return listed_overlap(report.provenance.model, evaluated)


def listed_overlap(model: ModelRecord | None, evaluated: Set[str]) -> PatientOverlap | None:
    """Find evaluated patients in the lists of a manifest; None where it has none."""
    if model is None:
        return None
    trained = set(_listed(model.training_data, TRAINED_KEY))
    held_out = set(_listed(model.training_data, HELD_OUT_KEY))
    if not trained and not held_out:
        return None
    return PatientOverlap(
        len(evaluated), tuple(sorted(evaluated & trained)), len(evaluated & held_out)
    )


def leak_caution(report: EvaluationReport) -> tuple[str, ...]:
    """A sentence where patients were both trained on and evaluated."""
    return overlap_caution(patient_overlap(report))


def overlap_caution(overlap: PatientOverlap | None) -> tuple[str, ...]:
    """A sentence where an overlap has patients that were trained on."""
    if overlap is None or not overlap.trained_on:
        return ()
    names = ", ".join(overlap.trained_on)
    return (
        f"The model was trained on {plural(len(overlap.trained_on), 'patient')} of this"
        f" evaluation ({names}): the figures are too good.",
    )


def _listed(record: Mapping[str, Any], key: str) -> Iterator[str]:
    """All names in lists under a key, at any depth."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _listed(value, key)
        elif name == key and isinstance(value, list | tuple):
            yield from (str(item) for item in value)
