"""From a SPECT and its segmented CT to findings: hot spots found, placed, measured and matched."""

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.anatomy import Anatomy, find_anatomy
from calciscope.ct.masks import without_specks
from calciscope.ct.measurements import CtMeasurement
from calciscope.ct.neighborhood import SegmentedCt
from calciscope.ct.settings import MeasurementSettings
from calciscope.errors import InputError
from calciscope.fusion import fuse
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment, Label
from calciscope.readers.spect_study import SUVBW, SpectStudy
from calciscope.spect.cautions import cautions_of
from calciscope.spect.definition import describe_definition
from calciscope.spect.findings import NOT_MOVED, Concordance, SpectFindings
from calciscope.spect.hot_spot_measurer import HotSpotMeasurer
from calciscope.spect.hot_spots import HotSpots, find_hot_spots
from calciscope.spect.on_grid import label_shares
from calciscope.spect.references import find_references
from calciscope.spect.registration import find_misregistration, moved
from calciscope.spect.rule import Classifier
from calciscope.spect.scene import SpectScene
from calciscope.spect.settings import SpectSettings
from calciscope.spect.summary import summarize
from calciscope.volume import Volume

DEFAULT_SETTINGS = SpectSettings()


@dataclass(frozen=True, eq=False)
class SpectAnalysis:
    """What the analysis of a SPECT gives.

    Attributes:
        study: as it was read.
        aligned: its uptake where it was analyzed: moved as a whole, not resampled, where
            registration was asked for; else as it was read.
        hot_spot_ids: uint16, 0 outside of hot spots, on the native SPECT grid, never moved.
        findings: the `spect` part of the findings.
        concordance: of lesions and hot spots.
        warnings: one sentence each.
        times_s: seconds per stage.
    """

    study: SpectStudy
    aligned: Volume
    hot_spot_ids: Volume
    findings: SpectFindings
    concordance: tuple[Concordance, ...]
    warnings: tuple[str, ...]
    times_s: dict[str, float]


def analyze_spect(
    study: SpectStudy,
    ct: Volume,
    segmentation: SegmentedCt,
    measurement: CtMeasurement,
    classifier: Classifier,
    settings: SpectSettings = DEFAULT_SETTINGS,
    register: bool = False,
) -> SpectAnalysis:
    """Find, classify and measure the hot spots of a SPECT, and match them with the CT's lesions.

    Args:
        study: the SPECT; shares the world (LPS mm) with the CT.
        ct: HU on its native grid.
        segmentation, measurement: of the CT.
        classifier: tells compartments.
        settings: of all rules.
        register: whether to move the SPECT onto the CT by its bones first.

    Raises:
        InputError: the classifier does not answer for every hot spot.
    """
    times: dict[str, float] = {}
    mark = perf_counter()

    def lap(stage: str) -> None:
        nonlocal mark
        now = perf_counter()
        times[stage] = now - mark
        mark = now

    shares = label_shares(segmentation.tissues, study.volume)
    shift = find_misregistration(study.volume, shares)
    motion = shift.spect_to_ct if register and shift else None
    aligned = moved(study.volume, motion) if motion else study.volume
    lap("spect_registration")
    scene = SpectScene(
        aligned,
        study.units == SUVBW,
        ct,
        segmentation.tissues,
        segmentation.probability,
        segmentation.body,
    )
    found = find_hot_spots(scene, settings)
    lap("hot_spots")
    probabilities = _probabilities(classifier, scene, found)
    lap("classification")
    anatomy = _anatomy(ct, segmentation, measurement)
    bony = [n for n, row in enumerate(probabilities, start=1) if _likeliest(row) in _BONY]
    references = find_references(aligned, found, bony, anatomy, settings)
    measurer = HotSpotMeasurer(scene, found, anatomy, references, settings)
    spots = [measurer.measure(n, row) for n, row in enumerate(probabilities, start=1)]
    lap("uptake")
    fusion = fuse(
        measurement.findings.lesions,
        measurement.findings.chains,
        measurement.lesion_ids,
        spots,
        found.ids,
        found.outside_ct,
        aligned.with_array(aligned.array / found.background.array),
        settings,
    )
    spots = [replace(spot, lesion_ids=fusion.lesions_of.get(spot.id, ())) for spot in spots]
    findings = SpectFindings(
        hot_spots=tuple(spots),
        suv_refused=study.suv_refused,
        units=study.units,
        definition=describe_definition(study, references, settings),
        summary=summarize(spots, fusion.rows),
        muscle_mean=references.muscle,
        bone_mean=references.bone_mean,
        misregistration_mm=None if shift is None else shift.shift_mm,
        registered=motion is not None,
        spect_to_ct=motion.rows if motion else NOT_MOVED,
        series=_series_text(study),
        acquired_on=study.date,
    )
    warnings = cautions_of(
        study, findings, found, measurement.findings.lesions, measurement.lesion_ids,
        register, settings,
    )  # fmt: skip
    lap("concordance")
    native = study.volume.with_array(found.ids.array)
    return SpectAnalysis(study, aligned, native, findings, fusion.rows, warnings, times)


_BONY = (Compartment.BONE, Compartment.JOINT)


def _likeliest(row: NDArray[np.float32]) -> Compartment:
    return HOT_SPOT_COMPARTMENTS[int(row.argmax())]


def _probabilities(
    classifier: Classifier, scene: SpectScene, found: HotSpots
) -> NDArray[np.float32]:
    """What the classifier says of every hot spot, shape (n, 11)."""
    wanted = (found.count, len(HOT_SPOT_COMPARTMENTS))
    if not found.count:
        return np.zeros(wanted, np.float32)
    answer = classifier.classify(scene, found.ids, range(1, found.count + 1))
    if answer.shape != wanted or not np.isfinite(answer).all():
        raise InputError(
            f"the classifier of hot spots answered with shape {answer.shape} where {wanted} "
            "finite probabilities are wanted; check its model"
        )
    return answer


def _anatomy(ct: Volume, segmentation: SegmentedCt, measurement: CtMeasurement) -> Anatomy:
    """Sides, limbs and shafts, as the CT's lesions were placed by."""
    definition = measurement.findings.definition
    settings = MeasurementSettings(
        tibia_length_mm=definition.tibia_length_mm, femur_length_mm=definition.femur_length_mm
    )
    bone = without_specks(
        segmentation.tissues.array == Label.BONE, ct.voxel_volume_mm3, settings.minimum_bone_mm3
    )
    return find_anatomy(segmentation.body, ct.with_array(bone), settings)


def _series_text(study: SpectStudy) -> str:
    """The series in words; "" for NIfTI."""
    series = study.series
    if series is None:
        return ""
    number = "?" if series.number is None else series.number
    return f"series {number} '{series.description}' ({series.modality})"
