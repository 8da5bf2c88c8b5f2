"""COCA: contours in property lists whose ImageIndex is not the slice."""

import plistlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.phantom.dicom import write_ct_series
from calciscope.volume import Volume
from calciscope_train.cases import read_case
from calciscope_train.importers.coca import Coca
from calciscope_train.importers.run import run_import

CALCIUM = (5.0, -12.0)
"""x, y in mm of the calcium, and of the contour drawn around it."""
SLICE = 7
WRONG_INDEX = 2
LAD = "Left Anterior Descending Artery"


def roi(ct: Volume, k: int, half_mm: float = 4.0, name: str = LAD) -> dict[str, object]:
    """A square contour as OsiriX writes it."""
    x, y = CALCIUM
    z = float(ct.lps_mm([0, 0, k])[2])
    ends = (-half_mm, half_mm)
    corners = [(x + ends[i], y + ends[j], z) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
    pixels = [ct.index(corner)[:2] for corner in corners]
    return {
        "Area": (2 * half_mm) ** 2 / 100,
        "Center": f"({x:f}, {y:f}, {z:f})",
        "Dev": 80.0,
        "IndexInImage": 0,
        "Length": 8 * half_mm / 10,
        "Max": 500.0,
        "Mean": 300.0,
        "Min": 40.0,
        "Name": name,
        "NumberOfPoints": 4,
        "Point_mm": [f"({a:f}, {b:f}, {c:f})" for a, b, c in corners],
        "Point_px": [f"({a:f}, {b:f})" for a, b in pixels],
        "Total": 1000.0,
        "Type": 15,
    }


def write_xml(path: Path, rois: list[dict[str, object]]) -> None:
    empty = {**rois[0], "Area": 0.0, "NumberOfPoints": 0, "Point_mm": [], "Point_px": []}
    images = [
        {"ImageIndex": WRONG_INDEX, "NumberOfROIs": len(rois), "ROIs": rois},
        {"ImageIndex": 4, "NumberOfROIs": 1, "ROIs": [empty]},
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(plistlib.dumps({"Images": images}, fmt=plistlib.FMT_XML))


@pytest.fixture
def ct(trunk: Volume, ball: Callable[..., np.ndarray]) -> Volume:
    """The trunk with a bead of 500 HU in slice 7 and, at the same place, in slice 2."""
    hu = trunk.array.copy()
    for k in (SLICE, WRONG_INDEX):
        bead = ball(trunk, (*CALCIUM, trunk.lps_mm([0, 0, k])[2]), 2.4)
        hu[bead] = 500
    return trunk.with_array(hu)


@pytest.fixture
def dataset(tmp_path: Path, ct: Volume) -> Path:
    """One patient in real DICOM, one without contours, one whose contours are elsewhere."""
    folder = tmp_path / "cocacoronarycalciumandchestcts-2"
    gated = folder / "Gated_release_final"
    for patient in ("0", "1", "2"):
        write_ct_series(ct, gated / "patient" / patient / "Pro_Gated_CS_3.0", uid_seed=patient)
    write_xml(gated / "calcium_xml" / "0.xml", [roi(ct, SLICE)])
    write_xml(gated / "calcium_xml" / "2.xml", [roi(ct, SLICE), roi(ct, 40)])
    (folder / "deidentified_nongated" / "0" / "0").mkdir(parents=True)
    return folder


def test_the_slice_is_the_one_at_the_height_in_mm(
    dataset: Path, tmp_path: Path, ct: Volume, label_at: Callable[..., int]
) -> None:
    outcome = run_import(Coca(), dataset, tmp_path / "cases", limit=1)
    assert outcome.written == ["coca_0"]
    (folder,) = (tmp_path / "cases").glob("*/coca_0")
    case = read_case(folder)
    z = [float(ct.lps_mm([0, 0, k])[2]) for k in (SLICE, WRONG_INDEX)]
    assert label_at(case, (*CALCIUM, z[0])) == Label.VASCULAR
    assert label_at(case, (*CALCIUM, z[1])) == IGNORE
    # Inside of the contour but not dense; outside of it; bone; air.
    assert label_at(case, (CALCIUM[0] + 3.5, CALCIUM[1], z[0])) == IGNORE
    assert label_at(case, (CALCIUM[0] + 9, CALCIUM[1], z[0])) == IGNORE
    assert label_at(case, (32, 0, z[0])) == IGNORE
    assert label_at(case, (-58, -48, z[0])) == Label.BACKGROUND
    values, counts = np.unique(case.labels, return_counts=True)
    assert values.tolist() == [Label.BACKGROUND, Label.VASCULAR, IGNORE]
    # The bead's part of one slice: voxels of 1 x 1 mm within 2.4 mm of its center.
    bead = (ct.array[:, :, SLICE] == 500).sum()
    assert counts[1] == bead > 10
    assert case.meta["contours"] == {LAD: 1}
    assert case.meta["largest_pixel_to_mm_offset"] < 0.01
    assert case.meta["license"] == "Stanford-research-use"


def test_a_contour_between_the_slices_is_refused(dataset: Path, tmp_path: Path) -> None:
    outcome = run_import(Coca(), dataset, tmp_path / "cases")
    assert list(outcome.refused) == ["coca_2"]
    assert (
        "on no slice of the CT: found z = 200.00 mm, expected 100.00 to 127.50"
        in (outcome.refused["coca_2"])
    )


def test_patients_without_contours_are_not_listed(dataset: Path) -> None:
    assert [item.case_id for item in Coca().find(dataset)] == ["coca_0", "coca_2"]
    assert len(Coca().find(dataset / "Gated_release_final")) == 2
    assert len(Coca().find(dataset.parent)) == 2


def test_other_structures_are_not_called_coronary(
    dataset: Path, tmp_path: Path, ct: Volume
) -> None:
    xml = dataset / "Gated_release_final" / "calcium_xml" / "0.xml"
    write_xml(xml, [roi(ct, SLICE, name="Mitral annulus")])
    run_import(Coca(), dataset, tmp_path / "cases", limit=1)
    (folder,) = (tmp_path / "cases").glob("*/coca_0")
    assert not (read_case(folder).labels == Label.VASCULAR).any()


@pytest.mark.parametrize(
    "text",
    ["<plist><dict>", "no xml", "<?xml version='1.0'?><plist version='1.0'><array/></plist>"],
)
def test_a_broken_list_is_refused(dataset: Path, tmp_path: Path, text: str) -> None:
    (dataset / "Gated_release_final" / "calcium_xml" / "0.xml").write_text(text)
    outcome = run_import(Coca(), dataset, tmp_path / "cases", limit=1)
    assert "is not a list of contours: expected a property list" in outcome.refused["coca_0"]


def test_another_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deidentified_nongated").mkdir()
    with pytest.raises(InputError, match=r"expected Gated_release_final.* found deidentified_non"):
        Coca().find(tmp_path)
