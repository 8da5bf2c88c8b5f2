"""`calciscope demo`: the phantom of the case report as a DICOM study, then its analysis."""

import shutil
from pathlib import Path

from calciscope.errors import OutputError
from calciscope.findings import Findings
from calciscope.labs import read_labs
from calciscope.messages import LANGUAGES
from calciscope.phantom.twin_dicom import CASE_REPORT, LABS, write_study
from calciscope.phantom.twin_study import twin_study
from calciscope.pipeline import Analyzer, Progress
from calciscope.writers.output_folder import RESULT_NAMES

STUDY_FOLDER = "study"
MARK = "PHANTOM.txt"
"""File that tells a study of ours from one that somebody put there."""


def write_twin_study(folder: Path, variant: str = CASE_REPORT) -> None:
    """Write the digital twin of the case report: CT, bone SPECT, and laboratory values.

    Args:
        folder: created if need be.
        variant: of `calciscope.phantom.twin_study.VARIANTS`.

    Raises:
        PhantomError: no such variant.
    """
    write_study(twin_study(variant), folder)


def run_demo(
    output: Path,
    force: bool = False,
    engine: str = "auto",
    progress: Progress | None = None,
    language: str = LANGUAGES[0],
) -> Findings:
    """Make the phantom study in `output`/study and analyze it, with its labs, into `output`.

    Raises:
        OutputError: `output` holds results already and `force` is not given.
    """
    analyzer = Analyzer(engine=engine, language=language)
    study = output / STUDY_FOLDER
    if study.exists() and not (study / MARK).exists():
        raise OutputError(f"{study} is not a phantom of ours; choose another folder with -o")
    if output.exists() and not output.is_dir():
        raise OutputError(f"{output} is a file, not a folder; choose another folder with -o")
    if not force and (output / RESULT_NAMES[0]).exists():
        raise OutputError(f"{output} holds results already; add --force to replace them")
    if progress is not None:
        progress("making the phantom", 0.0)
    # Made anew each time and written aside first: a stopped demo leaves no half a study behind.
    draft = output / f".{STUDY_FOLDER}.partial"
    shutil.rmtree(draft, ignore_errors=True)
    write_twin_study(draft)
    (draft / MARK).write_text("Phantom made by calciscope demo; it is replaced by the next one.\n")
    shutil.rmtree(study, ignore_errors=True)
    draft.rename(study)
    return analyzer.run(study, output, force, progress, read_labs(study / LABS))
