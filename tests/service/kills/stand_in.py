"""A runner without a network: reads every instance of a study and writes small DICOM results.

It takes its time over it, so that a kill finds it at work, and refuses what says POISON.
"""

import json
import random
import secrets
import time
from collections.abc import Sequence

from pydicom import Dataset, dcmread
from pydicom.uid import (
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    SegmentationStorage,
)

from calciscope.service.work.outcome import Outcome, OutcomeKind, refused
from calciscope.service.work.places import publish_once
from calciscope.service.work.request import RunOptions, WorkRequest
from calciscope.writers.dicom.identifiers import stable_uid

OBJECTS = {
    "segmentation": SegmentationStorage,
    "measurements": ComprehensiveSRStorage,
    "report": EncapsulatedPDFStorage,
}
"""What a study gives: file and SOP class."""

POISON = "POISON"
PAUSE_SECONDS = 0.02


class SlowWriter:
    """Writes results piece by piece."""

    def warm_up(self, options: Sequence[RunOptions]) -> None:
        """Nothing to load."""

    def run(self, request: WorkRequest) -> Outcome:
        """Read all instances, write three objects whose UIDs follow from the content."""
        described = {dcmread(path).StudyDescription for _, path in request.files}
        if POISON in described:
            return refused("the study is poisoned; this is what the test wants", "poison")
        draft = request.output_folder.parent / f"draft-{secrets.token_hex(4)}"
        (draft / "dicom").mkdir(parents=True)
        for name, sop_class in OBJECTS.items():
            time.sleep(random.uniform(0.0, 2 * PAUSE_SECONDS))
            path = draft / "dicom" / f"{name}.dcm"
            _object(request, name, sop_class).save_as(path, enforce_file_format=True)
        (draft / "report.html").write_text("<p>Research use, not a diagnosis.</p>")
        (draft / "findings.json").write_text(json.dumps({"instances": len(request.files)}))
        publish_once(draft, request.output_folder)
        return Outcome(OutcomeKind.DONE, times_s={"segment": PAUSE_SECONDS})


def _object(request: WorkRequest, name: str, sop_class: str) -> Dataset:
    made = Dataset()
    made.SOPClassUID = sop_class
    made.SOPInstanceUID = stable_uid(request.content_key, name)
    made.StudyInstanceUID = request.study_uid
    made.SeriesInstanceUID = stable_uid(request.content_key, name, "series")
    made.PatientID = "KILL"
    made.PatientName = "Kill^Test"
    made.Modality = {"segmentation": "SEG", "measurements": "SR"}.get(name, "DOC")
    made.ensure_file_meta()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made
