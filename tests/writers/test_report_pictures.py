"""Pictures are drawn once for page and paper."""

from pathlib import Path
from typing import Any

import pytest

from calciscope.writers.report_html import write_html_report
from calciscope.writers.report_pdf import write_pdf_report
from calciscope.writers.report_pictures import draw_pictures


def test_views_and_close_ups(make_reported: Any) -> None:
    made = make_reported(14)
    pictures = draw_pictures(made.study, made.segmentation, made.lesions, made.findings.ct)
    assert [view.title for view in pictures.projections] == ["Coronal", "Sagittal"]
    assert len(pictures.close_ups) == 12


def test_writers_draw_nothing_that_they_are_given(
    make_reported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_reported(2)
    pictures = draw_pictures(made.study, made.segmentation, made.lesions, made.findings.ct)
    for module in ("report_html", "report_pdf"):
        monkeypatch.setattr(f"calciscope.writers.{module}.draw_pictures", None)
    for write in (write_html_report, write_pdf_report):
        path = tmp_path / write.__name__
        write(path, made.study, made.segmentation, made.lesions, made.findings, pictures)
        assert path.stat().st_size > 10_000
