"""The frame of all importers: whole cases or none, resumed, filtered, in parallel; the command."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.preprocessing import PreprocessingSpec
from calciscope.volume import Volume
from calciscope_train import cli
from calciscope_train.cases import list_cases, read_case
from calciscope_train.datamodule import CtSegmentationDataModule
from calciscope_train.importers import run
from calciscope_train.importers.command import SETS, import_set, importer_of
from calciscope_train.importers.plain import read_plain
from calciscope_train.importers.run import run_import
from calciscope_train.losses import MaskedDiceCELoss

MAPPING = """\
license: CC-BY-NC-4.0
source: demo
images: "{id}_ct.nii.gz"
labels: "{id}_seg.nii.gz"
values: {0: unknown, 1: subcutaneous, 2: bone}
splits: {A: train, B: train, C: val}
"""


@pytest.fixture
def dataset(tmp_path: Path, trunk: Volume, store: Callable[..., Path]) -> Path:
    """Cases A and B to train on, C to validate; muscle is not labeled. B's labels are broken."""
    folder = tmp_path / "demo"
    ids = np.select([trunk.array >= 700, trunk.array == -100], [2, 1], 0).astype(np.uint8)
    for name in "ABC":
        store(trunk, folder / f"{name}_ct.nii.gz")
        store(trunk.with_array(ids), folder / f"{name}_seg.nii.gz")
    (folder / "B_seg.nii.gz").write_bytes(b"not gzip")
    (folder / "mapping.yaml").write_text(MAPPING)
    return folder


