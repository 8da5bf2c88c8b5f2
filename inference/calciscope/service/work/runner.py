"""Carrying out a request, with the models resident: where service and pipeline meet."""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from calciscope.inputs import SpectRequest
from calciscope.pipeline import Analyzer
from calciscope.results import OutputOptions
from calciscope.service.work.outcome import Outcome, OutcomeKind, outcome_of
from calciscope.service.work.places import place_files, publish_once
from calciscope.service.work.request import RunOptions, WorkRequest


class StudyRunner:
    """Analyzes studies with models that stay loaded.

    Options that differ in mode, language or kinds of output share one loaded network.
    """

    def __init__(self) -> None:
        self._analyzers: dict[RunOptions, Analyzer] = {}

    def warm_up(self, options: Sequence[RunOptions]) -> None:
        """Load the models that these options need.

        Raises:
            ModelError: one is missing, altered, or not accepted by the engine.
            InputError: options exclude each other.
        """
        for each in options:
            # Of the hot-spot model too: that it is missing must not come out with the first SPECT.
            _ = self._analyzer(each).hot_spot_classifier

    def run(self, request: WorkRequest) -> Outcome:
        """Analyze one study; whatever goes wrong is told in the outcome, and leaves no results."""
        scratch = request.output_folder.parent / f"run-{secrets.token_hex(6)}"
        try:
            scratch.mkdir(mode=0o700)
            return self._run(request, scratch)
        except Exception as error:
            # A worker serves on, whatever a study does to it.
            return _without_paths(outcome_of(error), scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _run(self, request: WorkRequest, scratch: Path) -> Outcome:
        study = scratch / "study"
        place_files(request.files, study)
        options = request.options
        findings = self._analyzer(options).run(
            study,
            scratch / "results",
            spect=SpectRequest(None, options.accept_pet, options.register),
            content_key=request.content_key,
        )
        publish_once(scratch / "results", request.output_folder)
        provenance = findings.provenance
        return Outcome(
            OutcomeKind.DONE, times_s=dict(provenance.times_s), peak_ram_mb=provenance.peak_ram_mb
        )

    def _analyzer(self, options: RunOptions) -> Analyzer:
        wanted = options.loading
        if wanted not in self._analyzers:
            self._analyzers[wanted] = self._made(wanted)
        return self._analyzers[wanted]

    def _made(self, options: RunOptions) -> Analyzer:
        outputs = OutputOptions(options.labelmap, options.deidentify, options.show_patient)
        for other, analyzer in self._analyzers.items():
            if _network(other) == _network(options):
                return analyzer.on_same_engine(options.mode, options.language, outputs)
        return Analyzer(
            options.model,
            options.engine,
            options.threads,
            mode=options.mode,
            precision=options.precision,
            language=options.language,
            outputs=outputs,
        )


def _network(options: RunOptions) -> tuple[object, ...]:
    return options.model, options.engine, options.precision, options.threads


def _without_paths(outcome: Outcome, scratch: Path) -> Outcome:
    """The same without names of our own folders, which tell a reader nothing."""
    reason = outcome.reason.replace(f"{scratch / 'study'}/", "")
    reason = reason.replace(str(scratch / "study"), "the study")
    return Outcome(outcome.kind, reason, outcome.code, outcome.times_s, outcome.peak_ram_mb)
