"""From one study to findings and files: the path that command line, service and Python share."""

import platform
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import perf_counter

from calciscope import __version__
from calciscope.ct.measurements import measure_study
from calciscope.ct.segmentation import CtSegmenter
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import Findings, ModelUse, Provenance
from calciscope.inputs import FROM_STUDY, SpectRequest, read_study
from calciscope.labs import LabValues, read_labs
from calciscope.messages import LANGUAGES, messages
from calciscope.models.engine import create_engine
from calciscope.models.operating_point import BALANCED
from calciscope.models.registry import find_model
from calciscope.readers.pairing import left_out_of_both
from calciscope.readers.study import series_text
from calciscope.results import PLAIN_OUTPUTS, Analysis, OutputOptions, peak_ram_mb, write_results
from calciscope.spect.analysis import SpectAnalysis, analyze_spect
from calciscope.spect.classification import CompartmentClassifier, load_classifier
from calciscope.spect.settings import SpectSettings
from calciscope.summing_up import summed_up
from calciscope.writers.output_folder import output_folder

Progress = Callable[[str, float], None]
"""Called with the stage that runs and the share of it that is done."""


class Analyzer:
    """A loaded model that analyzes one study after another.

    Args:
        model_version: of ct-calcification; None for the newest.
        engine: auto, openvino or onnxruntime.
        threads: CPU threads; None for all.
        settings: of the measurements.
        mode: operating point of the model, balanced, sensitive or specific.
        precision: auto, fp32, bf16 or int8.
        language: of the conclusion and the laboratory part, en, fr or de.
        outputs: how results are written.
        spect_settings: of hot spots and their fusion with the lesions.

    Raises:
        ModelError: the model or the engine is not usable, or the model has no such mode.
        InputError: there is no such language.
    """

    def __init__(
        self,
        model_version: str | None = None,
        engine: str = "auto",
        threads: int | None = None,
        settings: MeasurementSettings | None = None,
        mode: str = BALANCED,
        precision: str = "auto",
        language: str = LANGUAGES[0],
        outputs: OutputOptions = PLAIN_OUTPUTS,
        spect_settings: SpectSettings | None = None,
    ) -> None:
        self.outputs = outputs
        self.messages = messages(language)
        self.model = find_model(version=model_version)
        self.mode = self.model.mode(mode)
        self.engine = create_engine(self.model, engine, threads, precision)
        self.settings = settings or MeasurementSettings()
        self._spect_settings = spect_settings
        self._segmenter = CtSegmenter(self.model, self.engine, mode)
        self._threads = threads

    @cached_property
    def hot_spot_classifier(self) -> CompartmentClassifier:
        """The network for hot spots; loaded when the first SPECT comes.

        Raises:
            ModelError: it is not installed or not usable.
        """
        return load_classifier(threads=self._threads)

    @property
    def spect_settings(self) -> SpectSettings:
        """Those given, else the usual ones with the abstention that the network was tuned for."""
        return self._spect_settings or SpectSettings(
            minimum_probability=self.hot_spot_classifier.minimum_probability
        )

    def on_same_engine(self, mode: str, language: str, outputs: OutputOptions) -> "Analyzer":
        """Another analyzer with the networks of this one; the two must not work at once.

        Raises:
            ModelError: the model has no such mode.
            InputError: there is no such language.
        """
        other = copy(self)
        other.outputs = outputs
        other.messages = messages(language)
        other.mode = self.model.mode(mode)
        other._segmenter = CtSegmenter(self.model, self.engine, mode)
        return other

    @property
    def engine_text(self) -> str:
        """The engine in words, as it is printed."""
        return f"{self.engine.name} {self.engine.precision}"

    def analyze(
        self,
        source: Path,
        progress: Progress | None = None,
        labs: LabValues | None = None,
        series: str | None = None,
        spect: SpectRequest = FROM_STUDY,
        content_key: str = "",
    ) -> Analysis:
        """Read, segment and measure one study.

        Args:
            source: folder or .zip of DICOM files of a CT, or one CT NIfTI file in HU.
            progress: called with stage and share done.
            labs: laboratory values of the patient.
            series: Series Instance UID of the CT series to take; None leaves it to the rule.
            spect: where the SPECT is, if there is one.
            content_key: what tells this state of the study from earlier ones, where there may be
                some; the UIDs of DICOM results follow from it.

        Raises:
            InputError: the study cannot be analyzed; nothing has been written.
        """
        tell = progress or _silent
        start = perf_counter()
        tell("reading", 0.0)
        study, uptake = self.outputs.apply_to_both(*read_study(source, series, spect))
        study = replace(study, content_key=content_key)
        uptake = uptake and replace(uptake, content_key=content_key)
        times = {"read": perf_counter() - start}
        segmentation = self._segmenter.segment(
            study.volume, lambda share: tell("segmenting", share)
        )
        times |= segmentation.timings
        tell("measuring", 0.0)
        mark = perf_counter()
        measurement = measure_study(
            study.volume, segmentation, study.acquisition, self.settings, self.mode
        )
        times["measure"] = perf_counter() - mark
        hot: SpectAnalysis | None = None
        if uptake is not None:
            tell("hot spots", 0.0)
            hot = analyze_spect(
                uptake,
                study.volume,
                segmentation,
                measurement,
                self.hot_spot_classifier,
                self.spect_settings,
                spect.register,
            )
            times |= hot.times_s
        provenance = Provenance(
            program="calciscope",
            program_version=__version__,
            models=(self._model_use(), *((self._hot_spot_model_use(),) if hot else ())),
            engine=self.engine_text,
            device=f"{self.engine.device} ({platform.machine()})",
            times_s=times,
            peak_ram_mb=peak_ram_mb(),
            warnings=(
                *study.warnings,
                *measurement.warnings,
                *(() if uptake is None else uptake.warnings),
                *(() if hot is None else hot.warnings),
            ),
            series=series_text(study.series, with_uid=True) if study.series else "",
            series_left_out=tuple(
                f"{series_text(other, with_uid=True)}: {other.reason}"
                for other in left_out_of_both(study, uptake)
            ),
            acquired_on=study.acquisition.date,
        )
        findings = summed_up(provenance, measurement, hot, labs, self.messages)
        return Analysis(study, segmentation, measurement, findings, hot)

    def _model_use(self) -> ModelUse:
        """The model and the file of it that ran."""
        precision = self.engine.precision
        variant = self.model.variant(precision)
        sha256 = self.model.sha256 if variant is None else variant.sha256
        return ModelUse(self.model.name, self.model.version, sha256)

    def _hot_spot_model_use(self) -> ModelUse:
        manifest = self.hot_spot_classifier.manifest
        return ModelUse(manifest.name, manifest.version, manifest.sha256)

    def run(
        self,
        source: Path,
        output: Path,
        force: bool = False,
        progress: Progress | None = None,
        labs: LabValues | None = None,
        series: str | None = None,
        spect: SpectRequest = FROM_STUDY,
        content_key: str = "",
    ) -> Findings:
        """Analyze one study and write every result into `output`, or nothing at all.

        Raises:
            InputError: the study cannot be analyzed.
            OutputError: `output` holds results already, or cannot be written to.
        """
        tell = progress or _silent
        # Before the work: a folder that may not be written to is refused at once.
        with output_folder(output, force) as staging:
            analysis = self.analyze(source, progress, labs, series, spect, content_key)
            tell("writing", 0.0)
            findings = write_results(staging, analysis, self.model, self.outputs)
        tell("done", 1.0)
        return findings

    def write(self, analysis: Analysis, output: Path, force: bool = False) -> Findings:
        """Write every result of an analysis into `output`, or nothing at all.

        Raises:
            OutputError: `output` holds results already, or cannot be written to.
        """
        with output_folder(output, force) as staging:
            return write_results(staging, analysis, self.model, self.outputs)


