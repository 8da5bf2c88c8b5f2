"""SPECT cases on disk: what is written is read, whole or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError, OutputError
from calciscope.evaluation.spect.cases import (
    ANSWERS,
    FORMATS,
    list_spect_cases,
    read_spect_case,
    write_spect_case,
)
from calciscope.volume import Volume

META = {"seed": 3, "foci": []}


def volumes() -> dict[str, Volume]:
    """Each volume on a grid of its own, with values of its own."""
    return {
        name: Volume.from_spacing(np.full((2, 3, 4), n, np.float64), [1 + n, 2, 3], [n, -n, 5])
        for n, name in enumerate(FORMATS)
    }


def test_a_case_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_spect_case(tmp_path / "a", volumes(), META)
    record = read_spect_case(tmp_path / "a")
    for n, (name, kind) in enumerate(FORMATS.items()):
        volume = getattr(record, name)
        assert volume.array.dtype == kind
        assert isinstance(volume.array, np.memmap)
        assert (volume.array == n).all()
        assert volume.spacing_mm.tolist() == [1 + n, 2, 3]
        assert volume.lps_mm([0, 0, 0]).tolist() == [n, -n, 5]
    assert (record.case_id, record.meta["seed"]) == ("a", 3)
    assert list_spect_cases(tmp_path) == [tmp_path / "a"]


def test_answers_of_a_network_may_be_left_out_together(tmp_path: Path) -> None:
    without = {k: v for k, v in volumes().items() if k not in ANSWERS}
    write_spect_case(tmp_path / "a", without, META)
    assert read_spect_case(tmp_path / "a").tissues is None
    with pytest.raises(InputError, match="tissues"):
        write_spect_case(tmp_path / "b", {**without, "tissues": volumes()["tissues"]}, META)
    without.pop("spect")
    with pytest.raises(InputError, match="spect"):
        write_spect_case(tmp_path / "b", without, META)
    assert list_spect_cases(tmp_path) == [tmp_path / "a"]


def test_an_existing_case_is_kept(tmp_path: Path) -> None:
    write_spect_case(tmp_path / "a", volumes(), META)
    with pytest.raises(OutputError, match="exists already"):
        write_spect_case(tmp_path / "a", volumes(), META)


def test_a_broken_case_and_one_of_another_version_are_refused(tmp_path: Path) -> None:
    write_spect_case(tmp_path / "a", volumes(), META)
    record = json.loads((tmp_path / "a" / "case.json").read_text())
    (tmp_path / "a" / "case.json").write_text(json.dumps({**record, "version": 99}))
    with pytest.raises(InputError, match="version 99"):
        read_spect_case(tmp_path / "a")
    (tmp_path / "a" / "case.json").write_text(json.dumps(record))
    (tmp_path / "a" / "spect.npy").unlink()
    with pytest.raises(InputError, match="not a whole SPECT case"):
        read_spect_case(tmp_path / "a")
    assert list_spect_cases(tmp_path / "nothing") == []
