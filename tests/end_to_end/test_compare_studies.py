"""Two studies through `calciscope.compare`: each is analyzed, and its results are kept."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from jsonschema import Draft202012Validator

import calciscope
from calciscope.findings_json import findings_schema
from calciscope.followup.comparison_json import comparison_schema

pytestmark = pytest.mark.slow


@pytest.fixture
def studies(tmp_path: Path) -> tuple[Path, Path]:
    """Two cylinders of muscle, 6 mm farther to the head at the second date."""
    x, y, z = np.meshgrid(np.arange(150), np.arange(64), np.arange(24), indexing="ij")
    right, left = ((2.0 * x - 149 - c) ** 2 + (2.0 * y - 64) ** 2 for c in (-70, 70))
    # Cones, so that a shift along them shows.
    radius = 40.0 + 0.3 * z
    hu = np.where(np.minimum(left, right) < radius**2, 50, -1000).astype(np.int16)
    paths = []
    for name, shift in (("a", 0.0), ("b", 6.0)):
        affine = np.diag([-2.0, -2.0, 3.0, 1.0])
        affine[:3, 3] = (149.0, 64.0, shift)
        paths.append(tmp_path / f"{name}.nii.gz")
        nib.save(nib.Nifti1Image(hu, affine), paths[-1])
    return paths[0], paths[1]


def test_both_results_and_the_change(studies: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    stages: list[str] = []
    comparison = calciscope.compare(
        *studies, out, progress=lambda stage, share: stages.append(stage)
    )
    document = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    Draft202012Validator(comparison_schema()).validate(document)
    for name in ("earlier", "later"):
        assert document[name]["results"] == name
        findings = json.loads((out / name / "findings.json").read_text(encoding="utf-8"))
        Draft202012Validator(findings_schema()).validate(findings)
        assert (out / name / "report.html").is_file()
        assert f"{name}: reading" in stages
    # NIfTI says nothing of the tube voltage, and there is no bone.
    assert comparison.days_between is None
    assert any("tube voltage" in words for words in comparison.differences)
    assert any("outline of the body" in words for words in comparison.warnings)
    for part in comparison.registration:
        assert part.earlier_to_later is not None
        assert part.earlier_to_later[2][3] == pytest.approx(6.0, abs=1.0)
    assert "give the studies instead" not in (out / "comparison.html").read_text(encoding="utf-8")
