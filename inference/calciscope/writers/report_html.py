"""The HTML report: one file with everything in it, no network needed."""

from pathlib import Path
from typing import Any

from calciscope.ct.neighborhood import SegmentedCt
from calciscope.findings import Findings
from calciscope.messages import LANGUAGES, messages
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers import report_burden, report_tables, report_texts, wording
from calciscope.writers.page_templates import page_templates
from calciscope.writers.report_labs import derived_rows, given_rows
from calciscope.writers.report_pictures import StudyPictures, draw_pictures
from calciscope.writers.report_study import study_rows
from calciscope.writers.report_viewer import report_viewer
from calciscope.writers.spect import texts
from calciscope.writers.spect.input import SpectPictureInput
from calciscope.writers.spect.page import spect_page


def write_html_report(
    path: Path,
    study: CtStudy,
    segmentation: SegmentedCt,
    lesions: Volume,
    findings: Findings,
    pictures: StudyPictures | None = None,
    spect: SpectPictureInput | None = None,
) -> None:
    """Write the report of one study.

    Args:
        path: file to write.
        study: what was analyzed.
        segmentation: its body keeps the table out of the projections.
        lesions: lesion ids on the grid of the CT.
        findings: everything that is said in words and figures.
        pictures: drawn here where they are not given.
        spect: in the world of the CT, for pictures and viewer; None without SPECT.
    """
    ct = findings.ct
    pictures = pictures or draw_pictures(study, segmentation, lesions, ct, spect)
    words = messages(findings.conclusion.language if findings.conclusion else LANGUAGES[0])
    page: dict[str, Any] = {
        "words": words,
        "texts": report_texts,
        "spect_texts": texts,
        "spect": spect_page(findings, pictures.spect, words),
        "title": report_texts.title(findings),
        "findings": findings,
        "definition": ct.definition,
        "summary": f"{wording.summary_sentence(ct)} {texts.uptake_summary(findings)}".rstrip(),
        "key_figures": (*report_texts.key_figures(ct), *texts.uptake_figures(findings.spect)),
        "study_rows": study_rows(study),
        "legend": report_burden.compartments_found(ct.burden),
        "projections": pictures.projections,
        "close_ups": pictures.close_ups,
        "viewer": report_viewer(study, segmentation, lesions, ct.lesions, spect),
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
    template = page_templates().get_template("report.html.j2")
    path.write_text(template.render(page), encoding="utf-8")
