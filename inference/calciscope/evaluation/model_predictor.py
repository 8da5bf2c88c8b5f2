"""A model as a predictor: the runtime's own path from CT to measured lesions."""

from dataclasses import dataclass, field

import numpy as np

from calciscope.ct.measurements import measure_study
from calciscope.ct.segmentation import CtSegmenter
from calciscope.ct.settings import MeasurementSettings
from calciscope.errors import InputError
from calciscope.evaluation.predictions import Prediction
from calciscope.evaluation.records import ModelRecord, Role
from calciscope.evaluation.reference_cases import ReferenceCase
from calciscope.labels import Label
from calciscope.models.engine import Engine
from calciscope.models.manifest import ModelManifest
from calciscope.models.operating_point import BALANCED
from calciscope.readers.study import CtAcquisition


@dataclass(frozen=True, eq=False)
class ModelPredictor:
    """A network with everything the runtime does after it.

    Attributes:
        model: its manifest.
        engine: that it is loaded into.
        name: for tables.
        role: what it is to the report.
        settings: what counts as a lesion.
        mode: operating point of the model.
    """

    model: ModelManifest
    engine: Engine
    name: str = "network"
    role: Role = Role.JUDGED
    settings: MeasurementSettings = field(default_factory=MeasurementSettings)
    mode: str = BALANCED

    @property
    def record(self) -> ModelRecord:
        """The model as the report describes it, and the file of it that ran."""
        manifest = self.model.to_dict()
        ran = self.model.variant(self.engine.precision) or self.model
        keys = ("name", "version", "sha256", "created", "commit", "license", "intended_use")
        return ModelRecord(
            **{key: str(manifest[key]) for key in keys},
            training_data=manifest["training_data"],
            preprocessing=manifest["preprocessing"],
            file=ran.file,
            file_sha256=ran.sha256,
        )

    def predict(self, case: ReferenceCase) -> Prediction:
        """Run the model on the case's CT.

        Raises:
            InputError: the case has no CT.
        """
        if case.ct is None:
            raise InputError(
                f"{case.case_id} has no CT to run a model on; add it or give --predictions"
            )
        segmentation = CtSegmenter(self.model, self.engine, self.mode).segment(case.ct)
        found = measure_study(
            case.ct, segmentation, CtAcquisition(kvp=case.strata.kvp), self.settings
        )
        ids = found.lesion_ids.array
        tissues = np.where(
            segmentation.tissues.array == Label.CALCIFICATION,
            segmentation.tissue_beneath.array,
            segmentation.tissues.array,
        )
        tissues[ids > 0] = Label.CALCIFICATION
        return Prediction(
            ids=ids,
            probabilities={row.id: row.probability for row in found.findings.lesions},
            ha_mass_mg={row.id: row.ha_mass_mg for row in found.findings.lesions},
            tissues=tissues,
            body=np.asarray(segmentation.body.array, dtype=bool),
        )
