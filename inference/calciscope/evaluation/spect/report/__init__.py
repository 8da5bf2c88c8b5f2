"""The report on a hot-spot model for people: HTML, PDF, charts, model card. It measures nothing."""

from calciscope.evaluation.spect.report.card import write_spect_card
from calciscope.evaluation.spect.report.document import write_spect_report

__all__ = ["write_spect_card", "write_spect_report"]
