"""Threshold rules as predictors; body and bone of a case are found once for all of them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.body import body_mask
from calciscope.errors import InputError
from calciscope.evaluation.baselines import BASELINES, ThresholdBaseline, bone_by_rule
from calciscope.evaluation.predictions import Prediction, numbered
from calciscope.evaluation.records import Role
from calciscope.evaluation.reference_cases import ReferenceCase
from calciscope.volume import Volume


@dataclass(eq=False)
class Surroundings:
    """Body and bone of one CT, found when first asked for."""

    case_id: str = ""
    masks: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def of(self, case: ReferenceCase) -> dict[str, NDArray[np.bool_]]:
        """The masks "body" and "bone" of a case.

        Raises:
            InputError: the case has no CT.
        """
        if case.ct is None:
            raise InputError(f"{case.case_id} has no CT for the threshold rules; add it")
        if self.case_id != case.case_id or not self.masks:
            view = case.ct.canonical()
            seen = Volume(np.ascontiguousarray(view.volume.array), view.volume.affine)
            self.masks = {
                "body": view.to_native(body_mask(seen)),
                "bone": view.to_native(bone_by_rule(seen)),
            }
            self.case_id = case.case_id
        return self.masks


@dataclass(frozen=True, eq=False)
class RulePredictor:
    """One rule.

    Attributes:
        rule: HU threshold outside bone.
        surroundings: shared among the rules.
        role: always a baseline.
    """

    rule: ThresholdBaseline
    surroundings: Surroundings
    role: Role = Role.BASELINE

    @property
    def name(self) -> str:
        """For tables."""
        return self.rule.name

    def predict(self, case: ReferenceCase) -> Prediction:
        """Apply the rule to a case."""
        masks = self.surroundings.of(case)
        if case.ct is None:
            raise InputError(f"{case.case_id} has no CT for the threshold rules; add it")
        # The rules smooth within slices: they see the CT with its slices along the last axis.
        view = case.ct.canonical()
        found = self.rule.find(
            view.volume, view.from_native(masks["body"]), view.from_native(masks["bone"])
        )
        return Prediction(numbered(view.to_native(found)))


def all_rules() -> tuple[RulePredictor, ...]:
    """The rules that stand beside every model."""
    surroundings = Surroundings()
    return tuple(RulePredictor(rule, surroundings) for rule in BASELINES)
