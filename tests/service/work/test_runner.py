"""The runner: models stay loaded, studies come out as outcomes."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pydicom
import pytest

from calciscope.errors import NoCtError
from calciscope.inputs import SpectRequest
from calciscope.results import OutputOptions
from calciscope.service.selftest_phantom import write_limb
from calciscope.service.work import runner as runner_module
from calciscope.service.work.outcome import OutcomeKind
from calciscope.service.work.request import RunOptions, WorkRequest
from calciscope.service.work.runner import StudyRunner


@dataclass
class PaperAnalyzer:
    """Writes one file; counts what was loaded."""

    loaded: list[str | None]
    trouble: Exception | None = None
    runs: list[dict[str, Any]] = field(default_factory=list)
    hot_spot_classifier: None = None

    def on_same_engine(self, mode: str, language: str, outputs: OutputOptions) -> "PaperAnalyzer":
        return replace(self)

    def run(self, source: Path, output: Path, **values: Any) -> object:
        self.runs.append({"files": sorted(p.name for p in source.iterdir()), **values})
        if self.trouble is not None:
            raise self.trouble
        output.mkdir()
        (output / "findings.json").write_text("{}")
        return SimpleNamespace(provenance=SimpleNamespace(times_s={"read": 1.0}, peak_ram_mb=5.0))


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperAnalyzer]:
    analyzer = PaperAnalyzer([])

    def load(model: str | None, *anything: object, **values: object) -> PaperAnalyzer:
        analyzer.loaded.append(model)
        return analyzer

    monkeypatch.setattr(runner_module, "Analyzer", load)
    return analyzer


@pytest.fixture
def request_of(tmp_path: Path) -> WorkRequest:
    (tmp_path / "kept").write_bytes(b"instance")
    (tmp_path / "job").mkdir()
    return WorkRequest(
        1, "1.2", 1, "key", (("000001.dcm", str(tmp_path / "kept")),),
        str(tmp_path / "job" / "results"), RunOptions("1", accept_pet=True, register=True),
    )  # fmt: skip


def test_a_study_is_analyzed_as_the_rule_says(
    paper: PaperAnalyzer, request_of: WorkRequest
) -> None:
    outcome = StudyRunner().run(request_of)
    assert (outcome.kind, outcome.times_s) == (OutcomeKind.DONE, {"read": 1.0})
    assert paper.runs == [
        {
            "files": ["000001.dcm"],
            "spect": SpectRequest(None, True, True),
            "content_key": "key",
        }
    ]
    assert [p.name for p in request_of.output_folder.parent.iterdir()] == ["results"]


def test_one_network_serves_all_options_that_allow_it(
    paper: PaperAnalyzer, request_of: WorkRequest
) -> None:
    runner = StudyRunner()
    options = request_of.options
    runner.warm_up([options, replace(options, mode="sensitive"), replace(options, language="de")])
    runner.run(request_of)
    assert paper.loaded == ["1"]
    runner.warm_up([replace(options, model="2")])
    assert paper.loaded == ["1", "2"]


def test_a_refusal_names_files_as_a_reader_knows_them(
    paper: PaperAnalyzer, request_of: WorkRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: PaperAnalyzer, source: Path, output: Path, **values: Any) -> object:
        raise NoCtError(f"{source} holds no CT, and {source / '000001.dcm'} is damaged")

    monkeypatch.setattr(PaperAnalyzer, "run", refuse)
    outcome = StudyRunner().run(request_of)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED, "no_ct")
    assert outcome.reason == "the study holds no CT, and 000001.dcm is damaged"


@pytest.mark.parametrize(
    ("trouble", "code"), [(MemoryError(), "memory"), (RuntimeError("x"), "error")]
)
def test_whatever_goes_wrong_is_an_outcome_and_leaves_nothing(
    paper: PaperAnalyzer, request_of: WorkRequest, trouble: Exception, code: str
) -> None:
    paper.trouble = trouble
    outcome = StudyRunner().run(request_of)
    assert (outcome.kind, outcome.code) == (OutcomeKind.FAILED, code)
    assert list(request_of.output_folder.parent.iterdir()) == []


def test_a_folder_that_is_gone_is_an_outcome(paper: PaperAnalyzer, request_of: WorkRequest) -> None:
    request_of.output_folder.parent.rmdir()
    assert StudyRunner().run(request_of).code == "disk"


@pytest.mark.slow
def test_results_of_a_revision_have_uids_of_their_own_and_keep_them(tmp_path: Path) -> None:
    """Two revisions with the same lesions: a late slice at the end of the limb holds none."""
    runner = StudyRunner()
    files = write_limb(tmp_path / "in")
    uids: list[dict[str, str]] = []
    for number, key in enumerate(("first", "second", "second")):
        folder = tmp_path / f"job-{number}"
        folder.mkdir()
        chosen = files if number else files[:-1]
        request = WorkRequest(
            number, "1.2", number + 1, key,
            tuple((f"{n:06d}.dcm", str(path)) for n, path in enumerate(chosen)),
            str(folder / "results"), RunOptions(threads=1),
        )  # fmt: skip
        outcome = runner.run(request)
        assert outcome.kind is OutcomeKind.DONE, outcome.reason
        objects = sorted((folder / "results" / "dicom").glob("*.dcm"))
        uids.append({path.name: str(pydicom.dcmread(path).SOPInstanceUID) for path in objects})
    assert uids[1] == uids[2]
    assert uids[0].keys() == uids[1].keys()
    assert {"segmentation.dcm", "measurements.dcm", "report.dcm"} <= uids[0].keys()
    assert not set(uids[0].values()) & set(uids[1].values())
