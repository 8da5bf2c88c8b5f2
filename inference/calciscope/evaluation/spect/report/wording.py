"""What a data set of hot spots is, in words."""

from calciscope.evaluation.report.wording import plural
from calciscope.evaluation.spect.records import SpectDataset


def mark(data: SpectDataset) -> str:
    """What a title adds where the cases are synthetic."""
    return " (synthetic)" if data.synthetic else ""


def basis(data: SpectDataset) -> str:
    """What the figures of a data set rest on."""
    kind = "synthetic SPECT/CT" if data.synthetic else "real SPECT/CT"
    return f"{plural(data.judged, 'hot spot')} of {plural(data.patients, 'patient')}, {kind}"


def foci_basis(data: SpectDataset) -> str:
    """The same for detection."""
    kind = "synthetic SPECT/CT" if data.synthetic else "real SPECT/CT"
    focus = plural(data.foci, "true focus", "true foci")
    return f"{focus} of {plural(data.patients, 'patient')}, {kind}"
