"""The report as Encapsulated PDF (PS3.3 A.45.1, C.24), for archives that show documents."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import highdicom as hd
from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from calciscope.models.manifest import ModelManifest
from calciscope.readers.study import CtStudy
from calciscope.writers.dicom.equipment import (
    ResultSeries,
    common_arguments,
    making,
    run_identity,
    save,
    settle,
)

SERIES = ResultSeries("PDF", "Calciscope report (research use, not a diagnosis)", 4000)
TITLE = "Soft-tissue calcification on CT (research use, not a diagnosis)"
TITLE_OF_BOTH = (
    "Soft-tissue calcification on CT, hot spots on SPECT (research use, not a diagnosis)"
)
FROM_WORKSTATION = "WSD"
"""Conversion Type (PS3.3 C.8.6.1)."""


def write_encapsulated_pdf(
    path: Path,
    study: CtStudy,
    pdf: bytes,
    content: str,
    version: str,
    model: ModelManifest | None = None,
    created: datetime | None = None,
    further: Sequence[Dataset] = (),
) -> None:
    """Write a PDF as a DICOM object of the study it was made of.

    Args:
        path: file to write.
        study: what was analyzed; it must come from DICOM.
        pdf: the document's bytes.
        content: what the document says, without its times: UIDs follow from it.
        version: of the program.
        model: what segmented the lesions; None for a rule.
        created: date and time of the content; now where not given.
        further: headers of other images that it tells of.

    Raises:
        OutputError: the study has no DICOM instances.
    """
    moment = created or datetime.now()
    with making(path, study):
        source = study.instances[0]
        identity = (*run_identity(source, model, study.content_key), content)
        document = hd.base.SOPClass(
            study_instance_uid=source.StudyInstanceUID,
            sop_class_uid=EncapsulatedPDFStorage,
            modality="DOC",
            transfer_syntax_uid=ExplicitVRLittleEndian,
            **common_arguments(SERIES, source, identity, model, version, moment),
        )
        document.ConversionType = FROM_WORKSTATION
        document.AcquisitionDateTime = None
        # Its pages say when and of what series it was made.
        document.BurnedInAnnotation = "YES"
        document.RecognizableVisualFeatures = "NO"
        document.DocumentTitle = TITLE_OF_BOTH if further else TITLE
        document.ConceptNameCodeSequence = []
        document.MIMETypeOfEncapsulatedDocument = "application/pdf"
        document.EncapsulatedDocumentLength = len(pdf)
        # OB: of even length (PS3.5 6.2).
        document.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
        document.SourceInstanceSequence = [_reference(i) for i in (*study.instances, *further)]
        settle(document, source, moment)
        save(document, path)


def _reference(instance: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID = instance.SOPClassUID
    reference.ReferencedSOPInstanceUID = instance.SOPInstanceUID
    return reference
