"""Sentences that page and paper share."""

from dataclasses import replace
from typing import Any

from calciscope.writers.report_texts import (
    burden_hint,
    gallery_hint,
    gallery_title,
    key_figures,
    method_rows,
    projections_hint,
)


def test_hints_say_what_is_shown() -> None:
    assert "; the largest bear their number. H head" in projections_hint(True)
    assert "number" not in projections_hint(False)
    assert gallery_hint(12, 90).startswith("12 of 90: the largest of each compartment in turn. A")
    assert gallery_hint(12, 12).startswith("Axial slice")
    assert (gallery_title(1), gallery_title(2)) == ("The lesion", "Largest lesions")


def test_settings_stand_in_the_sentences(make_findings: Any) -> None:
    definition = replace(
        make_findings().ct.definition,
        ha_mg_cc_per_hu=0.8104,
        ha_mg_cc_per_hu_relative_uncertainty=0.12,
        kvp=130.0,
        kvp_assumed=False,
        connectivity=26,
        minimum_volume_mm3=5.0,
        minimum_voxels=2,
        agatston_threshold_hu=123.4,
    )
    assert "by calibration, ± 12 % of all alike" in burden_hint(definition)
    rows = dict(method_rows(definition))
    assert "26-connected components of at least 5 mm³ and 2 voxels." in rows["Lesions"]
    mass = rows["Hydroxyapatite mass"]
    assert "Calibration: 0.810 mg/cm³ per HU at 130 kVp, ± 12 % without" in mass
    assert rows["Agatston-like score"].endswith("Threshold 123 HU.")
    assumed = dict(method_rows(replace(definition, kvp_assumed=True)))
    assert "at 130 kVp (assumed), ±" in assumed["Hydroxyapatite mass"]


def test_key_figures(make_findings: Any, make_lesion: Any) -> None:
    """Two lesions of 80 mm3 (100 by voxels) and 20 mg, each with 1 mg of noise.

    Calcium is 0.399 of 40 mg: 16 mg. Calibration: 12 % of 40 mg; with sqrt(2) mg of noise 5.0 mg.
    """
    lesions = [make_lesion(1, hu_max=900.0), make_lesion(2, longest_diameter_mm=21.0)]
    figures = key_figures(make_findings(lesions).ct)
    assert [(figure.value, figure.note) for figure in figures] == [
        ("2", ""),
        ("0.16 mL", "0.20 mL by voxels"),
        ("40 mg", "± 5.0 mg, of which noise 1.4 mg; calcium 16 mg"),
        ("900 HU", ""),
        ("21 mm", ""),
    ]
    assert key_figures(make_findings().ct) == ()
