"""Batches: shape, repeatability with any number of workers, and shares of the sources."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from calciscope.errors import InputError
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.augmentation import AugmentationSettings
from calciscope_train.cases import write_case
from calciscope_train.datamodule import CtSegmentationDataModule

SPEC = PreprocessingSpec(patch_size=(24, 24, 8))


def module(root: Path, workers: int = 0, seed: int = 0) -> CtSegmentationDataModule:
    return CtSegmentationDataModule(
        {str(root): 1.0},
        SPEC,
        augmentation=AugmentationSettings(),
        samples_per_epoch=4,
        validation_crops=4,
        workers=workers,
        seed=seed,
    )


def test_a_batch_is_as_the_network_wants_it(toy_root: Path) -> None:
    batch = next(iter(module(toy_root).train_dataloader()))
    assert batch["ct"].shape == (2, 2, 24, 24, 8)
    assert batch["ct"].dtype == torch.float32
    assert batch["ct"].abs().max() <= 1
    assert batch["labels"].shape == (2, 24, 24, 8)
    assert batch["labels"].dtype == torch.uint8
    assert batch["case"].tolist()[0] in range(3)
    assert batch["voxel_volume_mm3"].tolist() == [2.5, 2.5]


# A machine of one core is warned of two workers.
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.slow
def test_the_seed_decides_and_the_number_of_workers_does_not(toy_root: Path) -> None:
    def crops(workers: int, seed: int) -> torch.Tensor:
        loader = module(toy_root, workers, seed).train_dataloader()
        return torch.cat([batch["ct"] for batch in loader])

    assert torch.equal(crops(0, 3), crops(2, 3))
    assert not torch.equal(crops(0, 3), crops(0, 4))


def test_workers_start_clean_and_compute_on_one_thread(toy_root: Path) -> None:
    loader = module(toy_root, workers=1).train_dataloader()
    assert loader.multiprocessing_context.get_start_method() in ("forkserver", "spawn")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    assert loader.worker_init_fn is not None
    loader.worker_init_fn(0)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_the_crops_of_a_run_that_goes_on_are_new_ones(toy_root: Path) -> None:
    whole, part = module(toy_root), module(toy_root)
    part.load_state_dict({"crops_seen": 4})
    assert list(whole.train_dataloader().sampler) == [0, 1, 2, 3]
    assert list(part.train_dataloader().sampler) == [4, 5, 6, 7]
    assert list(part.val_dataloader().sampler) == [0, 1, 2, 3]
    assert part.state_dict() == {"crops_seen": 4}


def test_validation_is_plain_and_always_the_same(toy_root: Path) -> None:
    first, again = (list(module(toy_root).val_dataloader()) for _ in range(2))
    assert len(first) == 2
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one["ct"], other["ct"])
        assert torch.equal(one["labels"], other["labels"])


def test_a_patient_to_train_on_and_to_validate_on_is_refused(tmp_path: Path) -> None:
    labels = np.full((8, 8, 4), 6, dtype=np.uint8)
    for root, split, named in (
        ("saros", "train", {"patient_id": "STS_003", "license": "CC-BY-3.0"}),
        ("host", "val", {"host": "003", "patient_id": "STS_003"}),
        ("host", "train", {"host": "042"}),
    ):
        meta = {"case_id": "x", "source": root, "spacing_mm": [1.0, 1.0, 2.5], **named}
        write_case(tmp_path / root / split / "x", labels.astype(int), labels, meta)
    roots = {str(tmp_path / "saros"): 1.0, str(tmp_path / "host"): 1.0}
    with pytest.raises(InputError, match=r"patient STS_003 is in both .*saros/train/x and .*host"):
        CtSegmentationDataModule(roots, SPEC).plan("train")
    # Each root alone is in order.
    for root in roots:
        assert len(CtSegmentationDataModule({root: 1.0}, SPEC).plan("train").cases) == 1


def test_sources_share_the_crops_however_many_cases_they_have(tmp_path: Path) -> None:
    labels = np.full((8, 8, 4), 6, dtype=np.uint8)
    for root, count in (("many", 3), ("few", 1)):
        for number in range(count):
            meta = {"case_id": f"{number}", "source": root, "spacing_mm": [1.0, 1.0, 2.5]}
            write_case(tmp_path / root / "train" / f"{number}", labels.astype(int), labels, meta)
    roots = {str(tmp_path / "many"): 1.0, str(tmp_path / "few"): 3.0}
    plan = CtSegmentationDataModule(roots, SPEC).plan("train")
    shares = dict.fromkeys(("many", "few"), 0.0)
    for case, weight in zip(plan.cases, plan.weights, strict=True):
        shares[case.meta["source"]] += weight
    assert shares == pytest.approx({"many": 1.0, "few": 3.0})


def write_cases(root: Path, *metas: dict[str, object], spec: PreprocessingSpec = SPEC) -> None:
    labels = np.full((8, 8, 4), 6, dtype=np.uint8)
    for number, more in enumerate(metas):
        meta = {"case_id": f"{number}", "source": "x", "spacing_mm": [1.0, 1.0, 2.5], **more}
        write_case(root / "train" / f"{number}", labels.astype(int), labels, meta, spec)


def test_cases_of_another_preprocessing_are_refused_in_one_sentence(tmp_path: Path) -> None:
    write_cases(tmp_path, {}, spec=PreprocessingSpec(spacing_mm=(1.0, 1.0, 5.0)))
    with pytest.raises(InputError, match=r"another preprocessing or data version .* again$"):
        module(tmp_path).plan("train")


def test_cases_from_before_there_were_keys_are_taken_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_cases(tmp_path, {}, {})
    path = tmp_path / "train" / "0" / "case.json"
    record = json.loads(path.read_text())
    del record["key"]
    path.write_text(json.dumps(record))
    assert len(module(tmp_path).plan("train").cases) == 2
    assert [r.message.split(" of ")[0] for r in caplog.records if r.levelname == "WARNING"] == ["1"]


def test_only_accepted_licenses_are_trained_on(tmp_path: Path) -> None:
    write_cases(tmp_path, {"license": "CC BY 4.0"}, {"license": "CC BY-NC 4.0"}, {})

    def kept(*licenses: str) -> list[str]:
        loader = CtSegmentationDataModule({str(tmp_path): 1.0}, SPEC, licenses=list(licenses))
        return [case.case_id for case in loader.plan("train").cases]

    assert kept("CC-BY-4.0") == ["0"]
    assert kept("CC-BY-4.0", "CC-BY-NC-4.0") == ["0", "1"]
    assert kept() == ["0", "1", "2"]
    with pytest.raises(InputError, match=r"no case of .* has a license among CC0"):
        kept("CC0-1.0")


def test_a_root_without_cases_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no prepared case in val; run calciscope-train"):
        module(tmp_path).val_dataloader()
