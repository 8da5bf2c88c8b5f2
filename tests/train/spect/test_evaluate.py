"""`calciscope-train spect-evaluate`: from a model and a folder of cases to report and card."""

import json
from pathlib import Path

import pytest

from calciscope.errors import InputError
from calciscope.models.registry import find_hot_spot_model
from calciscope.models.summary import evaluation_figures
from calciscope_train.cli import run
from calciscope_train.spect.evaluate import spect_evaluate
from calciscope_train.spect.export import spect_export
from calciscope_train.spect.fit import spect_fit

from ...evaluation.spect.tiny import write_tiny_case

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.onnx"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:onnxscript"),
]


@pytest.fixture
def model(fit_arguments: list[str], toy_patches: dict[str, Path], tmp_path: Path) -> Path:
    """A network of four steps: it knows nothing, but answers."""
    last = spect_fit(fit_arguments)
    assert last is not None
    spect_export(last, "0.1.0", tmp_path / "onnx", train=toy_patches["train"])
    return tmp_path / "onnx" / "spect-hot-spot" / "0.1.0"


def test_from_model_and_cases_to_report_and_card(model: Path, tmp_path: Path) -> None:
    for number in range(3):
        write_tiny_case(tmp_path / "spect_test" / f"held_out-{number}")
    output = tmp_path / "out"
    others = model.parent
    spect_evaluate(
        model, tmp_path / "spect_test", output, alternatives=others, workers=1, install=True
    )
    record = json.loads((output / "evaluation.json").read_text())
    assert record["kind"] == "hot spots"
    (data,) = record["datasets"]
    assert (data["cases"], data["hot_spots"], data["judged"], data["foci"]) == (3, 3, 3, 3)
    assert [row["name"] for row in data["ablations"]] == [
        "SPECT and CT", "SPECT only", "CT only", "0.1.0",
    ]  # fmt: skip
    # The only other model is the same one: it answers the same.
    assert data["ablations"][3]["difference"]["value"] == 0.0
    for name in ("report.html", "report.pdf", "model_card.md"):
        assert (output / name).stat().st_size > 1000, name
    card = (model / "model_card.md").read_text()
    assert "# spect-hot-spot 0.1.0" in card and "synthetic" in card and "not a disease" in card
    lines = evaluation_figures(find_hot_spot_model(root=tmp_path / "onnx"))
    assert lines[0] == "spect test (synthetic, 3 cases, 3 hot spots)"
    page = (output / "report.html").read_text()
    assert "Research use, not a diagnosis" in page


def test_what_cannot_be_judged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no SPECT cases in .*nothing; make them"):
        spect_evaluate(tmp_path, tmp_path / "nothing", tmp_path / "out")
    with pytest.raises(InputError, match="0 workers cannot judge anything"):
        spect_evaluate(tmp_path, workers=0)
    write_tiny_case(tmp_path / "a" / "same")
    write_tiny_case(tmp_path / "b" / "same")
    with pytest.raises(InputError, match=r"the same name \(same\); rename one"):
        spect_evaluate(tmp_path, [tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    with pytest.raises(InputError, match=r"no model in the folders of .*; name a folder"):
        spect_evaluate(tmp_path, tmp_path / "a", tmp_path / "out", alternatives=tmp_path / "a")


def test_the_command_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    assert "spect-evaluate" in capsys.readouterr().out
