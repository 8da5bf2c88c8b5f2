"""From one study to findings and files: the path that command line, service and Python share."""

import platform
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from calciscope import __version__
from calciscope.conclusion import conclude
from calciscope.ct.measurements import CtMeasurement, measure_study
from calciscope.ct.segmentation import CtSegmentation, CtSegmenter
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import Findings, ModelUse, Provenance
from calciscope.findings_json import to_json
from calciscope.labels import Label
from calciscope.labs import LabValues, interpret, read_labs
from calciscope.messages import LANGUAGES, messages
from calciscope.models.engine import create_engine
from calciscope.models.operating_point import BALANCED
from calciscope.models.registry import find_model
from calciscope.readers import CtStudy, SeriesSummary, read_ct
from calciscope.volume import Volume
from calciscope.writers.nifti import smallest_unsigned, write_volume
from calciscope.writers.output_folder import output_folder
from calciscope.writers.report_html import write_html_report
from calciscope.writers.segmentation_object import write_segmentation

Progress = Callable[[str, float], None]
"""Called with the stage that runs and the share of it that is done."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything one run knows, for writers and for callers who want the voxels.

    Attributes:
        study: what was read.
        segmentation: the network's labels on the native grid.
        measurement: lesions and their ids on the same grid.
        findings: what is written to findings.json.
    """

    study: CtStudy
    segmentation: CtSegmentation
    measurement: CtMeasurement
    findings: Findings


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
    ) -> None:
        self.messages = messages(language)
        self.model = find_model(version=model_version)
        self.mode = self.model.mode(mode)
        self.engine = create_engine(self.model, engine, threads, precision)
        self.settings = settings or MeasurementSettings()
        self._segmenter = CtSegmenter(self.model, self.engine, mode)

    @property
    def engine_text(self) -> str:
        """The engine in words, as it is printed."""
        return f"{self.engine.name} {self.engine.precision}"

    def analyze(
        self, source: Path, progress: Progress | None = None, labs: LabValues | None = None
    ) -> Analysis:
        """Read, segment and measure one study.

        Args:
            source: folder or .zip of DICOM files of a CT, or one CT NIfTI file in HU.
            progress: called with stage and share done.
            labs: laboratory values of the patient.

        Raises:
            InputError: the study cannot be analyzed; nothing has been written.
        """
        tell = progress or _silent
        start = perf_counter()
        tell("reading", 0.0)
        study = read_ct(source)
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
        provenance = Provenance(
            program="calciscope",
            program_version=__version__,
            models=(self._model_use(),),
            engine=self.engine_text,
            device=f"{self.engine.device} ({platform.machine()})",
            times_s=times,
            peak_ram_mb=peak_ram_mb(),
            warnings=(*study.warnings, *measurement.warnings),
            series=series_text(study.series) if study.series else "",
            series_left_out=tuple(
                f"{series_text(other)}: {other.reason}" for other in study.left_out
            ),
            acquired_on=study.acquisition.date,
        )
        ct = measurement.findings
        lab_findings = None if labs is None else interpret(labs, self.messages)
        disease = None if labs is None else labs.disease
        findings = Findings(
            provenance=provenance,
            ct=ct,
            labs=lab_findings,
            conclusion=conclude(ct, lab_findings, disease, self.messages),
        )
        return Analysis(study, segmentation, measurement, findings)

    def _model_use(self) -> ModelUse:
        """The model and the file of it that ran."""
        precision = self.engine.precision
        variant = self.model.variant(precision)
        sha256 = self.model.sha256 if variant is None else variant.sha256
        return ModelUse(self.model.name, self.model.version, sha256)

    def run(
        self,
        source: Path,
        output: Path,
        force: bool = False,
        progress: Progress | None = None,
        labs: LabValues | None = None,
    ) -> Findings:
        """Analyze one study and write every result into `output`, or nothing at all.

        Raises:
            InputError: the study cannot be analyzed.
            OutputError: `output` holds results already, or cannot be written to.
        """
        tell = progress or _silent
        # Before the work: a folder that may not be written to is refused at once.
        with output_folder(output, force) as staging:
            analysis = self.analyze(source, progress, labs)
            tell("writing", 0.0)
            findings = self._write(analysis, staging)
        tell("done", 1.0)
        return findings

    def write(self, analysis: Analysis, output: Path, force: bool = False) -> Findings:
        """Write every result of an analysis into `output`, or nothing at all.

        Raises:
            OutputError: `output` holds results already, or cannot be written to.
        """
        with output_folder(output, force) as staging:
            return self._write(analysis, staging)

    def _write(self, analysis: Analysis, folder: Path) -> Findings:
        """Write all files; the returned findings hold the times that writing took."""
        study, tissues = analysis.study, analysis.segmentation.tissues
        lesions = analysis.measurement.lesion_ids
        times = dict(analysis.findings.provenance.times_s)
        mark = perf_counter()
        # What is reported is what was measured: specks under the minimum size are in no mask.
        mask = (lesions.array > 0).astype(np.uint8)
        write_volume(folder / "calcification.nii.gz", lesions.with_array(mask))
        write_volume(
            folder / "calcification_lesions.nii.gz", lesions, smallest_unsigned(lesions.array)
        )
        write_volume(folder / "tissues.nii.gz", _without_specks(analysis))
        times["write_nifti"] = perf_counter() - mark
        mark = perf_counter()
        findings = analysis.findings
        if study.instances:
            write_segmentation(
                folder / "dicom" / "segmentation.dcm", study, lesions, findings, self.model, tissues
            )
            times["write_dicom"] = perf_counter() - mark
        mark = perf_counter()
        write_html_report(folder / "report.html", study, analysis.segmentation, lesions, findings)
        times["write_report"] = perf_counter() - mark
        provenance = replace(findings.provenance, times_s=times, peak_ram_mb=peak_ram_mb())
        findings = replace(findings, provenance=provenance)
        (folder / "findings.json").write_text(to_json(findings), encoding="utf-8")
        return findings


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
        progress: called with stage and share done.

    Raises:
        InputError: the study or the laboratory values cannot be used.
        OutputError: `output` holds results already, or cannot be written to.
        ModelError: the model or the engine is not usable.
    """
    values = None if labs is None else read_labs(Path(labs))
    analyzer = Analyzer(
        model_version, engine, threads, mode=mode, precision=precision, language=language
    )
    if output is None:
        return analyzer.analyze(Path(source), progress, values).findings
    return analyzer.run(Path(source), Path(output), force, progress, values)


def series_text(series: SeriesSummary) -> str:
    """A series in words: number, description, modality, files and UID."""
    number = "?" if series.number is None else series.number
    return (
        f"series {number} '{series.description}' ({series.modality}, {series.instances} files, "
        f"{series.series_instance_uid})"
    )


def peak_ram_mb() -> float:
    """Largest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1024.0)


def _without_specks(analysis: Analysis) -> Volume:
    """Tissues in which calcification is exactly what became a lesion."""
    segmentation = analysis.segmentation
    lesion = analysis.measurement.lesion_ids.array > 0
    speck = (segmentation.tissues.array == Label.CALCIFICATION) & ~lesion
    array = np.where(speck, segmentation.tissue_beneath.array, segmentation.tissues.array)
    return segmentation.tissues.with_array(array)


def _silent(stage: str, share: float) -> None:
    """Tell nobody."""
