"""The HTML report: one file with everything in it, no network needed."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from calciscope.ct.neighborhood import SegmentedCt
from calciscope.findings import CtFindings, Findings
from calciscope.messages import LANGUAGES, messages
from calciscope.readers.study import CtStudy, series_text
from calciscope.volume import Volume
from calciscope.writers import report_burden, report_tables, report_texts, wording
from calciscope.writers.pictures import compartment_color
from calciscope.writers.report_blocks import KeyFigure
from calciscope.writers.report_labs import derived_rows, given_rows
from calciscope.writers.report_pictures import StudyPictures, draw_pictures
from calciscope.writers.report_study import study_rows
from calciscope.writers.report_viewer import report_viewer


def write_html_report(
    path: Path,
    study: CtStudy,
    segmentation: SegmentedCt,
    lesions: Volume,
    findings: Findings,
    pictures: StudyPictures | None = None,
) -> None:
    """Write the report of one study.

    Args:
        path: file to write.
        study: what was analyzed.
        segmentation: its body keeps the table out of the projections.
        lesions: lesion ids on the grid of the CT.
        findings: everything that is said in words and figures.
        pictures: drawn here where they are not given.
    """
    ct = findings.ct
    pictures = pictures or draw_pictures(study, segmentation, lesions, ct)
    words = messages(findings.conclusion.language if findings.conclusion else LANGUAGES[0])
    page: dict[str, Any] = {
        "words": words,
        "texts": report_texts,
        "findings": findings,
        "definition": ct.definition,
        "summary": wording.summary_sentence(ct),
        "key_figures": key_figures(ct),
        "study_rows": study_rows(study),
        "legend": report_burden.compartments_found(ct.burden),
        "projections": pictures.projections,
        "close_ups": pictures.close_ups,
        "viewer": report_viewer(study, segmentation, lesions, ct.lesions),
        "burden_head": report_burden.BURDEN_HEAD,
        "burden_groups": report_burden.burden_groups(ct.burden),
        "region_head": report_burden.REGION_HEAD,
        "region_rows": report_burden.region_rows(ct.burden),
        "chain_head": report_tables.CHAIN_HEAD,
        "chain_rows": [report_tables.chain_cells(chain) for chain in ct.chains],
        "distribution_rows": report_tables.distribution_rows(ct.distribution),
        "lesion_head": report_tables.LESION_HEAD,
        "lesion_rows": [report_tables.lesion_cells(lesion) for lesion in ct.lesions],
        "definition_rows": report_tables.definition_rows(ct.definition),
        "provenance_rows": report_tables.provenance_rows(findings),
        "study": study,
    }
    if findings.labs is not None:
        page["given_rows"] = given_rows(findings.labs, words)
        page["derived_rows"] = derived_rows(findings.labs, words)
    path.write_text(environment().get_template("report.html.j2").render(page), encoding="utf-8")


def key_figures(ct: CtFindings) -> tuple[KeyFigure, ...]:
    """The figures a reader looks for first; none where nothing was found."""
    if not ct.lesions:
        return ()
    total = ct.burden.total
    longest = max(lesion.longest_diameter_mm for lesion in ct.lesions)
    return (
        KeyFigure(str(total.count), "lesion" if total.count == 1 else "lesions"),
        KeyFigure(
            wording.volume_text(total.volume_pv_mm3),
            "volume, partial-volume corrected",
            f"{wording.volume_text(total.volume_mm3)} by voxels",
        ),
        KeyFigure(
            wording.mass_text(total.ha_mass_mg),
            "hydroxyapatite",
            f"± {wording.mass_text(total.ha_mass_uncertainty_mg)}, of which noise "
            f"{wording.mass_text(total.ha_mass_noise_mg)}; calcium "
            f"{wording.mass_text(total.calcium_mass_mg)}",
        ),
        KeyFigure(f"{max(lesion.hu_max for lesion in ct.lesions):.0f} HU", "densest voxel"),
        KeyFigure(f"{longest:.0f} mm", "longest lesion"),
    )


def environment() -> Environment:
    """Templates beside this file; every value is escaped, every missing one is an error."""
    environment = Environment(
        loader=PackageLoader("calciscope.writers", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "volume_text": wording.volume_text,
        "mass_text": wording.mass_text,
        "compartment_text": wording.compartment_text,
        "compartment_color": compartment_color,
        "series_text": series_text,
        "sentence": wording.sentence,
    }
    return environment
