"""Whether a SPECT and a CT are of one patient and one place, so that they can be fused."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from pydicom import Dataset

from calciscope.errors import PairingError
from calciscope.readers.elements import quiet, text
from calciscope.readers.geometry import Floats
from calciscope.readers.spect_study import SpectStudy
from calciscope.readers.study import CtStudy, SeriesSummary
from calciscope.volume import Volume


def pair(ct: CtStudy, spect: SpectStudy) -> tuple[str, ...]:
    """Check that both can be fused.

    With the same frame of reference they share a world by definition. Without it they must at
    least overlap there, and registration is uncertain.

    Returns:
        Warnings.

    Raises:
        PairingError: of two patients or studies, or without overlap.
    """
    both = f"the CT of {ct.source} and the SPECT of {spect.source}"
    frames = _frame_of(ct.instances), spect.frame_of_reference_uid or ""
    same_frame = bool(frames[0]) and frames[0] == frames[1]
    if _differ(ct, spect, "PatientID"):
        raise PairingError(f"{both} are of different patients; give both of one")
    warnings = []
    if _differ(ct, spect, "StudyInstanceUID"):
        if not same_frame:
            raise PairingError(f"{both} are of different studies; give both of one study")
        warnings.append(f"{both} are of two studies, with one frame of reference")
    if not _overlap(ct.volume, spect.volume):
        raise PairingError(
            f"{both} show different parts, as they do not overlap; give a CT of what the SPECT "
            "shows"
        )
    if not same_frame and ct.instances and spect.instances:
        what = (
            "have different frames of reference"
            if all(frames)
            else ("do not both name a frame of reference")
        )
        warnings.append(f"{both} {what}; check that they lie on one another, or register them")
    return tuple(warnings)


def left_out_of_both(ct: CtStudy, spect: SpectStudy | None) -> tuple[SeriesSummary, ...]:
    """What neither was read as CT nor as SPECT, and what was read as SPECT, each with its reason.

    The reader of CT leaves all nuclear medicine out as no CT; where that of SPECT has looked at it
    too, its word is the better one.
    """
    if spect is None:
        return ct.left_out
    looked_at = {each.series_instance_uid: each.reason for each in spect.left_out}
    if spect.series is not None:
        looked_at[spect.series.series_instance_uid] = "read as SPECT"
    known = {each.series_instance_uid for each in ct.left_out}
    told = [
        each
        if each.modality == "CT"
        else replace(each, reason=looked_at.get(each.series_instance_uid, each.reason))
        for each in ct.left_out
    ]
    return (*told, *(each for each in spect.left_out if each.series_instance_uid not in known))


def _frame_of(instances: Sequence[Dataset]) -> str:
    with quiet():
        return text(instances[0], "FrameOfReferenceUID") if instances else ""


def _differ(ct: CtStudy, spect: SpectStudy, keyword: str) -> bool:
    """Whether both say something and not the same; what is empty or absent says nothing."""
    if not ct.instances or not spect.instances:
        return False
    with quiet():
        ours, theirs = text(ct.instances[0], keyword), text(spect.instances[0], keyword)
    return bool(ours) and bool(theirs) and ours != theirs


def _overlap(one: Volume, other: Volume) -> bool:
    (low, high), (other_low, other_high) = _box(one), _box(other)
    return bool((np.minimum(high, other_high) > np.maximum(low, other_low)).all())


def _box(volume: Volume) -> tuple[Floats, Floats]:
    """Lowest and highest world position of the edges of a volume, LPS mm; shape (3,) each."""
    ends = [(-0.5, count - 0.5) for count in volume.shape]
    corners = volume.lps_mm(np.array(list(product(*ends))))
    return corners.min(axis=0), corners.max(axis=0)
