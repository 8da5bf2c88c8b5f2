"""What the HTML page shows of the SPECT, ready for its template."""

from dataclasses import dataclass

from calciscope.findings import Findings
from calciscope.messages import Messages
from calciscope.writers.report_blocks import Table
from calciscope.writers.report_tables import definition_rows
from calciscope.writers.spect import texts
from calciscope.writers.spect.pictures import SpectPictures
from calciscope.writers.spect.tables import (
    concordance_table,
    differential_table,
    hot_spot_table,
    places_table,
)

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SpectPage:
    """The SPECT part of the page.

    Attributes:
        refusal: why there is no SUV; None where there is.
        pictures: None where only figures are known.
        places: the concordance line by line.
        differential: None where there is no list.
    """

    refusal: str | None
    summary: Rows
    pictures: SpectPictures | None
    hot_spots: Table
    concordance: Table
    places: Table
    differential: Table | None
    method: Rows
    settings: Rows


def spect_page(
    findings: Findings, pictures: SpectPictures | None, words: Messages
) -> SpectPage | None:
    """Build it; None without SPECT.

    Args:
        findings: everything that is said in words and figures.
        pictures: of the SPECT.
        words: in the language of the conclusion, for the differential.
    """
    spect = findings.spect
    if spect is None:
        return None
    listed = findings.differential
    return SpectPage(
        refusal=texts.refusal(spect),
        summary=texts.summary_rows(spect),
        pictures=pictures,
        hot_spots=hot_spot_table(spect),
        concordance=concordance_table(findings.concordance),
        places=places_table(findings.concordance),
        differential=differential_table(listed, words) if listed else None,
        method=texts.spect_method_rows(spect.definition),
        settings=definition_rows(spect.definition),
    )
