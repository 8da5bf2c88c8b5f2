"""Two toy legs with balls of mineral, each leg moved by a known rigid motion."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.ct.burden import total_burden
from calciscope.ct.definition import describe_definition
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import CtFindings, Findings, Lesion, ModelUse, Provenance
from calciscope.followup.rigid import Rigid
from calciscope.followup.time_point import TimePoint
from calciscope.labels import Label
from calciscope.locations import Laterality
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Volume

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
SPACING_MM = (2.0, 2.0, 3.0)
CENTER_X_MM = {LEFT: 70.0, RIGHT: -70.0}
PROTOCOL = CtAcquisition(kvp=120.0, kernel="B30s", slice_thickness_mm=3.0)


@dataclass(frozen=True)
class Ball:
    """A lesion of a toy leg.

    Attributes:
        side: of the leg.
        at_mm: in the leg's own frame: x from its axis, y, z.
        mass_mg: that its findings state.
        radius_mm: of its voxels.
    """

    side: Laterality
    at_mm: tuple[float, float, float]
    mass_mg: float
    radius_mm: float = 4.0

    @property
    def center_mm(self) -> NDArray[np.float64]:
        """In the patient, before the leg is moved."""
        return np.array([CENTER_X_MM[self.side], 0.0, 0.0]) + self.at_mm


MakePoint = Callable[..., TimePoint]
MakeBall = Callable[..., Ball]


@pytest.fixture(scope="session")
def ball() -> MakeBall:
    """Makes a ball of mineral: side, place in its leg, mass, radius."""
    return Ball


def leg_labels(points: NDArray[np.float64], side: Laterality) -> NDArray[np.uint8]:
    """Tissue of a leg at points of the patient: bones that flare at both ends, muscle around."""
    x, y, z = np.moveaxis(points - [CENTER_X_MM[side], 0.0, 0.0], -1, 0)
    outward = x if side is LEFT else -x
    labels = np.where(x**2 + y**2 < 48.0**2, np.uint8(Label.MUSCLE), np.uint8(Label.BACKGROUND))
    flare = 11.0 + 13.0 * np.exp(-(z - 10.0) / 25.0) + 15.0 * np.exp(-(330.0 - z) / 25.0)
    # Not round, so that a turn about the axis shows.
    tibia = ((outward + 8.0) / flare) ** 2 + ((y + 18.0) / (1.3 * flare)) ** 2 < 1.0
    fibula = (outward - 20.0) ** 2 + (y + 4.0) ** 2 < 7.0**2
    labels[(tibia | fibula) & (z > 0.0) & (z < 340.0)] = Label.BONE
    return labels


@pytest.fixture(scope="session")
def make_point(lesion: Lesion) -> MakePoint:
    """Build a date: legs, lesions with the masses that they are said to have, findings."""

    def build(
        balls: Sequence[Ball] = (),
        motions: Mapping[Laterality, Rigid] | None = None,
        z_mm: tuple[float, float] = (30.0, 360.0),
        legs: Sequence[Laterality] = (LEFT, RIGHT),
        date: str | None = None,
        acquisition: CtAcquisition = PROTOCOL,
        source: str = "study",
        version: str = "0.2.0",
    ) -> TimePoint:
        moved = {LEFT: Rigid.identity(), RIGHT: Rigid.identity(), **(motions or {})}
        shape = (150, 64, round((z_mm[1] - z_mm[0]) / SPACING_MM[2]))
        grid = Volume.from_spacing(np.zeros(shape, np.uint8), SPACING_MM, (-149.0, -64.0, z_mm[0]))
        index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
        points = grid.lps_mm(index)
        tissues, ids = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)
        for side in legs:
            tissues = np.maximum(tissues, leg_labels(moved[side].inverse(points), side))
        lesions = []
        for ball in balls:
            center = moved[ball.side](ball.center_mm)
            here = ((points - center) ** 2).sum(axis=-1) < ball.radius_mm**2
            if not here.any():
                continue
            number = len(lesions) + 1
            ids[here], tissues[here] = number, Label.CALCIFICATION
            x, y, z = (float(value) for value in points[here].mean(axis=0))
            lesions.append(
                replace(
                    lesion,
                    id=number,
                    laterality=ball.side,
                    ha_mass_mg=ball.mass_mg,
                    volume_mm3=float(here.sum()) * grid.voxel_volume_mm3,
                    centroid_lps_mm=(x, y, z),
                )
            )
        definition = describe_definition(grid, acquisition, MeasurementSettings())
        provenance = Provenance(
            program="calciscope",
            program_version="0.2.0",
            models=(ModelUse("ct-calcification", version, "0" * 64),),
            engine="onnxruntime fp32",
            device="CPU",
            times_s={},
            peak_ram_mb=100.0,
            warnings=(),
            acquired_on=date,
        )
        ct = CtFindings(tuple(lesions), total_burden(lesions), definition)
        findings = Findings(provenance=provenance, ct=ct)
        return TimePoint(Path(source), findings, grid.with_array(tissues), grid.with_array(ids))

    return build


@pytest.fixture
def write_results() -> Callable[[TimePoint, Path], Path]:
    """Write a date as `calciscope run` leaves it."""
    from calciscope.findings_json import to_json
    from calciscope.writers.nifti import write_volume

    def write(point: TimePoint, folder: Path) -> Path:
        folder.mkdir(parents=True)
        (folder / "findings.json").write_text(to_json(point.findings), encoding="utf-8")
        write_volume(folder / "tissues.nii.gz", point.tissues)
        write_volume(folder / "calcification_lesions.nii.gz", point.lesion_ids)
        return folder

    return write


@pytest.fixture
def with_findings() -> Callable[..., TimePoint]:
    """Gives the same date with other values in its definition or provenance."""

    def change(point: TimePoint, **changes: Any) -> TimePoint:
        ct, made = point.findings.ct, point.findings.provenance
        of_definition = {k: v for k, v in changes.items() if hasattr(ct.definition, k)}
        of_provenance = {k: v for k, v in changes.items() if k not in of_definition}
        findings = replace(
            point.findings,
            provenance=replace(made, **of_provenance),
            ct=replace(ct, definition=replace(ct.definition, **of_definition)),
        )
        return replace(point, findings=findings)

    return change
