"""SAROS: every fifth slice, impossible HU, a license for each case."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.cases import Case, read_case
from calciscope_train.importers.claims import Claim
from calciscope_train.importers.run import resampled_claims, run_import
from calciscope_train.importers.saros import Saros, annotated_slices

HEADER = "id,tcia_collection,tcia_case_id,anatomic_region,tcia_series_instance_uid,license,split\n"
ROWS = (
    "case_000,A,PAT-1,abdomen,1.2.3,CC BY 4.0,fold-1",
    "case_001,B,PAT-2,thorax,1.2.4,CC BY-NC 3.0,test",
    "case_609,C,PAT-3,wholebody,1.2.5,CC BY 3.0,fold-5",
    "case_700,C,PAT-1,wholebody,1.2.6,CC BY 3.0,fold-2",
)


@pytest.fixture
def dataset(
    tmp_path: Path, trunk: Volume, store: Callable[..., Path], ball: Callable[..., np.ndarray]
) -> Path:
    """Four cases on slices of 5 mm, of which 0, 5 and 10 are annotated.

    The first has its labels as they come from the DICOM segmentations: 0 where 255 belongs. Case
    609 has -3000 HU around the round field of the scanner, and a streak of it in the muscle.
    """
    folder = tmp_path / "saros"
    thick = Volume.from_spacing(trunk.array, (1.0, 1.0, 5.0), (-60.0, -50.0, 100.0))
    hu = thick.array
    regions = np.select([hu == -100, hu == 50, hu >= 700], [1, 2, 5], 0).astype(np.uint8)
    regions[ball(thick, (0, -20, 125), 9)] = 3
    regions[ball(thick, (0, 20, 125), 9)] = 0  # in the body, of no region
    parts = (hu > -500).astype(np.uint8)
    for row in ROWS:
        name = row.partition(",")[0]
        silent = np.arange(hu.shape[2]) % 5 != 0
        values = hu.copy()
        if name == "case_609":
            x, y, _ = np.indices(hu.shape)
            values[np.hypot(x - 59.5, y - 49.5) > 58] = -3000
            values[55:65, 20, 5] = -3000
        for kind, array in (("body-regions", regions), ("body-parts", parts)):
            labels = array.copy()
            labels[:, :, silent] = 0 if name == "case_000" else IGNORE
            store(thick.with_array(labels), folder / "data" / name / f"{kind}.nii.gz")
        store(thick.with_array(values), folder / "data" / name / "image.nii.gz")
    (folder / "Segmentation-Info_09-29-2023.csv").write_text(HEADER + "\n".join(ROWS))
    return folder


@pytest.fixture
def cases(dataset: Path, tmp_path: Path) -> dict[str, Case]:
    run_import(Saros(), dataset, tmp_path / "cases")
    found = (tmp_path / "cases").glob("*/saros_*")
    return {path.name.removeprefix("saros_"): read_case(path) for path in found}


def test_every_annotated_slice_of_a_thin_series_stays() -> None:
    claims = np.full((2, 2, 40), Claim.UNSEEN, np.uint8)
    for number, k in enumerate(range(0, 40, 5)):
        claims[:, :, k] = number % 3 + 1
    on_grid = resampled_claims(claims, (2, 2, 16))
    kept = [int(v) for v in on_grid[0, 0] if v != Claim.UNSEEN]
    assert kept == [number % 3 + 1 for number in range(8)]
    assert on_grid[0, 0, 0] == 1 and on_grid[0, 0, 2] == 2


def test_regions_become_labels_on_annotated_slices_only(
    cases: dict[str, Case], label_at: Callable[..., int]
) -> None:
    expected = {
        (32, 0, 125): Label.BONE,
        (-32, 0, 125): Label.BONE,
        (20, 20, 125): Label.MUSCLE,
        (0, -38, 125): Label.SUBCUTANEOUS,
        (0, -20, 125): Label.BACKGROUND,  # abdominal cavity
        (0, 20, 125): IGNORE,  # of no region, but in the body
        (-58, -48, 125): Label.BACKGROUND,  # air
    }
    for name in ("case_000", "case_001"):
        found = {place: label_at(cases[name], place) for place in expected}
        assert found == expected, name
        for z_mm in (105.5, 110, 115, 119.5, 130.5, 145):
            for place in expected:
                assert label_at(cases[name], (*place[:2], z_mm)) == IGNORE


def test_a_fifth_of_the_slices_is_known(cases: dict[str, Case]) -> None:
    case = cases["case_001"]
    known = (case.labels != IGNORE).any(axis=(0, 1))
    # 12 slices of 5 mm are 24 of 2.5 mm; three of the twelve are annotated.
    assert known.tolist() == [k // 2 % 5 == 0 for k in range(24)]
    assert case.meta["annotated_slices"] == 3


def test_impossible_values_are_air_and_not_taught(
    cases: dict[str, Case], label_at: Callable[..., int], hu_at: Callable[..., int]
) -> None:
    case = cases["case_609"]
    assert case.ct.min() >= -1024
    assert case.meta["impossible_voxels"] > 1000
    assert label_at(case, (0, -30, 125)) == IGNORE
    assert hu_at(case, (0, -30, 125)) < -700
    assert label_at(case, (20, 20, 125)) == Label.MUSCLE
    assert label_at(case, (-59, -49, 125)) == Label.BACKGROUND


def test_split_patient_and_license_come_from_the_row(cases: dict[str, Case]) -> None:
    rows = {name: case.meta for name, case in cases.items()}
    assert {name: row["split"] for name, row in rows.items()} == {
        "case_000": "train",
        "case_001": "test",
        "case_609": "val",  # the fifth fold
        "case_700": "train",
    }
    assert rows["case_000"]["patient_id"] == rows["case_700"]["patient_id"] == "PAT-1"
    assert rows["case_001"]["license"] == "CC-BY-NC-3.0"


def test_licenses_are_filtered_row_by_row(dataset: Path, tmp_path: Path) -> None:
    outcome = run_import(Saros(), dataset, tmp_path / "open", ["CC-BY-4.0", "CC BY 3.0"])
    assert outcome.written == ["saros_case_000", "saros_case_609", "saros_case_700"]
    assert outcome.other_licenses == {"CC-BY-NC-3.0": 1}
    assert not (tmp_path / "open" / "test").exists()


def test_without_a_column_the_license_is_unknown(dataset: Path) -> None:
    table = dataset / "Segmentation-Info_09-29-2023.csv"
    table.write_text(table.read_text().replace(",license,", ",remark,"))
    assert {item.license for item in Saros().find(dataset)} == {"unknown"}


def test_slices_are_annotated_unless_empty_or_ignored() -> None:
    regions = np.zeros((2, 2, 4), dtype=np.uint8)
    regions[:, :, 1] = IGNORE
    regions[0, 0, 2] = 5
    regions[:, :, 3] = [[IGNORE, 0], [0, 2]]
    assert annotated_slices(regions).tolist() == [False, False, True, False]


def test_another_layout_is_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected Segmentation-Info_\*\.csv.* found data"):
        (tmp_path / "bare" / "data").mkdir(parents=True)
        Saros().find(tmp_path / "bare")
    (dataset / "data" / "case_000" / "body-parts.nii.gz").unlink()
    outcome = run_import(Saros(), dataset, tmp_path / "cases", limit=1)
    assert "expected image.nii.gz, body-regions.nii.gz and body-parts.nii.gz; found" in str(
        outcome.refused
    )
