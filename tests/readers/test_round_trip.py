"""Whatever the grid, its slices in whatever files: every voxel comes back to its place."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import dcmread

from calciscope.errors import SeriesGeometryError
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import CtStudy, read_ct
from calciscope.volume import Volume

SHAPE = (5, 4, 6)
POSITIONS = {
    "HFS": ((1, 0, 0), (0, 1, 0)),
    "HFP": ((-1, 0, 0), (0, -1, 0)),
    "HFDR": ((0, 1, 0), (-1, 0, 0)),
    "HFDL": ((0, -1, 0), (1, 0, 0)),
    "FFS": ((-1, 0, 0), (0, 1, 0)),
    "FFP": ((1, 0, 0), (0, -1, 0)),
    "FFDR": ((0, -1, 0), (-1, 0, 0)),
    "FFDL": ((0, 1, 0), (1, 0, 0)),
}
"""Where the patient has the scanner's right and bottom, seen from the table's end (C.7.3.1.1.2)."""


@st.composite
def rotations(draw: st.DrawFn) -> NDArray[np.float64]:
    """Any turn, from three angles."""
    turn = np.eye(3)
    for axis in range(3):
        angle = draw(st.floats(-np.pi, np.pi))
        a, b = [i for i in range(3) if i != axis]
        about = np.eye(3)
        about[a, a] = about[b, b] = np.cos(angle)
        about[a, b], about[b, a] = -np.sin(angle), np.sin(angle)
        turn = turn @ about
    return turn


@st.composite
def grids(draw: st.DrawFn, directions: NDArray[np.float64] | None = None) -> Volume:
    """Random values on a grid along the given directions (as columns), or obliquely."""
    turn = draw(rotations()) if directions is None else directions
    spacing = [draw(st.floats(0.3, 1.5)), draw(st.floats(0.3, 1.5)), draw(st.floats(0.4, 8))]
    affine = np.eye(4)
    affine[:3, :3] = turn * spacing
    affine[:3, 3] = [draw(st.floats(-900, 900)) for _ in range(3)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Volume(rng.integers(-1024, 3071, SHAPE).astype(np.int16), affine)


def shuffled(paths: list[Path], seed: int) -> None:
    """Other names, another order of names, and folders within folders."""
    source = random.Random(seed)
    names = [f"IM{number}" for number in range(len(paths))]
    source.shuffle(names)
    for path, name in zip(paths, names, strict=True):
        place = path.parent / source.choice([".", "a", "a/b"]) / name
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)


def through_files(
    volume: Volume, seed: int = 0, position: str = "HFS", thick: float = 1
) -> CtStudy:
    with TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_ct_series(
            volume, folder, uid_seed="x", patient_position=position, slice_thickness_mm=thick
        )
        shuffled(paths, seed)
        return read_ct(folder)


def assert_same_voxels(found: Volume, volume: Volume) -> None:
    every = np.stack(np.indices(volume.shape), axis=-1).reshape(-1, 3)
    places = found.index(volume.lps_mm(every))
    # A thousandth of a voxel: positions are written with 16 characters.
    np.testing.assert_allclose(places, np.rint(places), atol=1e-3)
    i, j, k = np.rint(places).astype(int).T
    assert found.array.size == volume.array.size
    np.testing.assert_array_equal(found.array[i, j, k], volume.array[tuple(every.T)])
    assert np.linalg.det(found.affine[:3, :3]) > 0


@settings(max_examples=40)
@given(st.data(), st.integers(0, 1000))
def test_oblique_slices_of_any_spacing(data: st.DataObject, seed: int) -> None:
    volume = data.draw(grids())
    study = through_files(volume, seed)
    assert_same_voxels(study.volume, volume)
    assert (study.warnings, study.resampled) == ((), False)


@pytest.mark.parametrize("position", POSITIONS)
@settings(max_examples=6)
@given(st.data(), st.sampled_from([-1, 1]))
def test_patient_positions(position: str, data: st.DataObject, along: int) -> None:
    """The scanner's image axes, and slices to its back or to its front, for every position."""
    right, down = np.array(POSITIONS[position], dtype=float)
    inward = np.cross(right, down)
    # Head first, the observer stands at the feet: away from him lies the head.
    assert inward[2] == (1 if position.startswith("H") else -1)
    volume = data.draw(grids(np.stack([right, down, along * inward], axis=1)))
    study = through_files(volume, position=position)
    assert_same_voxels(study.volume, volume)
    assert study.acquisition.patient_position == position
    # Left is left: the value at the largest x is at the high end of the first canonical axis.
    seen = study.volume.canonical().volume
    leftmost = np.argmax(volume.lps_mm(np.stack(np.indices(SHAPE), -1))[..., 0])
    assert volume.array.ravel()[leftmost] in seen.array[-1]


@settings(max_examples=15)
@given(st.data(), st.floats(1.1, 4))
def test_overlapping_slices_lie_where_their_centers_are(data: st.DataObject, times: float) -> None:
    volume = data.draw(grids())
    study = through_files(volume, thick=float(volume.spacing_mm[2]) * times)
    assert_same_voxels(study.volume, volume)
    assert study.warnings == ()


def ramp(volume: Volume, direction: NDArray[np.float64]) -> Volume:
    """HU that grow by 10 a mm along a direction, from 0 in the middle of the volume."""
    places = volume.lps_mm(np.stack(np.indices(volume.shape), axis=-1))
    middle = volume.lps_mm((np.array(volume.shape) - 1) / 2)
    return volume.with_array(np.rint(10 * (places - middle) @ direction).astype(np.int16))


