"""From a segmented CT to its findings: every lesion found, placed and measured."""

from dataclasses import dataclass

from calciscope.ct.burden import total_burden
from calciscope.ct.definition import acquisition_cautions, assumed_kvp, describe_definition
from calciscope.ct.distribution import distribution_of
from calciscope.ct.disturbances import find_disturbances
from calciscope.ct.lesion_measurer import LesionMeasurer
from calciscope.ct.lesions import find_lesions
from calciscope.ct.neighborhood import SegmentedCt
from calciscope.ct.settings import MeasurementSettings
from calciscope.errors import InputError
from calciscope.findings import Chain, CtFindings, Lesion
from calciscope.labels import Label
from calciscope.models.operating_point import PLAIN, OperatingMode
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Volume

DEFAULT_SETTINGS = MeasurementSettings()


@dataclass(frozen=True, eq=False)
class CtMeasurement:
    """What measurement gives.

    Attributes:
        findings: the `ct` part of the findings.
        lesion_ids: lesion ids on the native grid, 0 elsewhere; uint16 (uint32 if needed).
        warnings: sentences about what makes figures or sides less certain.
    """

    findings: CtFindings
    lesion_ids: Volume
    warnings: tuple[str, ...]


def measure_study(
    ct: Volume,
    segmentation: SegmentedCt,
    acquisition: CtAcquisition,
    settings: MeasurementSettings = DEFAULT_SETTINGS,
    mode: OperatingMode = PLAIN,
) -> CtMeasurement:
    """Find the lesions of a segmented CT and measure them.

    Args:
        ct: HU on the native grid.
        segmentation: tissues, tissue beneath calcification, probability and body on that grid.
        acquisition: how the CT was made.
        settings: what counts as a lesion, and how it is measured.

    Raises:
        InputError: the segmentation does not lie on the grid of the CT.
    """
    if not ct.same_grid(segmentation.tissues):
        raise InputError("the segmentation does not lie on the grid of the CT it is measured on")
    warnings = acquisition_cautions(ct, acquisition)
    tissues = segmentation.tissues.array
    lesions = find_lesions(ct.with_array(tissues == Label.CALCIFICATION), settings, ct.array)
    disturbances = find_disturbances(ct, segmentation, settings)
    measured: list[Lesion] = []
    chains: tuple[Chain, ...] = ()
    if lesions.count:
        measurer = LesionMeasurer.prepare(
            ct, segmentation, lesions, disturbances, assumed_kvp(acquisition), settings
        )
        measured = [measurer.measure(number) for number in range(1, lesions.count + 1)]
        chains = measurer.chains(measured)
        warnings += measurer.cautions(measured)
    warnings += disturbances.cautions(measured, settings)
    definition = describe_definition(ct, acquisition, settings, mode)
    findings = CtFindings(
        tuple(measured),
        total_burden(measured),
        definition,
        chains,
        distribution_of(measured),
    )
    return CtMeasurement(findings, lesions.ids, tuple(warnings))
