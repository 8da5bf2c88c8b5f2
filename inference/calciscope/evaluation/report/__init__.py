"""The evaluation report for people: HTML, PDF, figures, failure gallery, model card.

`write_report` turns an `EvaluationReport` into files; `write_model_card` makes the card that lies
beside a model. Neither measures anything.
"""

from calciscope.evaluation.report.case_pictures import CaseArrays, CasePictures
from calciscope.evaluation.report.model_card import write_model_card
from calciscope.evaluation.report.write import ReportFiles, write_report

__all__ = [
    "CaseArrays",
    "CasePictures",
    "ReportFiles",
    "write_model_card",
    "write_report",
]
