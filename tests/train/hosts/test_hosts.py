"""Cases of hosts: reproducible, with their books, split by patient."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError, PhantomError
from calciscope.labels import IGNORE, Label
from calciscope.preprocessing import PreprocessingSpec
from calciscope.volume import Volume
from calciscope_train import hosts
from calciscope_train.cases import list_cases, read_case, write_case
from calciscope_train.host_cases import (
    bordered,
    draw_counts,
    is_negative,
    noise_in_muscle,
    prepare_host,
    read_host,
    write_variant,
)
from calciscope_train.host_config import HostConfig
from calciscope_train.host_vessels import Vessel
from calciscope_train.hosts import prepare, written_cases


def test_cases_are_written_for_the_asked_splits_only(
    host_config: HostConfig, tmp_path: Path
) -> None:
    lines = list(written_cases(host_config, tmp_path, ["train"], range(4)))
    assert [line.split(":")[0] for line in lines] == [f"host_001_{n:03d}" for n in range(4)]
    assert [f.name for f in list_cases(tmp_path, "train")] == [
        f"host_001_{n:03d}" for n in range(4)
    ]
    assert list_cases(tmp_path, "test") == []
    # What exists is kept.
    assert list(written_cases(host_config, tmp_path, ["train"], range(4))) == []


def test_a_case_holds_what_its_record_says(host_config: HostConfig, tmp_path: Path) -> None:
    list(written_cases(host_config, tmp_path, ["train"], range(1)))
    case = read_case(tmp_path / "train" / "host_001_000")
    native = read_host(host_config.path("001"))
    assert case.ct.shape == native.shape  # this spacing lies in the band: no resampling
    assert case.meta["host"] == "001" and case.meta["source"] == "host"
    assert case.meta["acquisition"]["fwhm_mm"] == pytest.approx(1.6, abs=0.2)
    assert case.meta["acquisition"]["noise_hu"] == pytest.approx(8, abs=1)
    seen = [row for row in case.meta["lesions"] if row["visible"] and row["kind"][0] == "C"]
    assert sum(row["voxels"] for row in seen) == (case.labels == Label.CALCIFICATION).sum()
    assert sum(case.meta["placed"].values()) <= sum(case.meta["requested"].values())
    unchanged = case.labels != Label.CALCIFICATION
    assert float(np.mean(case.ct[unchanged] == native.array[unchanged])) > 0.98


def test_a_negative_variant_is_the_host_itself(host_config: HostConfig, tmp_path: Path) -> None:
    assert [is_negative(n, host_config) for n in range(8)] == [False] * 3 + [True] + [False] * 3 + [
        True
    ]
    list(written_cases(host_config, tmp_path, ["train"], range(3, 4)))
    case = read_case(tmp_path / "train" / "host_001_003")
    assert np.array_equal(case.ct, read_host(host_config.path("001")).array)
    assert case.meta["lesions"] == [] and case.meta["requested"] == {}


def test_a_case_depends_on_host_variant_and_seed_alone(
    host_config: HostConfig, tmp_path: Path
) -> None:
    host = prepare_host(host_config, "001", PreprocessingSpec())
    folders = [tmp_path / name for name in ("host_a", "host_b", "host_c")]
    for folder, seed in zip(folders, (1, 1, 2), strict=True):
        write_variant(host, host_config, 0, seed, folder)
    a, b, c = (read_case(folder).ct for folder in folders)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_too_few_placed_is_an_error(host_config: HostConfig, tmp_path: Path) -> None:
    host = prepare_host(host_config, "001", PreprocessingSpec())
    specks = np.full_like(host.tissues.array, IGNORE)
    specks[::8, ::8] = Label.MUSCLE
    full = replace(host, tissues=host.tissues.with_array(specks))
    eager = replace(host_config, soft_liters=0.01, counts={"C1": 10.0})
    with pytest.raises(PhantomError, match="found room"):
        write_variant(full, eager, 0, 0, tmp_path / "case")
    assert not (tmp_path / "case").exists()


def test_vessels_that_a_host_lacks_are_booked_and_stop_nothing(
    host_config: HostConfig, tmp_path: Path
) -> None:
    host = replace(prepare_host(host_config, "001", PreprocessingSpec()), vessels=())
    asked = replace(host_config, counts={"V1": 20.0, "C3_focus": 3.0})
    books = write_variant(host, asked, 0, 0, tmp_path / "case")
    assert books.requested["V1"] > 0 and books.placed["V1"] == 0
    record = read_case(tmp_path / "case").meta
    assert record["requested"]["V1"] == books.requested["V1"] and "V1" not in record["placed"]
    path = np.stack([np.zeros(31), np.zeros(31), np.arange(31.0)], axis=1)
    books = write_variant(
        replace(host, vessels=(Vessel(path, 3.0, True),)), asked, 0, 0, tmp_path / "one"
    )
    assert books.requested["V1"] == record["requested"]["V1"] and books.placed["V1"] == 1


def test_counts_grow_with_the_root_of_the_soft_tissue() -> None:
    means = []
    for side in (50, 100):
        tissues = Volume.from_spacing(np.full((side, side, 25), 2, np.uint8), (2.0, 2.0, 2.5))
        rng = np.random.default_rng(0)
        means.append(
            np.mean([draw_counts(tissues, {"C1": 50.0}, 0.25, rng)["C1"] for _ in range(400)])
        )
    # 0.625 and 2.5 liters, mean richness 1: 50 sqrt(2.5) and 50 sqrt(10).
    assert means == pytest.approx([79.1, 158.1], rel=0.1)


def test_the_cut_of_a_crop_is_widened_with_unknown_tissue() -> None:
    array = np.full((20, 20, 3), Label.MUSCLE, np.uint8)
    array[:, :5] = Label.BACKGROUND
    wide = bordered(Volume.from_spacing(array, (1.0, 1.0, 3.0), (7.0, 8.0, 9.0)))
    assert wide.shape == (72, 72, 3)
    assert wide.lps_mm([26, 26, 0]) == pytest.approx([7, 8, 9])
    assert (wide.array[0, 40] == IGNORE).all()
    assert (wide.array[0, 0] == Label.BACKGROUND).all()
    assert np.array_equal(wide.array[26:46, 26:46], array)


def test_noise_is_measured_in_muscle(limb: Volume) -> None:
    tissues = limb.with_array(np.full(limb.shape, Label.SUBCUTANEOUS, np.uint8))
    assert noise_in_muscle(limb, tissues) == 0.0
    tissues.array[75:88, 50:62] = Label.MUSCLE
    assert noise_in_muscle(limb, tissues) == pytest.approx(8.0, rel=0.15)


def test_an_unreadable_host_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"not an image")
    with pytest.raises(InputError, match=r"broken\.nii\.gz"):
        read_host(broken)
    with pytest.raises(InputError, match=r"absent\.nii\.gz"):
        read_host(tmp_path / "absent.nii.gz")


def test_a_training_set_that_lacks_a_kind_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "written_cases", lambda *given: iter(()))
    blank = np.zeros((4, 4, 4))
    for number in range(50):
        folder = tmp_path / "train" / f"host_001_{number:03d}"
        record = {"case_id": folder.name, "source": "host", "spacing_mm": [1, 1, 2.5]}
        record |= {"requested": {"C3": 1}, "placed": {"C3": 1}, "lesions": []}
        write_case(folder, blank.astype(np.int16), blank.astype(np.uint8), record)
    config = Path(__file__).parents[3] / "configs" / "hosts.yaml"
    with pytest.raises(PhantomError, match="C4 was never requested"):
        prepare(tmp_path, config, splits=["train"])
    prepare(tmp_path, config, splits=["val"])


def test_the_command_refuses_an_unknown_split(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no split other"):
        prepare(tmp_path, splits=["other"])
