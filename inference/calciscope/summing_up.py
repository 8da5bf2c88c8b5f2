"""From what was measured to the findings: differential and conclusion included."""

from calciscope.conclusion import conclude
from calciscope.ct.measurements import CtMeasurement
from calciscope.differential import differential
from calciscope.findings import Findings, Provenance
from calciscope.labs import LabValues, interpret
from calciscope.messages import Messages
from calciscope.spect.analysis import SpectAnalysis
from calciscope.uptake_evidence import gather_evidence


def summed_up(
    provenance: Provenance,
    measurement: CtMeasurement,
    spect: SpectAnalysis | None,
    labs: LabValues | None,
    messages: Messages,
) -> Findings:
    """The findings of a study.

    Args:
        provenance: how they came about.
        measurement: of the CT.
        spect: of the SPECT; None without one.
        labs: laboratory values; None where none were given.
        messages: in the language of conclusion, differential and laboratory part.
    """
    ct = measurement.findings
    lab_findings = None if labs is None else interpret(labs, messages)
    disease = None if labs is None else labs.disease
    uptake = None if spect is None else spect.findings
    concordance = () if spect is None else spect.concordance
    causes = (
        ()
        if uptake is None
        else differential(gather_evidence(ct, uptake, concordance, lab_findings, disease), messages)
    )
    return Findings(
        provenance=provenance,
        ct=ct,
        spect=uptake,
        concordance=concordance,
        labs=lab_findings,
        differential=causes,
        conclusion=conclude(ct, lab_findings, disease, messages, uptake, concordance, causes),
    )
