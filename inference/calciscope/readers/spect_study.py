"""What the SPECT readers give: a volume of uptake with what later stages need of its source."""

from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from calciscope.readers.study import SeriesSummary
from calciscope.volume import Volume

SUVBW = "SUVbw"
"""Standardized uptake value by body weight, g/mL (PS3.16 126410)."""


@dataclass(frozen=True, eq=False)
class SpectStudy:
    """A SPECT, ready for analysis, and where it came from.

    Attributes:
        source: the path that was given.
        volume: float32, shape (I, J, K), in `units`; its native grid.
        units: SUVBW, Bq/mL or counts.
        suv_refused: why it is not SUV, in one sentence that names what is missing; None where
            `units` is SUVBW.
        series: the chosen series; None for NIfTI.
        left_out: other NM (and PT) series, each with the reason.
        warnings: sentences the user should read.
        instances: source headers without pixel data; empty for NIfTI.
        modality: NM or PT; NM for NIfTI.
        frame_of_reference_uid: None where the source has none.
        radiopharmaceutical, reconstruction: in words; None where the source does not say.
        date: of the acquisition, YYYY-MM-DD.
        frames: of each instance, the frames that the volume was read from, counted from 1; empty
            where that is all of them.
        resampled: whether the grid of `volume` is not that of the instances, as where several bed
            positions were joined.
        content_key: as of `CtStudy`.
    """

    source: Path
    volume: Volume
    units: str
    suv_refused: str | None
    series: SeriesSummary | None = None
    left_out: tuple[SeriesSummary, ...] = ()
    warnings: tuple[str, ...] = ()
    instances: tuple[Dataset, ...] = ()
    modality: str = "NM"
    frame_of_reference_uid: str | None = None
    radiopharmaceutical: str | None = None
    reconstruction: str | None = None
    date: str | None = None
    frames: tuple[frozenset[int], ...] = ()
    resampled: bool = False
    content_key: str = ""
