"""Secondary captures: the pictures of the report, for viewers that show nothing else.

PS3.3 A.8.1: Secondary Capture Images, RGB, one series. Each says what it is, in its pixels too.
"""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import DA, TM

from calciscope.models.manifest import ModelManifest
from calciscope.readers.study import CtStudy
from calciscope.writers.capture_pages import CapturePage
from calciscope.writers.dicom.encapsulated_pdf import FROM_WORKSTATION
from calciscope.writers.dicom.equipment import (
    ResultSeries,
    common_arguments,
    making,
    run_identity,
    save,
    settle,
)
from calciscope.writers.dicom.source import bare_headers, frame_of_reference_of

SERIES = ResultSeries("SC", "Calciscope pictures (research use, not a diagnosis)", 5000)


def write_captures(
    folder: Path,
    study: CtStudy,
    pages: Sequence[CapturePage],
    content: str,
    version: str,
    model: ModelManifest | None = None,
    created: datetime | None = None,
) -> None:
    """Write pages as a series of secondary captures, picture_01.dcm and so on.

    Args:
        folder: to write into.
        study: what was analyzed; it must come from DICOM.
        pages: in the order to be shown.
        content: what the pages show: UIDs follow from it.
        version: of the program.
        model: what segmented the lesions; None for a rule.
        created: date and time of the content; now where not given.

    Raises:
        OutputError: the study has no DICOM instances.
    """
    moment = created or datetime.now()
    for number, page in enumerate(pages, start=1):
        path = folder / f"picture_{number:02d}.dcm"
        with making(path, study):
            source = study.instances[0]
            header = bare_headers(study.instances[:1], frame_of_reference_of(study.instances))[0]
            identity = (*run_identity(source, model, study.content_key), content)
            capture = hd.sc.SCImage.from_ref_dataset(
                ref_dataset=header,
                pixel_array=_rgb(page.png),
                photometric_interpretation="RGB",
                bits_allocated=8,
                coordinate_system="PATIENT",
                patient_orientation=("L", "F"),
                transfer_syntax_uid=ExplicitVRLittleEndian,
                **common_arguments(SERIES, source, identity, model, version, moment, number),
            )
            # Along the rows and down the columns; empty on a page of text (PS3.3 C.7.6.1.1.1).
            edges = page.edges
            capture.PatientOrientation = [] if edges is None else [edges.right, edges.bottom]
            capture.DateOfSecondaryCapture = DA(moment.date())
            capture.TimeOfSecondaryCapture = TM(moment.time())
            capture.Laterality = ""  # both sides, or none (PS3.3 C.7.3.1)
            capture.ConversionType = FROM_WORKSTATION
            capture.ImageComments = page.title
            capture.BurnedInAnnotation = "YES"
            settle(capture, source, moment)
            save(capture, path)


def _rgb(png: bytes) -> NDArray[np.uint8]:
    """Pixels of a PNG, shape (rows, columns, 3)."""
    with Image.open(BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))