@settings(max_examples=25)
@given(rotations(), st.floats(2, 35), st.sampled_from([-1, 1]), st.integers(0, 1000))
def test_a_tilted_gantry(turn: NDArray[np.float64], degrees: float, way: int, seed: int) -> None:
    # The table moves along z of the turned patient, the slices lean by some degrees about x.
    angle = np.radians(way * degrees)
    leaning = [[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, 0, 1]]
    affine = np.eye(4)
    affine[:3, :3] = turn @ (np.array(leaning).T * [0.8, 0.9, 2.5])
    empty = Volume(np.zeros((12, 14, 8), np.int16), affine)
    direction = turn @ np.array([0.48, 0.6, 0.64])  # of length 1
    study = through_files(ramp(empty, direction), seed)
    assert study.resampled
    told = float(study.warnings[0].split("is tilted by ")[1].split(" degrees")[0])
    assert told == pytest.approx(degrees, abs=0.051)
    assert study.volume.is_rectangular
    wanted = ramp_at(study.volume, empty, direction)
    inside = study.volume.array != -1024
    # Steps of 10 HU a mm, rounded when written and once more when resampled; half of it is body.
    assert np.abs(study.volume.array - wanted)[inside & edge_free(study.volume.array)].max() <= 1.5
    assert inside.sum() > 0.5 * empty.array.size


def ramp_at(found: Volume, origin: Volume, direction: NDArray[np.float64]) -> NDArray[np.float64]:
    places = found.lps_mm(np.stack(np.indices(found.shape), axis=-1))
    middle = origin.lps_mm((np.array(origin.shape) - 1) / 2)
    return np.asarray(10 * (places - middle) @ direction)


def edge_free(array: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Voxels none of whose neighbors within the slice is outside the field of view."""
    inside = np.pad(array != -1024, ((1, 1), (1, 1), (0, 0)))
    return np.asarray(inside[2:, 1:-1] & inside[:-2, 1:-1] & inside[1:-1, 2:] & inside[1:-1, :-2])


@settings(max_examples=25)
@given(rotations(), st.lists(st.sampled_from([2.0, 2.9, 3.1]), min_size=5, max_size=9))
def test_unequal_spacing(turn: NDArray[np.float64], gaps: list[float]) -> None:
    heights = np.concatenate([[0], np.cumsum(gaps)])
    affine = np.eye(4)
    affine[:3, :3] = turn * [0.8, 0.9, 1.0]
    line = Volume(np.zeros((5, 4, len(heights)), np.int16), affine)
    planes = np.broadcast_to(np.rint(10 * heights), line.shape).astype(np.int16)
    with TemporaryDirectory() as name:
        paths = write_ct_series(line.with_array(planes - 600), Path(name), uid_seed="x")
        for path, height in zip(paths, heights, strict=True):
            dataset = dcmread(path)
            dataset.ImagePositionPatient = [round(v, 9) for v in turn[:, 2] * height]
            dataset.save_as(path)
        study = read_ct(Path(name))
    places = study.volume.lps_mm(np.stack(np.indices(study.volume.shape), axis=-1))
    error = np.abs(study.volume.array - (10 * places @ turn[:, 2] - 600))
    # Positions may be off by 0.15 mm (5 % of 3 mm) before a stack counts as uneven.
    assert error.max() <= (1.0 if study.resampled else 2.0)
    assert study.resampled is bool(study.warnings)
    if len(set(gaps)) > 1 and 2.0 in gaps:
        assert "unequal slice spacing (2.00 to" in study.warnings[0]


@settings(max_examples=25)
@given(st.data(), st.integers(1, 10), st.integers(0, 1000))
def test_a_lost_slice_is_told_by_its_place(data: st.DataObject, lost: int, seed: int) -> None:
    volume = data.draw(grids(np.eye(3)))
    volume = Volume(np.zeros((5, 4, 12), np.int16) - 900, volume.affine)
    with TemporaryDirectory() as name:
        paths = write_ct_series(volume, Path(name), uid_seed="x")
        paths.pop(lost).unlink()
        shuffled(paths, seed)
        with pytest.raises(SeriesGeometryError) as refusal:
            read_ct(Path(name))
    place = volume.lps_mm([0, 0, lost])[2]
    decimals = 1 if volume.spacing_mm[2] >= 1 else 2
    told = float(str(refusal.value).split("missing at z = ")[1].split(" mm")[0])
    assert told == pytest.approx(place, abs=0.51 * 10**-decimals)


@settings(max_examples=15)
@given(st.integers(0, 5), st.integers(0, 1000), st.booleans())
def test_a_slice_that_is_there_twice_is_refused(twice: int, seed: int, renamed: bool) -> None:
    volume = Volume.from_spacing(np.full((5, 4, 6), -900, np.int16), (0.8, 0.7, 2.5))
    with TemporaryDirectory() as name:
        paths = write_ct_series(volume, Path(name), uid_seed="x")
        copy = dcmread(paths[twice])
        if renamed:
            copy.SOPInstanceUID = copy.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        copy.save_as(Path(name) / "copy")
        shuffled([*paths, Path(name) / "copy"], seed)
        with pytest.raises(SeriesGeometryError, match=rf"duplicate slices at z = {2.5 * twice} mm"):
            read_ct(Path(name))
