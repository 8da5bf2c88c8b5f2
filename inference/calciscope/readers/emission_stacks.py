"""EmissionStack: one volume of an emission, and what its slices show."""

import re
from dataclasses import dataclass, replace

from pydicom import Dataset
from pydicom.uid import NuclearMedicineImageStorage

from calciscope.errors import SeriesGeometryError
from calciscope.readers.elements import items, number, quiet, text
from calciscope.readers.emission import Emission
from calciscope.readers.geometry import Stack
from calciscope.readers.headers import read_dataset
from calciscope.readers.nm_frames import ENERGY_WINDOW, nm_slices
from calciscope.readers.slices import Slice, slice_of
from calciscope.readers.stacks import stacks_of
from calciscope.readers.uptake_values import ValueScale, value_scale

_SCATTER_WINDOW = re.compile(
    r"scat|compton|(?<![a-z])(tew|dew|lower|upper)(?![a-z])", re.IGNORECASE
)
"""In the name of an energy window, where lower and upper can mean nothing else."""

_SCATTER_SERIES = re.compile(r"(?<!for )scat(?!.*(corr|comp))|compton", re.IGNORECASE)
"""In a description, where lower may be a leg and TEW how scatter was corrected."""


@dataclass(frozen=True, eq=False)
class EmissionStack:
    """A whole SPECT, a bed position or an energy window of it; values and place, no pixels yet.

    Attributes:
        emission: the series.
        stack: its slices, with the slope and intercept that give `units`.
        units: BQ_ML, SUVBW or COUNTS.
        frame_of_reference_uid: empty where there is none.
        is_scatter: whether its energy window misses the photons of the radionuclide.
        warnings: what the headers contradict themselves in.
    """

    emission: Emission
    stack: Stack
    units: str
    frame_of_reference_uid: str
    is_scatter: bool
    warnings: tuple[str, ...] = ()


def emission_stacks(emission: Emission) -> list[EmissionStack]:
    """The stacks of a series: of each multi-frame file and energy window, else of all its files.

    A file that is there several times is taken once.

    Raises:
        SeriesGeometryError: slices missing, doubled, too few, not placed, or of several units.
        UnreadableFileError: a file is truncated or corrupt.
    """
    series, single, groups = emission.series, [], []
    is_nm = series.sop_class_uid == NuclearMedicineImageStorage
    scales: dict[str, ValueScale] = {}
    with quiet():
        for file in emission.files:
            header = read_dataset(file, pixels=False)
            uid = text(header, "SOPInstanceUID") or file.name
            if uid in scales:
                continue
            scales[uid] = scale = value_scale(header, series.name)
            slices = nm_slices(header, file) if is_nm else (slice_of(header, file),)
            slices = tuple(_scaled(each, scale, uid) for each in slices)
            if len(slices) == 1:
                single.append(replace(slices[0], frame=None))
            else:
                windows = dict.fromkeys(each.stack for each in slices)
                groups += [[e for e in slices if e.stack == window] for window in windows]
    if single:
        groups.append(single)
    parts = [replace(series, slices=tuple(group)) for group in groups]
    stacks = [found.stack for part in parts for found in stacks_of(part)]
    return [_stack(emission, stack, scales) for stack in stacks]


def _scaled(each: Slice, scale: ValueScale, uid: str) -> Slice:
    return replace(each, slope=scale.slope, intercept=scale.intercept, sop_instance_uid=uid)


def _stack(emission: Emission, stack: Stack, scales: dict[str, ValueScale]) -> EmissionStack:
    used = [scales[uid] for uid in dict.fromkeys(each.sop_instance_uid for each in stack.slices)]
    name = emission.series.name
    if len({scale.units for scale in used}) > 1:
        raise SeriesGeometryError(
            f"{name} mixes images in {' and '.join(sorted({scale.units for scale in used}))}; "
            "put each kind into its own folder and give one"
        )
    if not (stack.is_straight and stack.is_even):
        raise SeriesGeometryError(
            f"{name} has slices that are tilted, shifted or unevenly spaced; "
            "export the original SPECT"
        )
    with quiet():
        header = read_dataset(stack.slices[0].file, pixels=False)
        return EmissionStack(
            emission=emission,
            stack=stack,
            units=used[0].units,
            frame_of_reference_uid=text(header, "FrameOfReferenceUID"),
            is_scatter=_is_scatter(emission, header, stack.slices[0].stack),
            warnings=tuple(dict.fromkeys(w for scale in used for w in scale.warnings)),
        )


def _is_scatter(emission: Emission, header: Dataset, window: str) -> bool:
    """Whether an energy window holds no photon of the radionuclide, or else is named so.

    Energies say it for sure; the names of window and series are asked where they or the
    radionuclide are not known.
    """
    windows = items(header, "EnergyWindowInformationSequence")
    index = int(window.removeprefix(ENERGY_WINDOW) or 1) - 1
    of_window = windows[index] if 0 <= index < len(windows) else Dataset()
    nuclide = emission.injection.radionuclide
    ranges = [
        (number(each, "EnergyWindowLowerLimit"), number(each, "EnergyWindowUpperLimit"))
        for each in items(of_window, "EnergyWindowRangeSequence")
    ]
    known = [(low, high) for low, high in ranges if low is not None and high]
    if nuclide is not None and nuclide.photons_kev and known:
        return not any(low <= kev <= high for low, high in known for kev in nuclide.photons_kev)
    named = _SCATTER_WINDOW.search(text(of_window, "EnergyWindowName"))
    return (named or _SCATTER_SERIES.search(emission.series.description)) is not None