def test_whole_cases_or_none_and_a_record_of_all(
    dataset: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "cases"
    import_set("plain", dataset, root)
    assert sorted(path.relative_to(root).as_posix() for path in root.glob("*/*")) == [
        "train/demo_A",
        "val/demo_C",
    ]
    record = json.loads((root / "import-demo.json").read_text())
    assert record["written"] == ["demo_A", "demo_C"]
    assert "B_seg.nii.gz is absent, broken or not one volume" in record["refused"]["demo_B"]
    assert "demo_B is left out" in caplog.text


def test_a_stopped_run_goes_on_and_keeps_what_is_there(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "cases"
    importer = read_plain(dataset / "mapping.yaml")
    real, calls = run.write_case, []

    def dying(folder: Path, *rest: object) -> None:
        calls.append(folder.name)
        if folder.name == "demo_C":
            raise KeyboardInterrupt
        real(folder, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "write_case", dying)
    with pytest.raises(KeyboardInterrupt):
        run_import(importer, dataset, root)
    assert [path.name for path in root.glob("*/*")] == ["demo_A"]
    before = (root / "train" / "demo_A" / "ct.npy").stat().st_mtime_ns
    monkeypatch.setattr(run, "write_case", real)
    outcome = run_import(importer, dataset, root)
    assert (outcome.kept, outcome.written) == (["demo_A"], ["demo_C"])
    assert (root / "train" / "demo_A" / "ct.npy").stat().st_mtime_ns == before
    assert calls == ["demo_A", "demo_C"]


@pytest.mark.slow
def test_processes_make_the_same_cases(dataset: Path, tmp_path: Path) -> None:
    importer = read_plain(dataset / "mapping.yaml")
    outcomes = [
        run_import(importer, dataset, tmp_path / str(count), processes=count) for count in (1, 2)
    ]
    assert vars(outcomes[0]) == vars(outcomes[1])
    one, two = (read_case(tmp_path / str(count) / "train" / "demo_A") for count in (1, 2))
    np.testing.assert_array_equal(one.labels, two.labels)
    assert one.meta == two.meta


def test_licenses_that_are_not_asked_for_are_left_out(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no case of the licenses asked for; it has CC-BY-NC-4.0"):
        import_set("plain", dataset, tmp_path / "cases", licenses="CC-BY-4.0,CC BY 3.0")
    assert list((tmp_path / "cases").glob("*/*")) == []
    import_set("plain", dataset, tmp_path / "cases", licenses="CC-BY-4.0,cc by-nc 4.0")
    assert len(list((tmp_path / "cases").glob("*/*"))) == 2


def test_a_patient_stays_in_the_split_of_the_first_import(dataset: Path, tmp_path: Path) -> None:
    file = dataset / "mapping.yaml"
    run_import(read_plain(file), dataset, tmp_path / "cases", limit=1)
    file.write_text(MAPPING.replace("{A: train", "{A: test").replace("source: demo", "source: new"))
    new = read_plain(file)
    # Another name of the set is another patient; the same one keeps its split.
    assert run_import(new, dataset, tmp_path / "cases", limit=1).written == ["new_A"]
    assert (tmp_path / "cases" / "test" / "new_A").exists()
    file.write_text(MAPPING.replace("{A: train", "{A: test"))
    outcome = run_import(read_plain(file), dataset, tmp_path / "cases", limit=1)
    assert outcome.kept == ["demo_A"]


def test_a_case_that_teaches_nothing_is_refused(
    dataset: Path, tmp_path: Path, trunk: Volume, store: Callable[..., Path]
) -> None:
    file = dataset / "mapping.yaml"
    file.write_text(MAPPING.replace("0: unknown, 1: subcutaneous, 2: bone", "0: unseen"))
    store(trunk.with_array(np.zeros(trunk.shape, np.uint8)), dataset / "A_seg.nii.gz")
    outcome = run_import(read_plain(file), dataset, tmp_path / "cases", limit=1)
    assert outcome.refused == {"demo_A": "demo_A has no voxel of a known label"}
    assert outcome.written == []


def test_no_case_at_all_is_an_error_with_the_first_reason(dataset: Path, tmp_path: Path) -> None:
    for name in "AC":
        (dataset / f"{name}_ct.nii.gz").write_bytes(b"")
    with pytest.raises(InputError, match=r"none of 3 cases of .* could be used; demo_A: "):
        import_set("plain", dataset, tmp_path / "cases")


@pytest.mark.parametrize("name", SETS[:-1])
def test_each_set_says_what_it_expected_in_an_empty_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected .*; found an empty folder"):
        import_set(name, tmp_path, tmp_path / "cases")
    assert list(tmp_path.iterdir()) == []


def test_options_of_another_set_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="--extra belongs to the set totalsegmentator, not to saros"
    ):
        importer_of("saros", tmp_path, extra=tmp_path)
    with pytest.raises(InputError, match="no set verse; choose among totalsegmentator, saros"):
        importer_of("verse", tmp_path)


def test_the_command(dataset: Path, tmp_path: Path) -> None:
    arguments = ["import", "plain", str(dataset), "--root", str(tmp_path / "cases")]
    assert cli.run([*arguments, "--licenses", "CC-BY-NC-4.0,CC-BY-4.0", "--limit", "1"]) == 0
    assert [path.name for path in list_cases(tmp_path / "cases", "train")] == ["demo_A"]


def test_a_host_keeps_its_split(dataset: Path, tmp_path: Path) -> None:
    """The set has A in train; among the hosts it is a test patient."""
    hosts = tmp_path / "hosts.yaml"
    hosts.write_text("folder: x\npattern: 'demo-{id}_ct.nii.gz'\nhosts: {A: {split: test}}\n")
    import_set("plain", dataset, tmp_path / "cases", limit=1, hosts=hosts)
    assert [path.name for path in list_cases(tmp_path / "cases", "test")] == ["demo_A"]


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08", b"not gzip"])
def test_broken_files_are_told_by_name(dataset: Path, tmp_path: Path, content: bytes) -> None:
    whole = (dataset / "A_seg.nii.gz").read_bytes()
    (dataset / "A_seg.nii.gz").write_bytes(content)
    (dataset / "C_seg.nii.gz").write_bytes(whole[: len(whole) // 2])
    importer = read_plain(dataset / "mapping.yaml")
    outcome = run_import(importer, dataset, tmp_path / "cases")
    assert sorted(outcome.refused) == ["demo_A", "demo_B", "demo_C"]
    for case, reason in outcome.refused.items():
        assert f"{case[-1]}_seg.nii.gz is absent, broken" in reason


def test_what_a_set_does_not_know_gives_no_gradient(dataset: Path, tmp_path: Path) -> None:
    """From the files of the set to the loss: muscle has no label, and no say."""
    run_import(read_plain(dataset / "mapping.yaml"), dataset, tmp_path / "cases")
    spec = PreprocessingSpec(patch_size=(48, 48, 8))
    module = CtSegmentationDataModule({str(tmp_path / "cases"): 1.0}, spec, validation_crops=4)
    batch = next(iter(module.val_dataloader()))
    labels = batch["labels"]
    ignored = labels == IGNORE
    assert 0.02 < ignored.float().mean() < 0.98
    assert (labels == Label.BONE).any()
    torch.manual_seed(0)
    logits = torch.randn(labels.shape[0], len(Label), *labels.shape[1:], requires_grad=True)
    MaskedDiceCELoss()(logits, labels).backward()
    assert logits.grad is not None
    gradient = logits.grad.movedim(1, -1)
    assert (gradient[ignored] == 0).all()
    assert (gradient[~ignored] != 0).any(dim=-1).all()