def analyze(
    source: str | Path,
    output: str | Path | None = None,
    *,
    force: bool = False,
    model_version: str | None = None,
    engine: str = "auto",
    threads: int | None = None,
    mode: str = BALANCED,
    precision: str = "auto",
    labs: str | Path | None = None,
    language: str = LANGUAGES[0],
    outputs: OutputOptions = PLAIN_OUTPUTS,
    series: str | None = None,
    spect: str | Path | None = None,
    accept_pet: bool = False,
    register: bool = False,
    spect_series: str | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Analyze one study.

    Args:
        source: folder or .zip of DICOM files of a CT, or one CT NIfTI file in HU.
        output: folder for the results; None writes nothing.
        force: replace the results of an earlier run in `output`.
        model_version: of ct-calcification; None for the newest.
        engine: auto, openvino or onnxruntime.
        threads: CPU threads; None for all.
        mode: operating point of the model, balanced, sensitive or specific.
        precision: auto, fp32, bf16 or int8.
        labs: YAML file of laboratory values, see `calciscope.labs.reading`.
        language: of the conclusion and the laboratory part, en, fr or de.
        outputs: how results are written.
        series: Series Instance UID of the CT series to take; None leaves it to the rule.
        spect: SPECT NIfTI in SUVbw, or DICOM of it; None takes it from the study itself.
        accept_pet: whether a PET may stand in for a SPECT.
        register: whether uptake is moved onto the bones of the CT.
        spect_series: Series Instance UID of the SPECT to take; None leaves it to the rule.
        progress: called with stage and share done.

    Raises:
        InputError: the study or the laboratory values cannot be used.
        OutputError: `output` holds results already, or cannot be written to.
        ModelError: the model or the engine is not usable.
    """
    values = None if labs is None else read_labs(Path(labs))
    analyzer = Analyzer(
        model_version,
        engine,
        threads,
        mode=mode,
        precision=precision,
        language=language,
        outputs=outputs,
    )
    where = None if spect is None else Path(spect)
    request = SpectRequest(where, accept_pet, register, spect_series)
    if output is None:
        return analyzer.analyze(Path(source), progress, values, series, request).findings
    return analyzer.run(Path(source), Path(output), force, progress, values, series, request)


def _silent(stage: str, share: float) -> None:
    """Tell nobody."""
