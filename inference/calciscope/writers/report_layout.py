"""The parts of a study's report in their order on the pages."""

from datetime import datetime

from calciscope.findings import Findings
from calciscope.messages import LANGUAGES, Messages, messages
from calciscope.readers.study import CtStudy
from calciscope.writers import report_paper, report_texts, wording
from calciscope.writers.pdf.page import SMALL_PT, SOFT, ReportPdf
from calciscope.writers.pdf.parts import (
    add_caution,
    add_facts,
    add_heading,
    add_key_figures,
    add_legend,
    add_text,
)
from calciscope.writers.pdf.pictures import Plate, add_gallery, add_row, gallery_row_mm, row_mm
from calciscope.writers.pdf.tables import add_table, wanted_mm
from calciscope.writers.pictures import compartment_color
from calciscope.writers.report_blocks import Facts, KeyFigures, Table, Text
from calciscope.writers.report_burden import compartments_found
from calciscope.writers.report_paper import Limits
from calciscope.writers.report_pictures import StudyPictures
from calciscope.writers.report_tables import distribution_rows
from calciscope.writers.spect import texts
from calciscope.writers.spect.paper import add_differential, add_spect

PROJECTIONS_MM = 125.0
LEAST_PROJECTIONS_MM = 80.0
"""Where less room is left, projections open a page."""
HEADING_MM = 12.0
LINES_MM = 25.0
"""Room below a heading that is enough to begin with lines."""
COLUMNS = 4
MOST_TILES = 5


class StudyLayout:
    """One attempt to lay out the report of a study.

    Attributes:
        pdf: the pages.
    """

    def __init__(
        self,
        study: CtStudy,
        findings: Findings,
        pictures: StudyPictures,
        created: datetime,
        limits: Limits,
    ) -> None:
        self._study, self._findings, self._ct = study, findings, findings.ct
        self._pictures, self._created, self._limits = pictures, created, limits
        language = findings.conclusion.language if findings.conclusion else LANGUAGES[0]
        self._words: Messages = messages(language)
        self.pdf = ReportPdf(report_texts.title(findings), findings.notice, created)
        self.pdf.add_page()
        summary = f"{wording.summary_sentence(self._ct)} {texts.uptake_summary(findings)}"
        self.pdf.add_title(summary.rstrip())
        self._study_part()
        self._conclusion()
        add_differential(self.pdf, findings, self._words)
        self._labs()
        if self._ct.lesions:
            self._burden()
        self._projections()
        add_spect(self.pdf, findings, pictures.spect, limits)
        if self._ct.lesions:
            self._chains()
            self._lesions()
            self._close_ups()
        self._method()

    def _study_part(self) -> None:
        of_spect = texts.uptake_figures(self._findings.spect)
        figures = (*report_texts.key_figures(self._ct), *of_spect)
        if figures:
            # More than five do not fit beside one another: two rows.
            tiles = len(figures) if len(figures) <= MOST_TILES else -(-len(figures) // 2)
            add_key_figures(self.pdf, KeyFigures(figures), tiles)
            self.pdf.ln(1.5)
        add_facts(self.pdf, report_paper.study_facts(self._study))
        warnings = self._findings.provenance.warnings
        caution = report_paper.warnings_caution(warnings, self._limits.warnings)
        if caution is not None:
            self.pdf.ln(1.5)
            add_caution(self.pdf, caution)

    def _conclusion(self) -> None:
        conclusion = self._findings.conclusion
        if conclusion is None:
            return
        add_heading(self.pdf, self._words.text("heading.conclusion"), LINES_MM)
        self.pdf.say(" ".join(conclusion.sentences), 10.0)

    def _labs(self) -> None:
        labs = self._findings.labs
        if labs is None:
            return
        table = report_paper.labs_table(self._findings, self._words)
        room = 0.0 if table is None else wanted_mm(self.pdf, table, fill=True)
        add_heading(self.pdf, self._words.text("heading.labs"), room + 2 * HEADING_MM)
        add_text(self.pdf, Text(labs.wording))
        self.pdf.ln(1.0)
        if table is not None:
            add_table(self.pdf, table, fill=True)
        for note in labs.notes:
            add_text(self.pdf, Text(note, hint=True))

    def _burden(self) -> None:
        self._table("Burden by compartment and side", report_paper.burden_table(self._ct))
        rows = distribution_rows(self._ct.distribution)
        if rows:
            text = " ".join(f"{name}: {value}." for name, value in rows)
            self.pdf.say(text, SMALL_PT, color=SOFT)

    def _projections(self) -> None:
        plates = [Plate(p.picture, p.title) for p in self._pictures.projections]
        wanted = min(row_mm(self.pdf, plates), PROJECTIONS_MM)
        add_heading(self.pdf, "Overview", min(wanted, LEAST_PROJECTIONS_MM) + 2 * HEADING_MM + 6.0)
        hint = report_texts.projections_hint(bool(self._pictures.close_ups))
        add_text(self.pdf, Text(hint, hint=True))
        self.pdf.ln(1.5)
        found = compartments_found(self._ct.burden)
        if found:
            add_legend(
                self.pdf, [(compartment_color(c), wording.compartment_text(c)) for c in found]
            )
        room = self.pdf.room_mm() - 8.0
        add_row(self.pdf, plates, min(wanted, max(room, LEAST_PROJECTIONS_MM)))

    def _chains(self) -> None:
        if self._ct.chains and self._limits.chains:
            self._table("Chains", report_paper.chains_table(self._ct, self._limits.chains))

    def _lesions(self) -> None:
        self._table("Lesions", report_paper.lesions_table(self._ct, self._limits.lesions))

    def _table(self, title: str, table: Table) -> None:
        """A table as wide as the page below its heading."""
        add_heading(self.pdf, title, wanted_mm(self.pdf, table, fill=True) + HEADING_MM)
        add_table(self.pdf, table, fill=True)

    def _close_ups(self) -> None:
        most = self._limits.close_ups
        plates = report_paper.close_up_plates(self._ct, self._pictures.close_ups, most)
        if not plates:
            return
        room = gallery_row_mm(self.pdf, plates[:COLUMNS], COLUMNS) + 2 * HEADING_MM
        add_heading(self.pdf, report_texts.gallery_title(len(plates)), room)
        hint = report_texts.gallery_hint(len(plates), len(self._ct.lesions))
        add_text(self.pdf, Text(hint, hint=True))
        self.pdf.ln(1.5)
        add_gallery(self.pdf, plates, COLUMNS)

    def _method(self) -> None:
        if self.pdf.page_no() == 1:
            self.pdf.add_page()
        add_heading(self.pdf, "How it was measured", 2 * LINES_MM)
        rows = report_texts.method_rows(self._ct.definition)
        if self._findings.spect is not None:
            rows = (*rows, *texts.spect_method_rows(self._findings.spect.definition))
        add_facts(self.pdf, Facts(rows))
        hint = "Every setting that the figures depend on is in findings.json."
        add_text(self.pdf, Text(hint, hint=True))
        add_heading(self.pdf, "Provenance", LINES_MM)
        most = self._limits.series
        origin = report_paper.origin_facts(self._findings, self._study, self._created, most)
        add_facts(self.pdf, origin)
